//! What the user said: flags as typed. What they mean is decided in `resolve`.

mod batch;
mod convert;
mod explain;
mod packaging;
mod run;
mod sweep;
mod values;

use std::path::PathBuf;

use clap::builder::ArgPredicate;
use clap::{ArgGroup, Args, Parser, Subcommand};

use remb_replay::analysis::series::ColumnNames;
use remb_replay::report::summary::Tool;
use remb_replay::units::TimeDelta;

pub(crate) use batch::{BatchArgs, Shard};
pub(crate) use convert::ConvertArgs;
pub(crate) use explain::ExplainArgs;
pub(crate) use packaging::{CompletionsArgs, ManArgs, ParamsArgs};
pub(crate) use run::{
    BehaveArgs, EstimationFlags, ParameterArgs, RunFlags, SettingArgs, TerseArgs, WriteFlags,
};
pub(crate) use sweep::{PlotKind, SweepArgs};
pub(crate) use values::{Color, Copies, Media, Percent, Progress, Report, Rtcp, TableFormat, View};

/// Re-run WebRTC's receive-side bandwidth estimator (REMB) on a capture.
#[derive(Debug, Parser)]
#[command(
    name = "remb-replay",
    version,
    long_version = long_version(),
    max_term_width = 100,
    about = "Re-run WebRTC's receive-side bandwidth estimator (REMB) on a packet capture",
    after_help = "Exit codes: 0 done, 1 outside the tolerance, 2 usage, 3 input or output cannot be opened, 4 nothing to work on, \
                  5 incomplete (capture cut off or damaged; what was read is written out)."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// With the model whose numbers are reproduced.
fn long_version() -> &'static str {
    use std::sync::LazyLock;
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let Tool { version, model, .. } = Tool::default();
        format!("{version}\nmodel: {model}")
    });
    &VERSION
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What is in a capture: flows, streams, header extensions, RTCP, and whether it is fit for estimation
    #[command(after_help = "Examples:\n  \
        remb-replay inspect call.pcap                      a block for each flow, and a verdict\n  \
        remb-replay inspect call.pcap --csv -              a row for each stream\n  \
        remb-replay inspect --rank *.pcap                  which of these is bad: a line a flow\n  \
        remb-replay inspect call.pcap --json - | jq '.flows[].verdict'")]
    Inspect(InspectArgs),
    /// What happened to the estimate and why: a line an event, in order of time
    #[command(after_help = "Examples:\n  \
        remb-replay explain call.pcap                      why it fell, why it did not rise, what was lost\n  \
        remb-replay explain *.pcap --rank                  which of these is bad: a line a flow\n  \
        remb-replay explain call.pcap --csv -              a row for each event, with all its numbers\n  \
        remb-replay explain call.pcap --json - | jq '.flows[].events[] | select(.type == \"fall\")'")]
    Explain(ExplainArgs),
    /// Run estimator and REMB schedule on a capture; write REMB pcap, CSV, picture and summary
    #[command(
        after_help = "Examples:\n  \
        remb-replay replay call.pcapng.gz -o out           everything, into the folder out\n  \
        remb-replay replay call.pcap --plot call.png       the picture alone",
        after_long_help = "Examples:\n  \
        remb-replay replay call.pcap                       the summary only\n  \
        remb-replay replay call.pcapng.gz -o out           everything, into the folder out\n  \
        remb-replay replay call.pcap --plot call.png       the picture alone\n  \
        tcpdump -w - udp | remb-replay replay - -o out     from standard input, in one pass\n  \
        remb-replay replay call.pcap --rtt 40ms --set rate_control.backoff_factor=0.9 -o out"
    )]
    Replay(ReplayArgs),
    /// Replay, and compare with the REMBs that the receiver sent in the capture; or compare two CSV files
    #[command(
        after_help = "Examples:\n  \
        remb-replay compare call.pcap --max-median 2% --min-within-5 70%     as a gate\n  \
        remb-replay compare before/remb.csv after/remb.csv",
        after_long_help = "Examples:\n  \
        remb-replay compare call.pcap                      figures for each flow with REMBs\n  \
        remb-replay compare call.pcap --plot close.png     where and why the two series part\n  \
        remb-replay compare call.pcap --max-median 2% --min-within-5 70%     as a gate: exit code 1 if not\n  \
        remb-replay compare srtp.pcap --recorded log.csv --rtt 20ms          RTCP is encrypted\n  \
        remb-replay compare before/remb.csv after/remb.csv"
    )]
    Compare(CompareArgs),
    /// A gate for CI: recorded traces with goldens, tolerances and expectations
    #[command(after_help = "A case is a TOML file; see docs/regression.md.\n\nExamples:\n  \
        remb-replay check cases                            all of a folder\n  \
        remb-replay check cases --only call-3              one of them\n  \
        remb-replay check cases --bless                    take the present results as goldens\n  \
        remb-replay check cases --report junit:report.xml --report md:report.md")]
    Check(CheckArgs),
    /// A grid of parameters over captures, ranked by how near each point comes to what the receiver sent
    #[command(
        after_help = "Examples:\n  \
        remb-replay sweep *.pcap -L rate_control.backoff_factor=0.8,0.85,0.9",
        after_long_help = "Examples:\n  \
        remb-replay sweep *.pcap -L rate_control.backoff_factor=0.8,0.85,0.9\n  \
        remb-replay sweep *.pcap -P rate_control.backoff_factor=0.8:0.9:0.025 -P overuse.max_threshold=400:800:100 \\\n      \
            --plot map.png --csv points.csv\n  \
        remb-replay sweep call.pcap -L controller.filter=kalman,trendline --plot both.png\n  \
        remb-replay sweep call.pcap --scheduler periodic --reference theirs.csv -L remb.interval=500ms,1s,2s\n\n\
        A replay is open loop: what the sender sent does not change with the estimate.\n\
        params lists the parameters, their units and ranges."
    )]
    Sweep(SweepArgs),
    /// Any input as a pcapng that Wireshark opens: event logs, text packet logs and rtpdump files too
    #[command(after_help = "Examples:\n  \
        remb-replay convert event.log -w call.pcapng       a WebRTC event log, with made up addresses\n  \
        remb-replay convert chrome.log.gz -w - | tshark -r -")]
    Convert(ConvertArgs),
    /// Tables over many captures; one that fails is a row, and a run that was ended goes on where it was
    #[command(after_help = "Examples:\n  \
        remb-replay batch captures -o fleet                every file of a folder, and the worst flows\n  \
        remb-replay batch @list.txt -o fleet --rank queue  captures of a list, one a line\n  \
        remb-replay batch captures -o part-3 --shard 3/16  one job of an array\n  \
        remb-replay batch --merge part-* -o fleet          its tables made one",
        mut_arg("event_log", |flag| flag.hide(true)),
        mut_arg("merge", |flag| flag.conflicts_with_all(batch::flags_of_replays())))]
    Batch(Box<BatchArgs>),
    /// Every parameter: type, unit, default, range, and the constant of libwebrtc or of the draft that it mirrors
    #[command(after_help = "Examples:\n  \
        remb-replay params | grep overuse\n  \
        remb-replay params --json | jq '.[].name'\n  \
        remb-replay replay call.pcap --set overuse.gain_up_per_ms=0.01 -o out\n  \
        remb-replay replay --profile gcc-draft-02 --print-config > draft.toml")]
    Params(ParamsArgs),
    /// Print a completion script for a shell
    #[command(after_help = "Examples:\n  \
        remb-replay completions bash > ~/.local/share/bash-completion/completions/remb-replay\n  \
        remb-replay completions zsh > ~/.zfunc/_remb-replay\n  \
        remb-replay completions fish > ~/.config/fish/completions/remb-replay.fish")]
    Completions(CompletionsArgs),
    /// Print a page of the manual
    #[command(after_help = "Examples:\n  \
        remb-replay man | man -l -\n  \
        remb-replay man replay | man -l -\n  \
        remb-replay man --dir ~/.local/share/man/man1")]
    Man(ManArgs),
}

impl Command {
    /// When messages are coloured.
    pub(crate) fn color(&self) -> Color {
        match self {
            Self::Inspect(args) => args.behave.color,
            Self::Explain(args) => args.settings.behave.color,
            Self::Convert(args) => args.behave.color,
            Self::Replay(args) => args.settings.behave.color,
            Self::Compare(args) => args.settings.behave.color,
            Self::Check(args) => args.behave.color,
            Self::Sweep(args) => args.settings.behave.color,
            Self::Batch(args) => args.settings.behave.color,
            Self::Params(_) | Self::Completions(_) | Self::Man(_) => Color::Auto,
        }
    }
}

/// `inspect`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct InspectArgs {
    /// The captures: pcap or pcapng, also packed with gzip or zstd; - is standard input
    ///
    /// Of several a block each, and at the end a line a flow, the worst first.
    #[arg(required_unless_present = "join", value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// The files of one rotated capture, as one: in order of their first packets
    #[arg(hide_short_help = true, long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["captures", "rank"])]
    pub(crate) join: Vec<PathBuf>,
    /// No blocks: the line a flow alone, the worst first, be it of one capture
    #[arg(long)]
    pub(crate) rank: bool,
    /// Write a row for each stream, as streams.csv (- is standard output)
    ///
    /// Of several captures it has a column `capture` at its end. As Parquet, if the name ends so.
    #[arg(long, value_name = "FILE", value_parser = values::table, help_heading = "Outputs")]
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
    pub(crate) flags: RunFlags,
    #[command(flatten)]
    pub(crate) behave: BehaveArgs,
}

/// `check`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct CheckArgs {
    /// Case files, or folders of them
    #[arg(required = true, value_name = "DIR|FILE.toml")]
    pub(crate) cases: Vec<PathBuf>,
    /// Only the case of this name; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Write the present results as goldens
    #[arg(long)]
    pub(crate) bless: bool,
    /// Write a report; repeatable
    #[arg(long, value_name = "junit:FILE|md:FILE")]
    pub(crate) report: Vec<Report>,
    #[command(flatten)]
    pub(crate) behave: TerseArgs,
}

/// `replay`.
#[derive(Debug, Clone, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct ReplayArgs {
    /// The capture: pcap or pcapng, also packed with gzip or zstd; - is standard input
    #[arg(
        required = false,
        required_unless_present_any = ["print_config", "join"],
        default_value_ifs([("print_config", ArgPredicate::from("true"), "-"), ("join", ArgPredicate::IsPresent, "-")]),
        hide_default_value = true
    )]
    pub(crate) capture: PathBuf,
    /// The files of one rotated capture, as one: in order of their first packets
    #[arg(hide_short_help = true, long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["capture", "merge"])]
    pub(crate) join: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) outputs: OutputArgs,
    #[command(flatten)]
    pub(crate) write: WriteFlags,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

/// `compare`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct CompareArgs {
    /// The capture, or the first of two remb.csv or estimate.csv
    #[arg(
        value_name = "CAPTURE|A.csv",
        required = false,
        required_unless_present_any = ["print_config", "join"],
        default_value_ifs([("print_config", ArgPredicate::from("true"), "-"), ("join", ArgPredicate::IsPresent, "-")]),
        hide_default_value = true
    )]
    pub(crate) capture: PathBuf,
    /// The files of one rotated capture, as one: in order of their first packets
    #[arg(hide_short_help = true, long, value_name = "FILE", num_args = 1.., conflicts_with = "capture")]
    pub(crate) join: Vec<PathBuf>,
    /// The CSV that is held against the first
    #[arg(value_name = "B.csv")]
    pub(crate) other: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) comparison: ComparisonArgs,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

/// How a comparison is made, and where it goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct ComparisonArgs {
    /// The recorded REMBs, where those of the call are encrypted
    ///
    /// Taken instead of the capture's. Columns: a time, a bit rate, and ssrcs and flow if there are any; units are read from column names and cells.
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) recorded: Option<PathBuf>,
    /// What the columns of the CSV files are called, e.g. time=ts,rate=remb_kbps; a unit may follow: rate=remb:kbps
    #[arg(
        hide_short_help = true,
        long = "column",
        value_name = "time=NAME,rate=NAME,ssrcs=NAME,flow=NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) columns: ColumnNames,
    /// Added to the times of --recorded, or of A.csv; it may be negative
    #[arg(
        hide_short_help = true,
        long,
        value_name = "DURATION",
        default_value = "0s",
        allow_hyphen_values = true
    )]
    pub(crate) offset: TimeDelta,
    /// Leave out the beginning, for a capture that starts in mid-call
    #[arg(hide_short_help = true, long, value_name = "DURATION", default_value = "0s")]
    pub(crate) skip: TimeDelta,
    /// Replay at so many sub-millisecond phases of the receiver's clock, which a capture does not tell
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) phases: u16,
    /// Exit with 1 if the median error is above this
    ///
    /// The mean over the phases.
    #[arg(long, value_name = "PCT")]
    pub(crate) max_median: Option<Percent>,
    /// Exit with 1 if it is within 5 % for less of the time
    ///
    /// The mean over the phases.
    #[arg(long, value_name = "PCT")]
    pub(crate) min_within_5: Option<Percent>,
    /// Write the figures of every flow and phase as CSV (- is standard output)
    #[arg(hide_short_help = true, long, value_name = "FILE", value_parser = values::csv)]
    pub(crate) csv: Option<PathBuf>,
    /// Write all figures as JSON (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draw both series and the error between them
    #[arg(long, value_name = "FILE.png|FILE.svg", value_parser = values::picture)]
    pub(crate) plot: Option<PathBuf>,
    /// Write a page to zoom in a browser (- is standard output)
    ///
    /// The replay's rows, both series, and where the replays at all phases lie.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(hide_short_help = true, long)]
    pub(crate) force: bool,
}

/// What is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Outputs", group = ArgGroup::new("shown").args(["directory", "plot", "html"]).multiple(true))]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct OutputArgs {
    /// Write everything into this folder
    ///
    /// remb.pcap, estimate.csv, remb.csv, streams.csv, events.csv, estimate.png, report.html, summary.json, config.toml.
    #[arg(short = 'o', long = "output-dir", value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// How the tables in this folder are written: as CSV, or as Parquet with the same columns
    #[arg(hide_short_help = true, long, value_enum, default_value_t = TableFormat::Csv, requires = "directory")]
    pub(crate) tables: TableFormat,
    /// Write the REMB stream as pcap
    #[arg(short = 'w', long = "write", value_name = "FILE.pcap")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write a row for each step of the estimator (- is standard output); as Parquet, if the name ends so
    #[arg(hide_short_help = true, long, value_name = "FILE", value_parser = values::table)]
    pub(crate) estimate_csv: Option<PathBuf>,
    /// Write a row for each REMB (- is standard output)
    ///
    /// As Parquet, if the name ends so.
    #[arg(long, value_name = "FILE", value_parser = values::table)]
    pub(crate) remb_csv: Option<PathBuf>,
    /// Draw the picture; the suffix decides between PNG and SVG
    #[arg(long, value_name = "FILE.png|FILE.svg", value_parser = values::picture)]
    pub(crate) plot: Option<PathBuf>,
    /// Write a page to zoom in a browser (- is standard output)
    ///
    /// Every row, in one file that works offline.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Pictures and the page show this part, e.g. 25..40
    ///
    /// The estimator runs from the beginning all the same.
    #[arg(long, value_name = "FROM..TO", requires = "shown")]
    pub(crate) view: Option<View>,
    /// Write the summary as JSON (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the capture's frames and our REMBs into one pcapng, in order of time, for Wireshark; there the REMBs' sender
    /// is 0x52454d42 unless --sender-ssrc is given
    #[arg(hide_short_help = true, long, value_name = "FILE.pcapng")]
    pub(crate) merge: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(hide_short_help = true, long)]
    pub(crate) force: bool,
}
