//! Audio or not, and the RTP clock, from what the network cannot bend: the order of sequence numbers, timestamps and
//! markers of one stream, and the timestamps of the streams beside it.

use super::beside::{Beside, Neighbour};
use super::customary::readings_with_silence;
use super::evidence::{GuessedBy, KindShown};
use super::static_payload::static_payload;
use super::type_evidence::TypeEvidence;
use super::walk::Walk;
use crate::rtp::RtpPacket;
use crate::rtp::VIDEO_CLOCK_HZ;
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
    pub by: GuessedBy,
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
    /// Streams with timestamps near to its own.
    beside: Beside,
    /// Different timestamps of its own.
    timestamps: u32,
    recent: [Option<u32>; OWN_TIMESTAMPS],
    /// Packets since the kind that is now seen was first seen.
    agreeing: u32,
    kind: Option<MediaKind>,
}

/// A further payload type is not followed.
const MAX_TYPES: usize = 8;
/// Retransmissions come out of order: a timestamp is new if it is none of so many.
const OWN_TIMESTAMPS: usize = 8;
/// A kind that so many packets did not change is final.
const FINAL_AFTER: u32 = 100;
/// They may all be of one frame, which tells little.
const MIN_TIMESTAMPS: u32 = 5;
const FINAL_WITHOUT_TIMESTAMPS: u32 = 1000;

impl KindFinder {
    /// Takes the stream's next packet in capture order.
    pub fn observe(&mut self, packet: &RtpPacket<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.last_type = Some(packet.payload_type());
        let step = self.walk.step(packet);
        if let Some(evidence) = self.of_type(packet.payload_type()) {
            evidence.observe(packet, step);
        }
        if self.is_new_timestamp(packet.timestamp()) {
            self.recent.rotate_right(1);
            self.recent[0] = Some(packet.timestamp());
            self.timestamps = self.timestamps.saturating_add(1);
        }
        let kind = self.seen();
        let agrees = kind.is_some() && kind == self.kind;
        self.agreeing = if agrees { self.agreeing.saturating_add(1) } else { 0 };
        self.kind = kind.or(self.kind);
    }

    /// The next packet's timestamp is new to the stream, and near to those of a stream with another payload type.
    pub fn note_neighbour(&mut self, neighbour: Neighbour) {
        self.beside.note(neighbour);
    }

    /// Whether a timestamp is new to the stream.
    pub fn is_new_timestamp(&self, timestamp: u32) -> bool {
        !self.recent.contains(&Some(timestamp))
    }

    /// The payload type of the latest packet.
    pub fn last_payload_type(&self) -> Option<PayloadType> {
        self.last_type
    }

    /// Packets so far.
    pub const fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload types and streams beside it that are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.types.len() + self.beside.len()
    }

    /// The kind that the packets show so far.
    pub const fn kind(&self) -> Option<MediaKind> {
        self.kind
    }

    /// Whether further packets are not going to change it.
    pub const fn is_final(&self) -> bool {
        let is_enough = self.timestamps >= MIN_TIMESTAMPS || self.agreeing >= FINAL_WITHOUT_TIMESTAMPS;
        self.agreeing >= FINAL_AFTER && is_enough
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
        let near = self
            .beside
            .most_exact(self.ends_frames())
            .or_else(|| self.beside.most_among(self.ends_frames()).filter(|_| !looks_like_audio));
        let (kind, by, is_doubtful) = match (near, by_type, beside) {
            (Some((of, _)), ..) => (MediaKind::Rtx { of }, GuessedBy::SharedTimestamp, false),
            _ if repeats => (MediaKind::NotAudio, GuessedBy::RepeatedTimestamp, false),
            (_, Some(kind), _) => (kind, GuessedBy::SamePayloadType, false),
            _ if looks_like_audio => (MediaKind::Audio, GuessedBy::AudioSteps, true),
            (.., Some(of)) => (MediaKind::Rtx { of }, GuessedBy::NearTimestamps, false),
            _ => (MediaKind::NotAudio, GuessedBy::Nothing, true),
        };
        Guess { kind, by, is_doubtful }
    }

    /// The clock that a payload type's timestamps count in, in Hz, if the stream is of this kind.
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
            self.kind = self.seen().or(self.kind);
        }
    }

    /// Takes back what was said of send time.
    pub fn forget_send_time(&mut self) {
        self.types.iter_mut().for_each(|evidence| evidence.note_send_time(0, 0));
        self.kind = self.seen().or(self.kind);
    }

    /// The clocks by which the steps of a payload type's timestamps are an audio's, the usual one first.
    pub fn audio_clocks_hz(&self, payload_type: PayloadType) -> impl Iterator<Item = u32> + '_ {
        let fixed = static_payload(payload_type).map(|known| known.clock_hz);
        // Keys stay under one timestamp while time goes by.
        let counts = move |of: &&TypeEvidence| of.payload_type == payload_type && !of.repeats();
        let of_type = self.types.iter().find(counts).filter(|_| fixed.is_none());
        fixed.into_iter().chain(of_type.map(|of| readings_with_silence(of.step())).into_iter().flatten())
    }

    /// Whether it passes for audio by steps that frames of video have too, and no send time tells which it is.
    pub fn may_be_video(&self) -> bool {
        let main = self.main().filter(|main| static_payload(main.payload_type).is_none());
        self.kind == Some(MediaKind::Audio) && main.is_some_and(TypeEvidence::may_be_video)
    }

    /// The same with the marker on every packet, as on every frame of video, or with packets longer than any frame of
    /// audio.
    pub fn is_doubtful(&self) -> bool {
        self.may_be_video() && self.main().is_some_and(|main| main.is_marked() || main.is_long())
    }

    /// By what the kind is known.
    pub fn shown(&self) -> KindShown {
        let Some(main) = self.main() else { return KindShown::NoPacket };
        match (self.kind, static_payload(main.payload_type)) {
            (Some(MediaKind::Rtx { of }), _) => {
                KindShown::Beside { of, among: self.beside.among(of), timestamps: self.timestamps }
            }
            (Some(MediaKind::Audio), None) => {
                KindShown::Packets { keys: self.keys().map(TypeEvidence::keys_shown), main: main.shown() }
            }
            (_, Some(known)) => KindShown::StaticPayloadType { clock_hz: known.clock_hz },
            _ => KindShown::Packets { keys: None, main: main.shown() },
        }
    }

    fn seen(&self) -> Option<MediaKind> {
        let main = self.main()?;
        if let Some(known) = static_payload(main.payload_type) {
            return Some(if known.is_audio { MediaKind::Audio } else { MediaKind::NotAudio });
        }
        if self.keys().is_some() || self.has_audio_type() {
            return Some(MediaKind::Audio);
        }
        if let Some(of) = self.retransmits().filter(|_| !main.looks_like_audio()) {
            return Some(MediaKind::Rtx { of });
        }
        main.is_audio(self.is_alone()).map(|audio| match (audio, self.retransmits_lost()) {
            (true, _) => MediaKind::Audio,
            (false, Some(of)) => MediaKind::Rtx { of },
            (false, None) => MediaKind::NotAudio,
        })
    }

    /// Keys that are pressed (RFC 4733): they share an SSRC with audio, and with nothing else.
    fn keys(&self) -> Option<&TypeEvidence> {
        let keys = self.types.iter().find(|of| of.are_keys());
        keys.filter(|_| self.types.len() > 1 && self.is_alone())
    }

    /// Whether one of several payload types is audio's: what else shares its SSRC is part of it, as keys and comfort noise
    /// are. Frames of video beside it would end with the marker bit.
    fn has_audio_type(&self) -> bool {
        let shows_audio = |of: &TypeEvidence| !of.is_marked() && of.is_audio(self.is_alone()) == Some(true);
        let shows_video = |of: &TypeEvidence| of.ends_frames();
        self.types.len() > 1 && self.types.iter().any(shows_audio) && !self.types.iter().any(shows_video)
    }

    /// Whether hardly any of its timestamps is another stream's: chance, where both count from zero.
    fn is_alone(&self) -> bool {
        self.beside.exact().saturating_mul(4) < self.timestamps
    }

    /// The stream that had most of its timestamps before it.
    fn retransmits(&self) -> Option<Ssrc> {
        let (of, hits) = self.beside.most_exact(self.ends_frames())?;
        let is_enough = hits >= 2 || self.packets >= 3;
        (is_enough && hits.saturating_mul(2) >= self.timestamps).then_some(of)
    }

    /// The same where the timestamps were lost there with their packets, and are between others: it is not proof enough
    /// against audio, of which all timestamps may lie there by chance.
    fn retransmits_lost(&self) -> Option<Ssrc> {
        let (of, among) = self.beside.most_among(self.ends_frames())?;
        (among >= 2 && among.saturating_mul(3) >= self.timestamps.saturating_mul(2)).then_some(of)
    }

    fn ends_frames(&self) -> bool {
        self.main().is_some_and(TypeEvidence::ends_frames)
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
                self.types.reserve_exact(1);
                self.types.push(TypeEvidence::new(payload_type));
                self.types.len() - 1
            }
        };
        self.types.get_mut(place)
    }
}

#[cfg(test)]
mod tests;
