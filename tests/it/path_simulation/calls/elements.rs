//! Header extension elements: which a call has, under which ids, and what is in them.

use super::packet::{Packet, Role};
use super::random::Random;

/// What an element means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    AbsSendTime {
        on_audio: bool,
    },
    TransmissionOffset,
    /// Three bytes that never change.
    PlayoutDelay,
    /// Three bytes: flags and template, frame number; more on a key frame's first packet.
    DependencyDescriptor,
    /// Three bytes of noise, as an encrypted element has.
    Noise {
        on_audio: bool,
    },
    /// Three bytes of a clock or counter that is none of abs-send-time.
    Lookalike {
        like: Like,
        on_audio: bool,
    },
    /// Two bytes that count the flow's packets.
    TransportSequence {
        on_audio: bool,
    },
    AudioLevel,
    Mid,
    /// Eight bytes, once in a while.
    AbsCaptureTime,
    Orientation,
}

/// What moves otherwise than abs-send-time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Like {
    /// So much a packet of the flow.
    Counter(i64),
    /// So much a packet of the SSRC.
    OwnCounter(i64),
    /// So many a second.
    Clock(i64),
    /// Whole milliseconds, 256 units each.
    CoarseMilliseconds,
    Constant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) meaning: Meaning,
    pub(super) id: u8,
}

/// In the order in which packets have them.
pub(super) fn draw_elements(random: &mut Random, two_byte: bool) -> Vec<Element> {
    let mut meanings = Vec::new();
    let mut perhaps = |share: i64, meaning: Meaning| {
        if random.percent(share) {
            meanings.push(meaning);
        }
    };
    perhaps(55, Meaning::TransmissionOffset);
    perhaps(50, Meaning::PlayoutDelay);
    perhaps(35, Meaning::DependencyDescriptor);
    perhaps(60, Meaning::AudioLevel);
    perhaps(60, Meaning::Mid);
    perhaps(15, Meaning::AbsCaptureTime);
    perhaps(15, Meaning::Orientation);
    if random.percent(20) {
        meanings.push(Meaning::Noise { on_audio: random.percent(50) });
    }
    if random.percent(78) {
        meanings.push(Meaning::AbsSendTime { on_audio: random.percent(65) });
    }
    let last = if two_byte { random.pick(&[14, 30, 255]) } else { 14 };
    let ids = random.shuffled((1..=last).collect::<Vec<u8>>());
    let elements = meanings.into_iter().zip(ids).map(|(meaning, id)| Element { meaning, id });
    random.shuffled(elements.collect())
}

impl Meaning {
    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::AbsSendTime { .. } => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Self::TransmissionOffset => "urn:ietf:params:rtp-hdrext:toffset",
            Self::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            Self::DependencyDescriptor => {
                "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
            }
            Self::Noise { .. } => "urn:example:three-bytes",
            Self::Lookalike { .. } => "urn:example:lookalike",
            Self::TransportSequence { .. } => {
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
            }
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::AbsCaptureTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
            Self::Orientation => "urn:3gpp:video-orientation",
        }
    }

    /// Whether a section lists it.
    pub(super) fn is_of(self, audio: bool) -> bool {
        match self {
            Self::AbsSendTime { on_audio }
            | Self::Noise { on_audio }
            | Self::Lookalike { on_audio, .. }
            | Self::TransportSequence { on_audio } => !audio || on_audio,
            Self::Mid => true,
            Self::AudioLevel | Self::AbsCaptureTime => audio,
            _ => !audio,
        }
    }

    /// Its value in a packet that has it; `at` is the sender's clock.
    fn value(self, packet: &Packet, at: i64, has_send_time: bool) -> Option<Vec<u8>> {
        let is_audio = packet.role == Role::Audio;
        if !self.is_of(is_audio) || (packet.padding > 0 && !self.is_on_padding()) {
            return None;
        }
        let three = |value: i64| (value as u32).to_be_bytes()[1..].to_vec();
        Some(match self {
            Self::AbsSendTime { .. } if !has_send_time => return None,
            Self::AbsSendTime { .. } => three((((i128::from(at) << 18) / 1_000_000) & 0xff_ffff) as i64),
            Self::TransmissionOffset => three((packet.sent - packet.captured) / 1_000 * 90),
            Self::PlayoutDelay => vec![0x00, 0xa0, 0x32],
            Self::DependencyDescriptor => {
                let flags = u8::from(packet.begins_frame) << 7 | u8::from(packet.marker) << 6;
                let [high, low] = (packet.frame as u16).to_be_bytes();
                let mut value = vec![flags | (packet.frame % 4) as u8, high, low];
                if packet.begins_frame && packet.is_key {
                    value.extend([0x80, 0x00, 0x14, 0x51, 0x60, 0x12, 0x05]);
                }
                value
            }
            Self::Noise { .. } => three(Random::new(packet.noise).next() as i64 & 0xff_ffff),
            Self::Lookalike { like, .. } => three(like.value(packet, at) & 0xff_ffff),
            Self::TransportSequence { on_audio } => {
                (packet.order[usize::from(!on_audio)] as u16).to_be_bytes().to_vec()
            }
            Self::AudioLevel => vec![0x80 | (packet.noise % 50) as u8],
            Self::Mid => vec![if is_audio { b'0' } else { b'1' }],
            Self::AbsCaptureTime if packet.frame.is_multiple_of(50) => {
                ((i128::from(at) << 32) / 1_000_000).to_be_bytes()[8..].to_vec()
            }
            Self::Orientation if packet.is_key && packet.marker => vec![0],
            Self::AbsCaptureTime | Self::Orientation => return None,
        })
    }

    fn is_on_padding(self) -> bool {
        matches!(
            self,
            Self::AbsSendTime { .. } | Self::TransmissionOffset | Self::Mid | Self::TransportSequence { .. }
        )
    }
}

impl Like {
    fn value(self, packet: &Packet, at: i64) -> i64 {
        match self {
            Self::Counter(by) => packet.order[0] as i64 * by,
            Self::OwnCounter(by) => i64::from(packet.sequence_number) * by,
            Self::Clock(hz) => (i128::from(at) * i128::from(hz) / 1_000_000 % (1 << 24)) as i64,
            Self::CoarseMilliseconds => at / 1_000 % 65_536 * 256,
            Self::Constant => 0x12_d6_87,
        }
    }
}

/// The extension block with its own head; nothing where no element is in it.
pub(super) fn block(
    elements: &[Element],
    two_byte: bool,
    packet: &Packet,
    at: i64,
    has_send_time: bool,
) -> Vec<u8> {
    let mut content = Vec::new();
    for element in elements {
        let Some(value) = element.meaning.value(packet, at, has_send_time) else { continue };
        let len = value.len() as u8;
        match two_byte {
            true => content.extend([element.id, len]),
            false => content.push(element.id << 4 | (len - 1)),
        }
        content.extend(value);
    }
    if content.is_empty() {
        return content;
    }
    content.resize(content.len().next_multiple_of(4), 0);
    let profile: u16 = if two_byte { 0x1000 } else { 0xbede };
    let words = content.len() as u16 / 4;
    [&profile.to_be_bytes()[..], &words.to_be_bytes(), &content].concat()
}
