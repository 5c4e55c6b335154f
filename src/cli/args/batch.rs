//! The flags of `batch`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Command, Id, ValueEnum};

use super::values::{TableFormat, deadline};
use super::{ParameterArgs, RunFlags, SettingArgs};
use remb_replay::analysis::batch;
use remb_replay::units::TimeDelta;

/// `batch`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct BatchArgs {
    /// Captures, and folders of them
    ///
    /// Of a folder every file is taken; @FILE lists more, one a line (@- is standard input).
    #[arg(value_name = "CAPTURE|FOLDER|@LIST", required_unless_present_any = ["merge", "print_config"])]
    pub(crate) captures: Vec<PathBuf>,
    /// The folder of the tables
    ///
    /// What is in it of an earlier run is not done again.
    #[arg(
        short = 'o',
        long = "output-dir",
        value_name = "DIR",
        required_unless_present = "print_config",
        help_heading = "Outputs"
    )]
    pub(crate) directory: Option<PathBuf>,
    /// How tables are written
    #[arg(hide_short_help = true, long, value_enum, default_value_t = TableFormat::usual(), help_heading = "Outputs")]
    pub(crate) tables: TableFormat,
    /// Write the steps of the estimator too, a file for each capture: by far the largest table
    #[arg(hide_short_help = true, long, help_heading = "Outputs")]
    pub(crate) estimate: bool,
    /// By what the worst flows are shown
    #[arg(long, value_enum, default_value_t = Rank::Falls, help_heading = "Outputs")]
    pub(crate) rank: Rank,
    /// So many of them
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = 10, help_heading = "Outputs")]
    pub(crate) top: usize,
    /// Make one set of tables of those that several runs wrote
    ///
    /// No capture is read. Repeatable.
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with_all = ["captures", "shard", "verify", "estimate", "deadline", "threads", "strict"], help_heading = "Outputs")]
    pub(crate) merge: Vec<PathBuf>,
    /// Only the I-th of N parts of the captures, for a job array
    ///
    /// By their names, so that no job needs to know of another.
    #[arg(long, value_name = "I/N", help_heading = "Behaviour")]
    pub(crate) shard: Option<Shard>,
    /// A capture that takes longer is given up
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = deadline, help_heading = "Behaviour")]
    pub(crate) deadline: TimeDelta,
    /// Look into every capture for whether it is the one of an earlier run, instead of at its size and time
    #[arg(hide_short_help = true, long, help_heading = "Behaviour")]
    pub(crate) verify: bool,
    /// Threads [default: all cores]
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Behaviour")]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

/// The flags that say what is replayed and how: where results are merged, nothing is.
pub(super) fn flags_of_replays() -> Vec<Id> {
    let flags = ParameterArgs::augment_args(RunFlags::augment_args(Command::new("")));
    flags.get_arguments().map(|flag| flag.get_id().clone()).collect()
}

/// By what flows are called bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rank {
    /// Falls of more than 3 %.
    Falls,
    /// The largest queue.
    Queue,
    /// The share of time in over-use.
    OverUse,
    /// The share of packets lost.
    Loss,
    /// How far the REMBs are from the recorded ones.
    Distance,
}

impl From<Rank> for batch::Rank {
    fn from(rank: Rank) -> Self {
        match rank {
            Rank::Falls => Self::Falls,
            Rank::Queue => Self::Queue,
            Rank::OverUse => Self::Overuse,
            Rank::Loss => Self::Loss,
            Rank::Distance => Self::Distance,
        }
    }
}

/// The `of`-th part of the captures; `one` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) one: u64,
    pub(crate) of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(one, of)| Some((one.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((one, of)) if (1..=of).contains(&one) => Ok(Self { one, of }),
            _ => Err("a shard is written as I/N, from 1/N to N/N".to_owned()),
        }
    }
}
