//! The flags that most commands share: what counts, how it is estimated, how the program behaves.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::values::{Color, Copies, Estimator, Filter, Media, Progress, Rtcp, Scheduler};
use remb_replay::units::TimeDelta;

/// What is fed to the estimator: with [`EstimationFlags`] all that the result depends on, but for the parameters.
///
/// Absent is "not given": these structs are the table `[flags]` of `config.toml`.
#[derive(Debug, Clone, PartialEq, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct RunFlags {
    /// Only this directed flow, e.g. 10.0.0.1:5004-10.0.0.2:6004; repeatable
    #[arg(long, value_name = "SRC-DST", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) flow: Vec<String>,
    /// Only these SSRCs, 0x-hex or decimal, comma separated
    #[arg(
        hide_short_help = true,
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ssrc: Vec<String>,
    /// All but these SSRCs
    #[arg(
        hide_short_help = true,
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exclude_ssrc: Vec<String>,
    /// Start cold here: seconds since the first frame, or RFC 3339
    ///
    /// Earlier frames serve inference only: ids, media kinds, SRTP, the RTT's clock.
    #[arg(long, value_name = "T", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// End here: seconds since the first frame, or RFC 3339
    #[arg(long, value_name = "T", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// Which copy counts of a packet that is in the capture more than once [default: first, as with a receiver behind
    /// SRTP]; last: the last that comes within 2 s, for captures of two places in the network
    #[arg(hide_short_help = true, long, value_enum, help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copies: Option<Copies>,
    /// The same as --copies first
    #[arg(long, hide = true, conflicts_with = "copies")]
    #[serde(skip_serializing)]
    pub(crate) dedup: bool,
    /// Take flows that share an SSRC as one: a call whose path changed
    #[arg(hide_short_help = true, long, help_heading = "Selection")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) merge_flows: bool,
    /// The WebRTC event log of the same call, beside a capture
    ///
    /// REMBs, round trip times and media kinds from the log, arrival times from the capture.
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_log: Option<PathBuf>,
    /// Which session of a WebRTC event log is read, from 1 [default: the first with media]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<NonZeroUsize>,
    /// Which streams count [default: auto, which leaves audio out as libwebrtc does]; with all, audio counts whether or
    /// not it has transport-wide sequence numbers
    #[arg(hide_short_help = true, long, value_enum, help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<Media>,
    /// Id of the abs-send-time header extension: 1 to 255, 0 for not negotiated [default: auto]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abs_send_time_id: Option<String>,
    /// Id of the transmission time offset header extension [default: auto]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) toffset_id: Option<String>,
    /// Id of the abs-capture-time header extension, to be used as send time [default: auto, used only where nothing
    /// else is left]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abs_capture_time_id: Option<String>,
    /// Offer or answer: extension ids, payload types, media kinds
    ///
    /// As text, or as the JSON that browsers show.
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sdp: Option<PathBuf>,
    /// Take packets with a transport-wide sequence number as if they had none: what would REMB have said?
    #[arg(hide_short_help = true, long, help_heading = "Selection")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ignore_transport_cc: bool,
    /// Bytes of SRTP authentication tag at the end of each payload, which do not count [default: auto]
    #[arg(hide_short_help = true, long, value_name = "auto|N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) srtp_tag_len: Option<String>,
    /// At most so many flows are counted [default: 65536]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_flows: Option<usize>,
    /// At most so many SSRCs are counted [default: 4096]
    #[arg(hide_short_help = true, long, value_name = "N", help_heading = "Selection")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_ssrcs: Option<usize>,
}

/// What is written, where it is not a path: part of `[flags]` too.
#[derive(Debug, Clone, PartialEq, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Outputs")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct WriteFlags {
    /// RTCP packets as compounds of RR, SDES and REMB, or reduced to bare REMBs, RFC 5506 [default: compound]
    #[arg(hide_short_help = true, long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rtcp: Option<Rtcp>,
    /// Put the input's SHA-256 into the summary
    #[arg(hide_short_help = true, long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hash: bool,
    /// SSRC of the REMB sender [default: 1]
    #[arg(hide_short_help = true, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sender_ssrc: Option<String>,
}

/// What the estimator is told besides packets: part of `[flags]` too.
#[derive(Debug, Clone, PartialEq, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Estimation")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct EstimationFlags {
    /// Round trip time, e.g. 40ms [default: auto, from the RTCP]
    ///
    /// Given to rate control once a second; auto takes it from the capture's own RTCP.
    #[arg(long, value_name = "auto|DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rtt: Option<String>,
    /// Constant added to every capture timestamp inside the estimator [default: 0s]
    #[arg(hide_short_help = true, long, value_name = "DURATION", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock_offset: Option<TimeDelta>,
}

/// How it is estimated: the parameters, and flags that stand for one.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Estimation")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct ParameterArgs {
    #[command(flatten)]
    pub(crate) estimation: EstimationFlags,
    /// A set of parameters with a name: libwebrtc, or gcc-draft-02 (see params) [default: libwebrtc]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Print the whole configuration that would be used, and stop; --config takes it back
    #[arg(hide_short_help = true, long)]
    pub(crate) print_config: bool,
    /// Parameters and flags, as a run's config.toml has them
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,
    /// One parameter, e.g. rate_control.backoff_factor=0.9; repeatable
    ///
    /// It wins over --config. params lists them.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Which estimator: auto switches as libwebrtc does [default: auto]
    #[arg(hide_short_help = true, long, value_enum)]
    pub(crate) estimator: Option<Estimator>,
    /// Delay filter [default: kalman]
    #[arg(hide_short_help = true, long, value_enum)]
    pub(crate) filter: Option<Filter>,
    /// When a REMB is sent
    ///
    /// periodic: every interval, and at once on a fall; libwebrtc: by its 200 ms throttle [default: periodic; for compare
    /// and sweep libwebrtc]
    #[arg(long, value_enum)]
    pub(crate) scheduler: Option<Scheduler>,
    /// Period of the periodic schedule [default: 1s]
    #[arg(hide_short_help = true, long, value_name = "DURATION")]
    pub(crate) remb_interval: Option<TimeDelta>,
    /// Relative fall that is sent at once [default: 3%]
    #[arg(hide_short_help = true, long, value_name = "PCT")]
    pub(crate) remb_decrease_threshold: Option<String>,
}

/// How the program behaves.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Behaviour")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct BehaveArgs {
    /// A warning becomes exit code 5
    #[arg(hide_short_help = true, long)]
    pub(crate) strict: bool,
    /// No notices and no summary, warnings and errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// More about every inference
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Colours in messages; NO_COLOR is honoured
    #[arg(hide_short_help = true, long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Progress on standard error: auto shows it on a terminal only
    #[arg(hide_short_help = true, long, value_enum, default_value_t = Progress::Auto)]
    pub(crate) progress: Progress,
}

/// What every command takes that replays: what counts, how it is estimated, how the program behaves.
#[derive(Debug, Clone, Args)]
#[allow(missing_docs, reason = "each field is the flags of its type")]
pub(crate) struct SettingArgs {
    #[command(flatten)]
    pub(crate) flags: RunFlags,
    #[command(flatten)]
    pub(crate) parameters: ParameterArgs,
    #[command(flatten)]
    pub(crate) behave: BehaveArgs,
}

/// How a command behaves that has nothing to say beyond its results, and no progress.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Behaviour")]
#[allow(missing_docs, reason = "each field is the flag of its name, and its text is the help")]
pub(crate) struct TerseArgs {
    /// A warning becomes exit code 5
    #[arg(long)]
    pub(crate) strict: bool,
    /// Failing cases and the count alone
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Colours in messages; NO_COLOR is honoured
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
}
