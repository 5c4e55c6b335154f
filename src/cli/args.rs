//! What the user said: flags as typed. What they mean is decided in `resolve`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::bwe::{DelayFilter, EstimatorChoice};
use crate::remb::Profile;
use crate::units::TimeDelta;

/// Re-run WebRTC's receive-side bandwidth estimator (REMB) on a capture.
#[derive(Debug, Parser)]
#[command(
    name = "remb-replay",
    version,
    about = "Re-run WebRTC's receive-side bandwidth estimator (REMB) on a packet capture",
    after_help = "Exit codes: 0 done, 1 outside the tolerance, 2 usage, 3 input or output cannot be opened, 4 nothing to work on,\n\
                  5 incomplete (capture cut off or damaged; what was read is written out)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run estimator and REMB schedule on a capture; write REMB pcap, CSV, picture and summary
    #[command(after_help = "Examples:\n  \
        remb-replay replay call.pcap                       the summary only\n  \
        remb-replay replay call.pcapng.gz -o out           everything, into the folder out\n  \
        remb-replay replay call.pcap --plot call.png       the picture alone\n  \
        tcpdump -w - udp | remb-replay replay - -o out     from standard input, in one pass\n  \
        remb-replay replay call.pcap --rtt 40ms --set rate_control.backoff_factor=0.9 -o out")]
    Replay(ReplayArgs),
    /// Replay, and hold the result against the REMBs that a real receiver sent in the same capture; or hold two CSV files
    /// against each other
    #[command(after_help = "Examples:\n  \
        remb-replay compare call.pcap                      figures for each flow with REMBs\n  \
        remb-replay compare call.pcap --plot close.png     where and why the two series part\n  \
        remb-replay compare call.pcap --max-median 2% --min-within-5 70%     as a gate: exit code 1 if not\n  \
        remb-replay compare srtp.pcap --recorded log.csv --rtt 20ms          RTCP is encrypted\n  \
        remb-replay compare before/remb.csv after/remb.csv")]
    Compare(CompareArgs),
}

/// `replay`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct ReplayArgs {
    /// The capture: pcap or pcapng, plain or compressed with gzip or zstd; - is standard input
    pub capture: PathBuf,
    #[command(flatten)]
    pub outputs: OutputArgs,
    #[command(flatten)]
    pub write: WriteFlags,
    #[command(flatten)]
    pub flags: RunFlags,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    #[command(flatten)]
    pub behave: BehaveArgs,
}

/// `compare`.
#[derive(Debug, Args)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct CompareArgs {
    /// The capture, or the first of two remb.csv or estimate.csv
    #[arg(value_name = "CAPTURE|A.csv")]
    pub capture: PathBuf,
    /// The CSV that is held against the first
    #[arg(value_name = "B.csv")]
    pub other: Option<PathBuf>,
    #[command(flatten)]
    pub comparison: ComparisonArgs,
    #[command(flatten)]
    pub flags: RunFlags,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    #[command(flatten)]
    pub behave: BehaveArgs,
}

/// How a comparison is made, and where it goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct ComparisonArgs {
    /// Take the recorded REMBs from this file instead of the capture, for encrypted calls: time_s or unix_time_s,
    /// bitrate_bps, and ssrcs if there are any
    #[arg(long, value_name = "FILE.csv")]
    pub recorded: Option<PathBuf>,
    /// Leave out the beginning, for a capture that starts in mid-call
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub skip: TimeDelta,
    /// Replay at so many sub-millisecond phases of the receiver's clock, which a capture does not tell
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub phases: u16,
    /// Exit with 1 if the median error is above this, as the mean over the phases
    #[arg(long, value_name = "PCT")]
    pub max_median: Option<Percent>,
    /// Exit with 1 if less than this share of the time is within 5 %, as the mean over the phases
    #[arg(long, value_name = "PCT")]
    pub min_within_5: Option<Percent>,
    /// Write the figures of every flow and phase as CSV (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write all figures as JSON (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw both series and the error between them; the suffix decides between PNG and SVG
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    pub force: bool,
}

/// A number of percent, with or without its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(pub f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse();
        match number {
            Ok(percent @ 0.0..=f64::MAX) => Ok(Self(percent)),
            _ => Err("a percentage is written as 5 or 5%".to_owned()),
        }
    }
}

/// What is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Outputs")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct OutputArgs {
    /// Write everything into this folder: remb.pcap, estimate.csv, remb.csv, streams.csv, estimate.png, summary.json,
    /// config.toml
    #[arg(short = 'o', long = "output-dir", value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Write the REMB stream as pcap
    #[arg(short = 'w', long = "write", value_name = "FILE.pcap")]
    pub pcap: Option<PathBuf>,
    /// Write a row for each step of the estimator (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub estimate_csv: Option<PathBuf>,
    /// Write a row for each REMB (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub remb_csv: Option<PathBuf>,
    /// Draw the picture; the suffix decides between PNG and SVG
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Write the summary as JSON (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    pub force: bool,
}

/// What is fed to the estimator and how: all that the result depends on, but for the parameters.
///
/// Absent is "not given": the same struct is the table `[flags]` of `config.toml`.
#[derive(Debug, Clone, PartialEq, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct RunFlags {
    /// Only this directed flow, e.g. 10.0.0.1:5004-10.0.0.2:6004; repeatable
    #[arg(long, value_name = "SRC-DST", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flow: Vec<String>,
    /// Only these SSRCs, 0x-hex or decimal, comma separated
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Selection")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssrc: Vec<String>,
    /// All but these SSRCs
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Selection")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_ssrc: Vec<String>,
    /// Start cold here: seconds since the first frame, or RFC 3339; earlier frames serve inference only
    #[arg(long, value_name = "T", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// End here: seconds since the first frame, or RFC 3339
    #[arg(long, value_name = "T", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Drop a frame that repeats one of the last 1 ms
    #[arg(long, help_heading = "Selection")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dedup: bool,
    /// Which streams count [default: auto, which leaves audio out as libwebrtc does]
    #[arg(long, value_enum, help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Id of the abs-send-time header extension: 1 to 255, 0 for not negotiated [default: auto]
    #[arg(long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abs_send_time_id: Option<String>,
    /// Id of the transmission time offset header extension [default: auto]
    #[arg(long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toffset_id: Option<String>,
    /// Id of the abs-capture-time header extension, to be used as send time [default: auto, used only where nothing
    /// else is left]
    #[arg(long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abs_capture_time_id: Option<String>,
    /// Offer or answer, as text or as the JSON that browsers show: extension ids, payload types, media kinds
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdp: Option<PathBuf>,
    /// Take packets with a transport-wide sequence number as if they had none: what would REMB have said?
    #[arg(long, help_heading = "Selection")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_transport_cc: bool,
    /// Bytes of SRTP authentication tag at the end of each payload, which do not count [default: auto]
    #[arg(long, value_name = "auto|N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtp_tag_len: Option<String>,
    /// At most so many flows are counted [default: 65536]
    #[arg(long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_flows: Option<usize>,
    /// At most so many SSRCs are counted [default: 4096]
    #[arg(long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ssrcs: Option<usize>,
    /// Round trip time given to rate control, e.g. 40ms [default: auto, from the
    /// capture's own RTCP]
    #[arg(long, value_name = "auto|DURATION", help_heading = "Estimation")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt: Option<String>,
    /// Constant added to every capture timestamp inside the estimator [default: 0s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, help_heading = "Estimation")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset: Option<TimeDelta>,
    /// SSRC of the REMB sender [default: 1]
    #[arg(long, value_name = "N", help_heading = "Estimation")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_ssrc: Option<String>,
}

/// What is written, where it is not a path: part of `[flags]` too.
#[derive(Debug, Clone, PartialEq, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Outputs")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct WriteFlags {
    /// RTCP packets as compounds of RR, SDES and REMB, or reduced to bare REMBs, RFC 5506 [default: compound]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtcp: Option<Rtcp>,
    /// Put the input's SHA-256 into the summary
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hash: bool,
}

/// The parameters, and flags that stand for one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Estimation")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct ParameterArgs {
    /// Parameters by stage and flags, as a run's config.toml has them
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// One parameter, e.g. rate_control.backoff_factor=0.9; repeatable, wins over --config
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Which estimator: auto switches as libwebrtc does [default: auto]
    #[arg(long, value_enum)]
    pub estimator: Option<Estimator>,
    /// Delay filter [default: kalman]
    #[arg(long, value_enum)]
    pub filter: Option<Filter>,
    /// When a REMB is sent: periodic (every interval, and at once on a fall) or libwebrtc (its 200 ms throttle)
    /// [default: periodic; for compare libwebrtc]
    #[arg(long, value_enum)]
    pub scheduler: Option<Scheduler>,
    /// Period of the periodic schedule [default: 1s]
    #[arg(long, value_name = "DURATION")]
    pub remb_interval: Option<TimeDelta>,
    /// Relative fall that is sent at once [default: 3%]
    #[arg(long, value_name = "PCT")]
    pub remb_decrease_threshold: Option<String>,
}

/// How the program behaves.
#[derive(Debug, Args)]
#[command(next_help_heading = "Behaviour")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub struct BehaveArgs {
    /// A warning becomes exit code 5
    #[arg(long)]
    pub strict: bool,
    /// No notices and no summary, warnings and errors only
    #[arg(short, long)]
    pub quiet: bool,
    /// More about every inference
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Progress on standard error: auto shows it on a terminal only
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
}

/// How RTCP is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rtcp {
    /// RR, SDES, REMB.
    Compound,
    /// A bare REMB.
    Reduced,
}

/// Which media feed the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    /// All but audio.
    Auto,
    /// All.
    All,
}

/// The estimators by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Estimator {
    /// By what the packets carry.
    Auto,
    /// By abs-send-time.
    AbsSendTime,
    /// By RTP timestamps.
    RtpTimestamp,
}

impl From<Estimator> for EstimatorChoice {
    fn from(estimator: Estimator) -> Self {
        match estimator {
            Estimator::Auto => Self::Auto,
            Estimator::AbsSendTime => Self::AbsSendTime,
            Estimator::RtpTimestamp => Self::RtpTimestamp,
        }
    }
}

/// The delay filters by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Filter {
    /// libwebrtc's on the receiving side.
    Kalman,
    /// libwebrtc's on the sending side.
    Trendline,
}

impl From<Filter> for DelayFilter {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter::Kalman => Self::Kalman,
            Filter::Trendline => Self::Trendline,
        }
    }
}

/// The schedules by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scheduler {
    /// Every interval, and at once on a fall.
    Periodic,
    /// libwebrtc's throttle.
    Libwebrtc,
}

impl From<Scheduler> for Profile {
    fn from(scheduler: Scheduler) -> Self {
        match scheduler {
            Scheduler::Periodic => Self::Periodic,
            Scheduler::Libwebrtc => Self::Libwebrtc,
        }
    }
}

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// On a terminal.
    Auto,
    /// Not at all.
    Never,
}
