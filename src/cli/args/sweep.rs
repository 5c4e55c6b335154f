//! The flags of `sweep`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SettingArgs;
use super::values::{csv, picture};
use remb_replay::analysis::series::ColumnNames;

/// `sweep`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct SweepArgs {
    /// The captures, each read once, and folders of them
    ///
    /// Of a folder every file is taken; @FILE lists more, one a line; - is standard input.
    #[arg(required_unless_present = "print_config", value_name = "CAPTURE|FOLDER|@LIST")]
    pub(crate) captures: Vec<PathBuf>,
    /// A parameter and its values; repeatable, the grid is the product
    #[arg(short = 'L', long = "list", value_name = "NAME=a,b,c", help_heading = "Grid")]
    pub(crate) lists: Vec<String>,
    /// A number and its range, both ends included; repeatable
    ///
    /// In the parameter's own unit.
    #[arg(short = 'P', long = "range", value_name = "NAME=low:high:step", help_heading = "Grid")]
    pub(crate) ranges: Vec<String>,
    /// What flows are held against instead of recorded REMBs
    ///
    /// The remb.csv of an earlier run, or of another estimator.
    #[arg(long, value_name = "FILE.csv", help_heading = "Score")]
    pub(crate) reference: Option<PathBuf>,
    /// What the columns of --reference are called, e.g. time=ts,rate=remb_kbps
    #[arg(
        hide_short_help = true,
        long = "column",
        value_name = "time=NAME,rate=NAME,ssrcs=NAME,flow=NAME",
        default_value = "",
        hide_default_value = true,
        help_heading = "Score"
    )]
    pub(crate) columns: ColumnNames,
    /// Replay every point at so many sub-millisecond phases of the receiver's clock, and take the mean
    #[arg(hide_short_help = true,
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=100),
        help_heading = "Score"
    )]
    pub(crate) phases: u16,
    /// Rows of the table; --csv and --json have all
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = 20, help_heading = "Outputs")]
    pub(crate) top: usize,
    /// Write a row for each point and flow (- is standard output)
    ///
    /// And one for each point's mean.
    #[arg(long, value_name = "FILE", value_parser = csv, help_heading = "Outputs")]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything as JSON (- is standard output)
    #[arg(hide_short_help = true, long, value_name = "FILE", help_heading = "Outputs")]
    pub(crate) json: Option<PathBuf>,
    /// Draw it; the suffix decides between PNG and SVG
    #[arg(long, value_name = "FILE.png|FILE.svg", value_parser = picture, help_heading = "Outputs")]
    pub(crate) plot: Option<PathBuf>,
    /// A map of colours over two parameters, or the REMBs of all points over each other
    /// [default: map for two parameters, else overlay]
    #[arg(hide_short_help = true, long, value_enum, value_name = "KIND", help_heading = "Outputs")]
    pub(crate) plot_kind: Option<PlotKind>,
    /// Overwrite files that exist
    #[arg(hide_short_help = true, long, help_heading = "Outputs")]
    pub(crate) force: bool,
    /// Threads [default: all cores]
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Behaviour")]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

/// The pictures of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlotKind {
    /// Colours over two parameters.
    Map,
    /// The REMBs of all points.
    Overlay,
}
