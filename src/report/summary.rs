//! The summary: what was read, what was inferred and by what evidence, what came out. Nothing that differs between two
//! runs on the same input.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

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
    /// Every parameter as resolved, by stage.
    pub parameters: toml::Table,
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
    /// Whether time stamps are finer than a microsecond.
    pub nanoseconds: bool,
    /// The first frame's time, s since the Unix epoch.
    pub first_unix_time_s: Option<Seconds>,
    /// From the first frame's time to the latest, s.
    pub span_s: Option<Seconds>,
    /// Why reading ended before the end of the capture.
    pub ended_early: Option<String>,
}

/// Frames by what they carried.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Frames {
    /// All.
    pub total: u64,
    /// UDP payloads by class.
    pub classes: BTreeMap<&'static str, u64>,
    /// Frames that did not reach the estimator, by reason.
    pub skipped: BTreeMap<&'static str, Count>,
    /// Frames cut by the snaplen; sizes are the original ones.
    pub truncated: u64,
    /// Frames with an earlier time than the one before.
    pub time_steps_back: u64,
}

/// How many, and where to look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// Wireshark's number of the first.
    pub first_frame: u64,
}

impl Count {
    /// One more.
    pub fn add(&mut self, frame: u64) {
        if self.count == 0 {
            self.first_frame = frame;
        }
        self.count += 1;
    }
}

/// One directed flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// Source and destination.
    pub flow: String,
    /// Whether it was estimated, else why not.
    pub estimated: bool,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// RTP packets that were fed to the estimator.
    pub packets_fed: u64,
    /// The estimator in use at its end: abs-send-time or rtp-timestamp.
    pub estimator: Option<&'static str>,
    /// What was inferred, and by what evidence.
    pub inferences: Vec<Inference>,
    /// Whether its payload is encrypted.
    pub srtp: Srtp,
    /// The round trip time and where it is from.
    pub rtt: Rtt,
    /// Where the capture was taken, as far as RTCP tells.
    pub captured_at: Option<CapturedAt>,
    /// Its RTP streams.
    pub streams: Vec<Stream>,
    /// What was sent.
    pub rembs: Rembs,
    /// What the flow's real receiver sent.
    pub recorded: Recorded,
    /// The state after the last packet.
    pub last: Option<LastState>,
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
    /// The last value, ms.
    pub value_ms: f64,
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
}

/// One RTP stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stream {
    /// `0x%08x`.
    pub ssrc: String,
    /// All payload types, ascending.
    pub payload_types: Vec<u8>,
    /// audio, video (by the SDP), not audio, unknown.
    pub kind: &'static str,
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
    /// How much faster the send clock runs than the capture clock, ppm.
    pub drift_ppm: Option<f64>,
    /// Packets cut by the snaplen.
    pub truncated: u64,
    /// Whether its packets were fed to the estimator.
    pub fed_to_estimator: bool,
    /// Why, or why not.
    pub why: String,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rembs {
    /// How many.
    pub count: u64,
    /// By reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Time of the first, s since the first frame.
    pub first_s: Option<Seconds>,
    /// The first, bit/s.
    pub first_bps: Option<i64>,
    /// The last, bit/s.
    pub last_bps: Option<i64>,
    /// The lowest, bit/s.
    pub min_bps: Option<i64>,
    /// The highest, bit/s.
    pub max_bps: Option<i64>,
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
    /// In a sentence.
    pub message: String,
    /// How many frames it concerns, and the first.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
}

/// A time or span in nanoseconds, written in seconds with all its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub i64);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_remembers_the_first_frame() {
        let mut count = Count::default();
        count.add(7);
        count.add(9);
        assert_eq!(count, Count { count: 2, first_frame: 7 });
    }
}
