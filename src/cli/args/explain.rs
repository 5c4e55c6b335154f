//! The flags of `explain`.

use std::path::PathBuf;

use clap::Args;

use super::SettingArgs;
use super::values::table;

/// `explain`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct ExplainArgs {
    /// The captures: pcap or pcapng, also packed with gzip or zstd; - is standard input
    ///
    /// Of several a block each, and at the end a line a flow, the worst first.
    #[arg(required = false, required_unless_present = "print_config", value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// No blocks: the line a flow alone, the worst first
    #[arg(long)]
    pub(crate) rank: bool,
    /// Write a row for each event, as events.csv (- is standard output)
    ///
    /// Of several captures with a column `capture` at its end. As Parquet, if the name ends so.
    #[arg(long, value_name = "FILE", value_parser = table, help_heading = "Outputs")]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything as JSON (- is standard output)
    ///
    /// Of several captures, or with --rank, as {captures, ranking, failed}.
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    pub(crate) json: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(hide_short_help = true, long, help_heading = "Outputs")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}
