//! Audio or not, and the RTP clock, from what the network cannot bend: the order of sequence numbers, timestamps and
//! markers of one stream, and the timestamps of the streams beside it.

use super::customary::readings_with_silence;
use super::static_payload::static_payload;
use super::type_evidence::TypeEvidence;
use super::walk::Walk;
use crate::rtp::packet::RtpPacket;
use crate::units::{PayloadType, Ssrc};

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// It does not feed the estimator unless told so.
    Audio,
    /// Video, FEC, padding.
    NotAudio,
    /// It sends packets of another stream once more (RFC 4588), or protects them.
    Rtx {
        /// The other stream.
        of: Ssrc,
    },
}

impl MediaKind {
    /// Whether it counts for the estimator.
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Audio)
    }
}

/// What a stream looks like, when it has to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// What it looks like.
    pub kind: MediaKind,
    /// By what.
    pub by: &'static str,
    /// Something else may well be true.
    pub is_doubtful: bool,
}

/// Infers the media kind and the RTP clock of one SSRC.
#[derive(Debug, Clone, Default)]
pub struct KindFinder {
    walk: Walk,
    packets: u32,
    last_type: Option<PayloadType>,
    /// What each payload type shows; the stream is what the one with the most packets is.
    types: Vec<TypeEvidence>,
    /// Streams that had some of its timestamps before it, and how many.
    hits: Vec<(Ssrc, u32)>,
    /// Different timestamps of its own.
    timestamps: u32,
    recent: [Option<u32>; OWN_TIMESTAMPS],
    /// Packets since the kind that is now seen was first seen.
    agreeing: u32,
    kind: Option<MediaKind>,
}

/// A further payload type is not followed.
const MAX_TYPES: usize = 8;
/// Streams beside it that are remembered.
const MAX_HITS: usize = 8;
/// Retransmissions come out of order: a timestamp is new if it is none of so many.
const OWN_TIMESTAMPS: usize = 8;
/// A kind that so many packets did not change is final.
const FINAL_AFTER: u32 = 100;
/// The clock of everything that is not audio.
const VIDEO_CLOCK_HZ: u32 = 90_000;

impl KindFinder {
    /// Takes the stream's next packet in capture order.
    pub fn observe(&mut self, packet: &RtpPacket<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.last_type = Some(packet.payload_type());
        let step = self.walk.step(packet);
        if let Some(evidence) = self.of_type(packet.payload_type()) {
            evidence.observe(packet, step);
        }
        if !self.recent.contains(&Some(packet.timestamp())) {
            self.recent.rotate_right(1);
            self.recent[0] = Some(packet.timestamp());
            self.timestamps = self.timestamps.saturating_add(1);
        }
        let kind = self.seen();
        let agrees = kind.is_some() && kind == self.kind;
        self.agreeing = if agrees { self.agreeing.saturating_add(1) } else { 0 };
        self.kind = kind.or(self.kind);
    }

    /// The latest packet's timestamp is one that a busier stream with another payload type had before.
    pub fn note_hit(&mut self, of: Ssrc) {
        let has_room = self.hits.len() < MAX_HITS;
        match self.hits.iter_mut().find(|(known, _)| *known == of) {
            Some((_, hits)) => *hits = hits.saturating_add(1),
            None if has_room => self.hits.push((of, 1)),
            None => {}
        }
    }

    /// Whether the latest packet had a timestamp that is new to the stream.
    pub fn is_new_timestamp(&self, timestamp: u32) -> bool {
        !self.recent.contains(&Some(timestamp))
    }

    /// The payload type of the latest packet.
    pub fn last_payload_type(&self) -> Option<PayloadType> {
        self.last_type
    }

    /// The timestamp of the latest packet with another one than those just before it.
    pub fn last_timestamp(&self) -> Option<u32> {
        self.recent[0]
    }

    /// Packets so far.
    pub const fn packets(&self) -> u32 {
        self.packets
    }

    /// The kind that the packets show so far.
    pub const fn kind(&self) -> Option<MediaKind> {
        self.kind
    }

    /// Whether further packets are not going to change it.
    pub const fn is_final(&self) -> bool {
        self.agreeing >= FINAL_AFTER
    }

    /// A payload type has come that was not there before: it may have another clock.
    pub fn reopen(&mut self) {
        self.agreeing = 0;
    }

    /// What it looks like where it shows nothing for certain. `by_type`: what a stream with this payload type is;
    /// `beside`: a busier stream with another payload type that has timestamps near to its own.
    pub fn guess(&self, by_type: Option<MediaKind>, beside: Option<Ssrc>) -> Guess {
        let main = self.main();
        let looks_like_audio = main.is_some_and(TypeEvidence::looks_like_audio);
        let repeats = main.is_some_and(TypeEvidence::repeats);
        // Timestamps begin at random: those of audio are near to another stream's once in ten thousand calls.
        let (kind, by, is_doubtful) = match (self.hits.first(), by_type, beside) {
            (Some(&(of, _)), ..) => (MediaKind::Rtx { of }, "a timestamp is one of another stream's", false),
            _ if repeats => (MediaKind::NotAudio, "packets share a timestamp", false),
            (_, Some(kind), _) => (kind, "as the stream with the same payload type", false),
            _ if looks_like_audio => (MediaKind::Audio, "timestamps step as audio's do", true),
            (.., Some(of)) => (MediaKind::Rtx { of }, "its timestamps are near to another stream's", false),
            _ => (MediaKind::NotAudio, "what is not known to be audio counts", true),
        };
        Guess { kind, by, is_doubtful }
    }

    /// The clock that a payload type's timestamps count in, in Hz, if the stream is of this kind. `send_time` is what
    /// abs-send-time says of their speed, in Hz.
    pub fn clock_hz(&self, kind: MediaKind, payload_type: PayloadType) -> Option<u32> {
        if let Some(known) = static_payload(payload_type) {
            return Some(known.clock_hz);
        }
        match kind {
            MediaKind::Audio => self
                .types
                .iter()
                .find(|of| of.payload_type == payload_type)
                .and_then(TypeEvidence::audio_clock_hz),
            MediaKind::NotAudio | MediaKind::Rtx { .. } => Some(VIDEO_CLOCK_HZ),
        }
    }

    /// Takes the send time that went by while the timestamps of a payload type did.
    pub fn note_send_time(&mut self, payload_type: PayloadType, nanos: i64, ticks: i64) {
        if let Some(evidence) = self.types.iter_mut().find(|of| of.payload_type == payload_type) {
            evidence.note_send_time(nanos, ticks);
        }
    }

    /// The clocks by which the steps of its timestamps are an audio's, the usual one first.
    pub fn audio_clocks_hz(&self) -> impl Iterator<Item = u32> + '_ {
        let main = self.main();
        let fixed = main.and_then(|main| static_payload(main.payload_type)).map(|known| known.clock_hz);
        let read = main.filter(|_| fixed.is_none()).map(|main| readings_with_silence(main.step()));
        fixed.into_iter().chain(read.into_iter().flatten())
    }

    /// By what the kind is known, in a sentence.
    pub fn evidence(&self) -> String {
        let Some(main) = self.main() else { return "no packet".to_owned() };
        match (self.kind, static_payload(main.payload_type)) {
            (Some(MediaKind::Rtx { of }), _) => {
                let hits = self.hits.iter().find(|(known, _)| *known == of).map_or(0, |(_, hits)| *hits);
                format!("{hits} of its {} timestamps are those of {of}", self.timestamps)
            }
            (_, Some(known)) => format!("static payload type of RFC 3551, {} Hz", known.clock_hz),
            _ => main.evidence(),
        }
    }

    fn seen(&self) -> Option<MediaKind> {
        let main = self.main()?;
        if let Some(known) = static_payload(main.payload_type) {
            return Some(if known.is_audio { MediaKind::Audio } else { MediaKind::NotAudio });
        }
        if let Some(of) = self.retransmits().filter(|_| !main.looks_like_audio()) {
            return Some(MediaKind::Rtx { of });
        }
        main.is_audio(self.is_alone()).map(|audio| match audio {
            true => MediaKind::Audio,
            false => MediaKind::NotAudio,
        })
    }

    /// Whether hardly any of its timestamps is another stream's: chance, where both count from zero.
    fn is_alone(&self) -> bool {
        self.hits.iter().map(|(_, hits)| hits * 4).sum::<u32>() < self.timestamps
    }

    /// The stream that had most of its timestamps before it.
    fn retransmits(&self) -> Option<Ssrc> {
        let (of, hits) = self.hits.iter().max_by_key(|(_, hits)| *hits)?;
        let is_enough = *hits >= 2 || self.packets >= 3;
        (is_enough && hits * 2 >= self.timestamps).then_some(*of)
    }

    /// The payload type with the most packets.
    fn main(&self) -> Option<&TypeEvidence> {
        let most = self.types.iter().map(|of| of.packets).max()?;
        self.types.iter().find(|of| of.packets == most)
    }

    fn of_type(&mut self, payload_type: PayloadType) -> Option<&mut TypeEvidence> {
        let place = self.types.iter().position(|of| of.payload_type == payload_type);
        let place = match place {
            Some(place) => place,
            None if self.types.len() >= MAX_TYPES => return None,
            None => {
                self.types.push(TypeEvidence::new(payload_type));
                self.types.len() - 1
            }
        };
        self.types.get_mut(place)
    }
}
