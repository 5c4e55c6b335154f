//! The flags of `convert`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::BehaveArgs;

/// `convert`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct ConvertArgs {
    /// A capture, event log, text packet log or rtpdump file, plain or compressed with gzip or zstd; - is standard input
    pub(crate) input: PathBuf,
    /// The pcapng (- is standard output)
    #[arg(short = 'w', long = "write", value_name = "FILE.pcapng")]
    pub(crate) output: PathBuf,
    /// Which session of a WebRTC event log, from 1 [default: the first with media]
    #[arg(long, value_name = "N")]
    pub(crate) session: Option<NonZeroUsize>,
    /// Overwrite a file that exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) behave: BehaveArgs,
}
