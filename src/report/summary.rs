//! The summary: what was read, what was inferred and by what evidence, what came out. Nothing that differs between two
//! runs on the same input.

mod rembs;

use std::collections::BTreeMap;

use serde::Serialize;

use super::events::EventRow;
pub use crate::capture::LogFacts;
use crate::config::ByName;
pub use crate::model::Frames;
pub use crate::units::{Count, Seconds};
pub use rembs::{Apart, Rembs};

/// The whole summary, as in `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Which program and model.
    pub tool: Tool,
    /// The capture.
    pub input: Input,
    /// Frames by what they carried.
    pub frames: Frames,
    /// Directed flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// Warnings, by code.
    pub warnings: Vec<Warning>,
    /// The name of the set of parameters that the others start from.
    pub profile: &'static str,
    /// Every parameter as resolved, by stage.
    pub parameters: ByName,
}

/// What is in a capture, without any estimate: `inspect --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Which program and model.
    pub tool: Tool,
    /// The capture.
    pub input: Input,
    /// Frames by what they carried.
    pub frames: Frames,
    /// What is known beside the packets, of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogFacts>,
    /// Directed flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// Warnings, by code.
    pub warnings: Vec<Warning>,
}

/// Which program and model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// The program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What its numbers equal.
    pub model: &'static str,
}

impl Default for Tool {
    fn default() -> Self {
        let model = "libwebrtc receive-side estimator, sources of 2026-08-22";
        Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), model }
    }
}

/// The capture.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Input {
    /// File name without its folder; `-` for standard input.
    pub file: String,
    /// SHA-256 of the file's bytes, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// pcap or pcapng, and the compression.
    pub format: String,
    /// The most bytes kept of a frame, as the capture declares it.
    pub snaplen: Option<u32>,
    /// Whether time stamps are finer than a microsecond.
    pub nanoseconds: bool,
    /// The first frame's time, s since the Unix epoch.
    pub first_unix_time_s: Option<Seconds>,
    /// From the first frame's time to the latest, s.
    pub span_s: Option<Seconds>,
    /// Why reading ended before the end of the capture.
    pub ended_early: Option<String>,
}

impl Input {
    /// The file as it is called where a person reads.
    pub fn shown(&self) -> &str {
        if self.file == "-" { "standard input" } else { &self.file }
    }
}

/// One directed flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// Source and destination.
    pub flow: String,
    /// Further flows that were merged into it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_on: Vec<String>,
    /// What carried its first packet.
    pub carrier: &'static str,
    /// RTP packets that count for the estimator.
    pub packets_fed: u64,
    /// What was inferred, and by what evidence.
    pub inferences: Vec<Inference>,
    /// Header extension elements by id, whatever they mean.
    pub extensions: Vec<ElementSeen>,
    /// Whether its payload is encrypted.
    pub srtp: Srtp,
    /// The round trip time and where it is from.
    pub rtt: Rtt,
    /// Where the capture was taken, as far as RTCP tells.
    pub captured_at: Option<CapturedAt>,
    /// Its RTP streams.
    pub streams: Vec<Stream>,
    /// RTCP of its sender and of its receiver, by type.
    pub rtcp: Vec<RtcpSeen>,
    /// What the flow's real receiver sent.
    pub recorded: Recorded,
    /// Whether it is fit for estimation.
    pub verdict: Verdict,
    /// What happened to its estimate, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRow>,
    /// The most important of it, in words.
    #[serde(skip)]
    pub most_important: Vec<String>,
    /// What an estimator made of it, if it was estimated.
    #[serde(flatten)]
    pub estimation: Option<Estimation>,
}

/// What an estimator made of a flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimation {
    /// The estimator in use at its end: abs-send-time or rtp-timestamp.
    pub estimator: &'static str,
    /// What was sent.
    pub rembs: Rembs,
    /// The state after the last packet.
    pub last: LastState,
}

/// Something that was not said but found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inference {
    /// What.
    pub what: String,
    /// What it was found to be.
    pub value: String,
    /// By what.
    pub evidence: String,
}

/// A header extension element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementSeen {
    /// Its id.
    pub id: u8,
    /// Packets that carry it.
    pub packets: u64,
    /// The shortest value, bytes.
    pub shortest: usize,
    /// The longest value, bytes.
    pub longest: usize,
    /// What it is, where that is known.
    pub what: Option<&'static str>,
    /// How it is known.
    pub evidence: Option<String>,
}

/// RTCP packets of one type from one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RtcpSeen {
    /// `sender` or `receiver` of the media.
    pub from: &'static str,
    /// 200 sender report, 201 receiver report …
    pub packet_type: u8,
    /// The type in letters.
    pub name: &'static str,
    /// How many.
    pub count: u64,
}

/// Whether a flow is fit for estimation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether an estimate would be that of its receiver.
    pub fit: bool,
    /// Why, or why not.
    pub why: String,
}

/// Encryption of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Srtp {
    /// `None` where nothing told.
    pub encrypted: Option<bool>,
    /// Bytes at the end of every payload that were not counted.
    pub tag_len: usize,
    /// By what.
    pub evidence: String,
}

/// The round trip time given to rate control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rtt {
    /// `flag`, `capture` or `default`.
    pub source: &'static str,
    /// The last value, ms; `None` where nothing was estimated.
    pub value_ms: Option<f64>,
    /// Samples in the capture's RTCP.
    pub samples: u64,
    /// The smallest, ms.
    pub min_ms: Option<f64>,
    /// The largest, ms.
    pub max_ms: Option<f64>,
    /// Samples that no round trip can have, and were left out.
    pub discarded: u64,
}

/// Where a capture was taken, seen from one flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapturedAt {
    /// `receiver` or `sender`.
    pub end: &'static str,
    /// By what.
    pub evidence: String,
}

/// REMBs of the capture itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Recorded {
    /// All, repeats included.
    pub count: u64,
    /// Those that said the same as the one before: a REMB rides on every later RTCP packet.
    pub repeats: u64,
    /// Those whose list of SSRCs the snaplen cut.
    pub cut: u64,
    /// Who sent them.
    pub sender_ssrc: Option<String>,
    /// The first, bit/s.
    pub first_bps: Option<i64>,
    /// The last, bit/s.
    pub last_bps: Option<i64>,
    /// The lowest, bit/s.
    pub min_bps: Option<i64>,
    /// The highest, bit/s.
    pub max_bps: Option<i64>,
    /// RTCP packets of the flow's receiver.
    pub rtcp_packets: u64,
    /// Those that are encrypted, and may hold REMBs that nobody can read.
    pub rtcp_unreadable: u64,
    /// Those that the snaplen cut, and may lack a REMB at their end.
    pub rtcp_cut: u64,
    /// Further REMBs that are not used, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unusable: BTreeMap<&'static str, Count>,
}

/// One RTP stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stream {
    /// `0x%08x`.
    pub ssrc: String,
    /// All payload types, ascending.
    pub payload_types: Vec<u8>,
    /// audio, video (by the SDP), not audio, rtx, unknown.
    pub kind: &'static str,
    /// The stream whose packets it sends once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<String>,
    /// RTP clock, Hz: the nominal rate where one fits.
    pub clock_hz: Option<u32>,
    /// Packets.
    pub packets: u64,
    /// Payload and padding.
    pub payload_bytes: u64,
    /// First packet, s since the first frame.
    pub first_s: Seconds,
    /// Last packet, s since the first frame.
    pub last_s: Seconds,
    /// The lowest sequence number of the last run without a restart.
    pub first_sequence_number: Option<u16>,
    /// The highest sequence number.
    pub last_sequence_number: Option<u16>,
    /// Packets missing in the sequence.
    pub lost: u64,
    /// Packets behind a later one.
    pub reordered: u64,
    /// Packets seen before.
    pub duplicates: u64,
    /// Interarrival jitter of RFC 3550, ms.
    pub jitter_ms: Option<f64>,
    /// The id of abs-send-time, if its packets carry it.
    pub abs_send_time_id: Option<u8>,
    /// Packets with a readable abs-send-time.
    pub abs_send_times: u64,
    /// How much faster the capture's clock runs than the sender's, ppm.
    pub drift_ppm: Option<f64>,
    /// Packets cut by the snaplen.
    pub truncated: u64,
    /// Whether its packets were fed to the estimator.
    pub fed_to_estimator: bool,
    /// How many of them were.
    pub packets_fed: u64,
    /// Why, or why not.
    pub why: String,
    /// Payload and padding from the first packet to the last, bit/s; none of less than a second.
    pub bitrate_bps: Option<i64>,
    /// Packets that never came, in percent of those that were sent; none of rtx.
    pub lost_percent: Option<f64>,
    /// RTP timestamps ahead of all before, a second: of video, pictures. None of audio and rtx.
    pub frames_per_s: Option<f64>,
    /// What 99 % of the packets' delay stays below, above the least, ms: a power of two.
    pub delay_spread_ms: Option<f64>,
}

/// The state after a flow's last packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastState {
    /// The estimate, bit/s.
    pub estimate_bps: Option<i64>,
    /// normal, overuse or underuse.
    pub usage: &'static str,
    /// hold or increase.
    pub rate_state: &'static str,
}

/// A doubt said aloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable code, `W-…`.
    pub code: &'static str,
    /// The flow that it concerns, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// In a sentence.
    pub message: String,
    /// How many frames it concerns, and the first.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
}

impl Warning {
    /// Whether a limit was hit.
    pub fn is_limit(&self) -> bool {
        self.code.starts_with("W-LIMIT-")
    }

    /// Whether it is a note: no doubt about the result, and nothing for `--strict`.
    pub fn is_note(&self) -> bool {
        self.code.starts_with("N-")
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.is_note() { "note" } else { "warning" };
        write!(f, "{kind}[{}]: ", self.code)?;
        if let Some(flow) = &self.flow {
            write!(f, "{flow}: ")?;
        }
        write!(f, "{}", self.message)?;
        match self.count {
            Some(Count { first_frame: first @ 1.., .. }) => write!(f, " (first in frame {first})"),
            _ => Ok(()),
        }
    }
}
