//! What a log says beside its packets: what an SDP would say of a capture, and more.

use serde::{Deserialize, Serialize};

use super::Direction;
use crate::units::{CaptureTime, Ssrc, TimeDelta};

/// Facts of one log, or of the session of it that is read. They go along with every frame, and with a pcapng that was made of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogFacts {
    /// What wrote it, for a person.
    pub source: String,
    /// Headers were made of their fields: header extensions have the ids of [`made_ids`], or are not there.
    pub has_made_headers: bool,
    /// Some packet has an abs-send-time.
    pub has_abs_send_times: bool,
    /// Some packet has a transmission time offset.
    pub has_transmission_offsets: bool,
    /// Some packet has a transport-wide sequence number.
    pub has_transport_sequence_numbers: bool,
    /// Bytes of SRTP authentication tag that packets have, if it is known: none where they were logged in the clear.
    pub srtp_tag_len: Option<usize>,
    /// What is known of streams.
    pub streams: Vec<LogStream>,
    /// What else an event log has.
    pub event_log: Option<EventLogFacts>,
}

/// More streams are not kept.
pub(super) const MAX_STREAMS: usize = 4096;
/// More sessions are counted and not listed.
pub(super) const MAX_SESSIONS: usize = 1000;
/// More ICE candidate pairs are not kept,
pub(super) const MAX_PAIRS: usize = 256;
/// nor more states of DTLS.
pub(super) const MAX_STATES: usize = 64;
/// Facts within these limits are shorter as JSON, bytes.
pub(super) const MAX_JSON: usize = 1 << 20;
/// No name in them is longer, bytes.
const MAX_NAME: usize = 100;

/// What the comments of a pcapng's interface begin with that have the facts as JSON, in one or several.
pub const FACTS_PREFIX: &[u8] = b"remb-replay log facts: ";

/// Ids of header extensions where headers were made.
pub mod made_ids {
    /// Client-to-mixer audio level.
    pub const AUDIO_LEVEL: u8 = 1;
    /// abs-send-time.
    pub const ABS_SEND_TIME: u8 = 2;
    /// Transport-wide sequence number.
    pub const TRANSPORT_SEQUENCE_NUMBER: u8 = 3;
    /// Coordination of video orientation.
    pub const ROTATION: u8 = 13;
    /// Transmission time offset.
    pub const TRANSMISSION_OFFSET: u8 = 14;
}

impl LogFacts {
    /// Of a log that has whole packets and nothing else.
    pub(super) fn of_packets(source: &str, srtp_tag_len: Option<usize>) -> Self {
        Self {
            source: source.to_owned(),
            has_made_headers: false,
            has_abs_send_times: false,
            has_transmission_offsets: false,
            has_transport_sequence_numbers: false,
            srtp_tag_len,
            streams: Vec::new(),
            event_log: None,
        }
    }

    /// From a pcapng, which may be a stranger's: what no log can have is refused.
    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        let facts: Self = (json.len() <= MAX_JSON).then(|| serde_json::from_slice(json).ok())??;
        facts.is_within_limits().then_some(facts)
    }

    fn is_within_limits(&self) -> bool {
        let is_name = |name: &String| name.len() <= MAX_NAME && !name.contains(char::is_control);
        let is_log = |log: &EventLogFacts| {
            let is_pair =
                |pair: &IcePair| pair.types.iter().chain(&pair.families).chain([&pair.protocol]).all(is_name);
            log.sessions.len() <= MAX_SESSIONS
                && log.ice_pairs.len() <= MAX_PAIRS
                && log.dtls.len() <= MAX_STATES
                && log.ice_pairs.iter().all(is_pair)
                && log.dtls.iter().all(is_name)
        };
        self.streams.len() <= MAX_STREAMS && is_name(&self.source) && self.event_log.iter().all(is_log)
    }

    /// The ids that extensions have in made headers: abs-send-time, the transmission time offset, and the transport-wide sequence
    /// number; 0 for what no packet has.
    pub fn made_extensions(&self) -> [u8; 3] {
        let id = |has: bool, id: u8| if has { id } else { 0 };
        [
            id(self.has_abs_send_times, made_ids::ABS_SEND_TIME),
            id(self.has_transmission_offsets, made_ids::TRANSMISSION_OFFSET),
            id(self.has_transport_sequence_numbers, made_ids::TRANSPORT_SEQUENCE_NUMBER),
        ]
    }
}

/// What a log says of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogStream {
    /// Which.
    pub ssrc: u32,
    /// Whether it was received.
    pub is_received: bool,
    /// What it is.
    pub kind: LogKind,
    /// By what.
    pub by: LogEvidence,
    /// When it was created, nanoseconds since the Unix epoch.
    pub since: Option<i64>,
}

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// Audio.
    Audio,
    /// Video.
    Video,
    /// Retransmissions and padding of another, where it is known which.
    Rtx(Option<u32>),
}

/// How that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogEvidence {
    /// The log says it.
    Config,
    /// Its packets carry sequence numbers of others.
    OriginalNumbers,
    /// Its packets carry audio levels.
    AudioLevels,
}

impl LogEvidence {
    /// In words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Config => "event log, stream config",
            Self::OriginalNumbers => "event log, sequence numbers of the packets that it repeats",
            Self::AudioLevels => "event log, audio levels",
        }
    }
}

impl LogFacts {
    /// What is said of a stream, which was received or sent.
    pub fn stream(&self, ssrc: Ssrc, direction: Option<Direction>) -> Option<&LogStream> {
        let is_of = |stream: &&LogStream| {
            let received =
                direction.is_none_or(|direction| stream.is_received == (direction == Direction::Inbound));
            stream.ssrc == ssrc.0 && received
        };
        self.streams.iter().find(is_of)
    }
}

impl LogFacts {
    /// When a stream that is sent was created. Chromium writes 0 for its SSRC, so that of video is the one without another.
    pub fn sender_created(&self, ssrc: Ssrc) -> Option<CaptureTime> {
        let mut sent = self.streams.iter().filter(|stream| !stream.is_received);
        let known = sent.clone().find(|stream| stream.ssrc == ssrc.0);
        let unnamed = || sent.find(|stream| stream.ssrc == 0 && stream.kind == LogKind::Video);
        known.or_else(unnamed)?.created()
    }
}

impl LogStream {
    /// When it was created.
    pub fn created(&self) -> Option<CaptureTime> {
        CaptureTime::from_nanos(self.since?.into())
    }
}

/// What an event log has beside packets and streams, of the session that is read unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventLogFacts {
    /// All sessions of the file.
    pub sessions: Vec<LogSession>,
    /// Sessions beyond those that are listed.
    pub more_sessions: u64,
    /// Which is read, from 1.
    pub session: usize,
    /// Records of kinds that are not known.
    pub unknown_records: u64,
    /// RTCP of which the log kept nothing.
    pub empty_rtcp: u64,
    /// RTCP that the log has twice in a row.
    pub repeated_rtcp: u64,
    /// ICE candidate pairs.
    pub ice_pairs: Vec<IcePair>,
    /// ICE checks sent and received, responses sent and received.
    pub ice_checks: [u64; 4],
    /// States of DTLS in order, by their names.
    pub dtls: Vec<String>,
    /// Whether DTLS came to be writable.
    pub dtls_writable: Option<bool>,
    /// Probe clusters that were sent, that gave a rate, and that failed.
    pub probes: [u64; 3],
    /// Estimates of its own sending rate, by losses.
    pub loss_estimates: SendEstimates,
    /// The same by delay.
    pub delay_estimates: SendEstimates,
}

/// A session of an event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogSession {
    /// When it began, nanoseconds since the Unix epoch.
    pub begin: i64,
    /// From its first event to its last, milliseconds.
    pub duration_ms: i64,
    /// Whether its end is in the log; mostly it is not.
    pub has_end: bool,
    /// RTP packets received and sent.
    pub rtp: [u64; 2],
    /// RTCP packets received and sent.
    pub rtcp: [u64; 2],
}

impl LogSession {
    /// When it began.
    pub fn begin(&self) -> Option<CaptureTime> {
        CaptureTime::from_nanos(self.begin.into())
    }

    /// How long it was.
    pub const fn duration(&self) -> TimeDelta {
        TimeDelta::from_millis(self.duration_ms)
    }

    /// Whether it has RTP.
    pub const fn has_media(&self) -> bool {
        let [received, sent] = self.rtp;
        received > 0 || sent > 0
    }
}

/// An ICE candidate pair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IcePair {
    /// Its number.
    pub id: u32,
    /// Types of the local and the remote candidate.
    pub types: [String; 2],
    /// Address families of both.
    pub families: [String; 2],
    /// By what they speak.
    pub protocol: String,
    /// Whether it was selected, once at least.
    pub is_selected: bool,
}

/// Estimates of its own sending rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SendEstimates {
    /// How many.
    pub count: u64,
    /// The first of each batch at the log's beginning and at its end, bit/s.
    pub first_and_last: Option<(u32, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_facts_are_not_looked_at() {
        let facts = LogFacts::of_packets("libwebrtc", None);
        let json = serde_json::to_vec(&facts).unwrap();
        // Blanks, which change nothing else.
        let of_length = |len| LogFacts::from_json(&[&json[..], &vec![b' '; len - json.len()]].concat());
        assert_eq!(of_length(MAX_JSON), Some(facts));
        assert_eq!(of_length(MAX_JSON + 1), None);
    }
}
