//! The command line program.

use std::process::ExitCode;

use clap::Parser;
use remb_replay::cli::{self, args::Cli};

fn main() -> ExitCode {
    cli::run(&Cli::parse())
}
