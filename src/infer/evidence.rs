//! By what something is inferred: what was counted and measured, without the sentences.

use crate::capture::log_facts::LogEvidence;
use crate::units::{PayloadType, Ssrc};

/// By what the id of a header extension is known.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum IdEvidence {
    /// Something said it.
    Said(SaidBy),
    /// It behaves as a sender's clock does.
    Clock {
        /// What it runs with; `None` where it is the most plausible one without that.
        runs_with: Option<RunsWith>,
        /// How it behaves on all streams.
        steps: ClockSteps,
    },
    /// It counts the flow's packets.
    Counting {
        /// Steps from one packet to the next.
        steps: u32,
        /// Those that are the steps of the sequence numbers.
        counting: u32,
    },
    /// It is zero on so many packets, and no other element is.
    Zero {
        /// How many.
        packets: u32,
    },
    /// It rises within a frame and falls at the next.
    Pacer {
        /// Steps from one packet to the next.
        steps: u32,
        /// Those up within a frame.
        rises_within_frame: u32,
        /// Those down to the next frame.
        falls_at_new_frame: u32,
    },
}

/// What said the id of a header extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaidBy {
    /// The extension's flag.
    Flag,
    /// The session description.
    Sdp,
    /// A log, of which the headers were made.
    Log,
}

/// The timestamps of a stream that an element runs with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum RunsWith {
    /// Over all packets.
    Timestamps {
        /// The stream.
        ssrc: Ssrc,
        /// How far the element advanced, nanoseconds.
        sent_nanos: i64,
        /// How far the timestamps advanced, ticks.
        ticks: i64,
        /// Of this clock.
        hz: u32,
    },
    /// From frame to frame.
    Frames {
        /// The stream.
        ssrc: Ssrc,
        /// The element's speed by that of the timestamps, the median of the latest frames.
        median_speed: f32,
        /// All frames.
        frames: u32,
    },
}

/// How an element that may be a clock behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSteps {
    /// Steps from one packet of a stream to its next.
    pub steps: u32,
    /// Those that go back.
    pub back: u32,
    /// How far it advanced, nanoseconds.
    pub sent_nanos: i64,
    /// In so much capture time, nanoseconds.
    pub captured_nanos: i64,
    /// On so many streams.
    pub ssrcs: u32,
}

/// By what it is known what a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindEvidence {
    /// By what it was taken for something when time was up, if it was.
    pub guessed: Option<GuessedBy>,
    /// What its packets show, or what said it.
    pub shown: KindShown,
}

/// By what a stream was taken for something when nothing was certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuessedBy {
    /// A timestamp is one of another stream's.
    SharedTimestamp,
    /// Packets share a timestamp.
    RepeatedTimestamp,
    /// The stream with the same payload type is that.
    SamePayloadType,
    /// Timestamps step as those of audio do.
    AudioSteps,
    /// Timestamps are near to another stream's.
    NearTimestamps,
    /// Nothing: what is not known to be audio counts.
    Nothing,
}

/// What the packets of a stream show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KindShown {
    /// The session description says what it is.
    Sdp,
    /// A log says it, or has packets that show it.
    Log(LogEvidence),
    /// There was no packet.
    NoPacket,
    /// A payload type of RFC 3551.
    StaticPayloadType {
        /// Its clock.
        clock_hz: u32,
    },
    /// Its timestamps are those of another stream.
    Beside {
        /// The other stream.
        of: Ssrc,
        /// So many of its timestamps are.
        among: u32,
        /// Of so many.
        timestamps: u32,
    },
    /// The packets of its main payload type, and keys that are pressed on another, if any are.
    Packets {
        /// Keys (RFC 4733).
        keys: Option<KeysShown>,
        /// The main payload type.
        main: PacketsShown,
    },
}

/// Telephone events: each timestamp begins with the marker bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysShown {
    /// Which payload type.
    pub payload_type: PayloadType,
    /// Timestamps that begin with the marker bit.
    pub keys: u32,
    /// The most packets of one timestamp.
    pub most_packets: u32,
}

/// How the packets of a payload type follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketsShown {
    /// How many.
    pub packets: u32,
    /// Steps of the timestamp between consecutive packets.
    pub steps: TimestampSteps,
    /// Timestamps that changed behind consecutive packets: ends of frames.
    pub ends: u32,
    /// Those with the marker bit.
    pub marked: u32,
    /// Packets that repeat the timestamp before.
    pub repeats: u32,
}

/// Steps of the RTP timestamp, ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampSteps {
    /// No two packets in a row have different timestamps.
    None,
    /// All are the same.
    Same(u32),
    /// All are multiples of this.
    MultiplesOf(u32),
}
