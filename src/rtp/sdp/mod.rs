//! What an SDP offer or answer says of RTP: extension ids, payload types, media kinds, RTX pairs (RFC 8866, RFC 8829).
//!
//! Decided from the m= lines and `a=extmap`, `rtpmap`, `fmtp` (`apt`), `rtcp-fb`, `ssrc` and `ssrc-group`; rejected
//! sections and those without RTP say nothing. A line that matters and cannot be read is an error, all others are
//! passed over. Not with `rtc-sdp` 0.21: it refuses a whole text for one line that it does not know, and names no line.

mod error;
mod extmap;
mod line;
mod section;
mod static_codec;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use error::{AmbiguousExtension, ExtensionLine, SdpError};
pub use extmap::HeaderExtension;

use crate::units::{PayloadType, Ssrc};
use error::MAX_SECTIONS;
use extmap::Extmap;
use section::Section;

/// What an offer or answer says of RTP. Where its sections contradict one another, it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionDescription {
    /// By extension, whether in a video section, and id: the line. Range queries give the ids in order.
    extensions: BTreeMap<(HeaderExtension, bool, u8), usize>,
    payloads: BTreeMap<PayloadType, Said<SdpPayload>>,
    kinds: BTreeMap<PayloadType, Said<SdpMedia>>,
    ssrcs: BTreeMap<Ssrc, Said<SdpMedia>>,
    rtx: Vec<RtxPair>,
    goog_remb: bool,
    transport_cc: bool,
}

/// What a section's m= line calls its medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SdpMedia {
    /// `m=audio`
    Audio,
    /// `m=video`
    Video,
    /// Anything else that is sent in RTP.
    Other,
}

/// What a payload type stands for.
#[derive(Debug, Clone, Eq)]
pub struct SdpPayload {
    /// The section's medium.
    pub kind: SdpMedia,
    /// The codec as the text spells it; upper and lower case mean the same.
    pub codec: String,
    /// The RTP clock.
    pub clock_hz: u32,
    /// The payload type whose packets this one repeats, if the codec is RTX (RFC 4588).
    pub rtx_of: Option<PayloadType>,
}

impl PartialEq for SdpPayload {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.clock_hz, self.rtx_of) == (other.kind, other.clock_hz, other.rtx_of)
            && self.codec.eq_ignore_ascii_case(&other.codec)
    }
}

/// A stream and the one that repeats its lost packets (`a=ssrc-group:FID`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RtxPair {
    /// The media stream.
    pub media: Ssrc,
    /// Its retransmissions.
    pub rtx: Ssrc,
}

/// `None` where the sections disagree.
type Said<T> = Option<T>;

impl SessionDescription {
    /// Reads SDP, as it is or as the `sdp` of a JSON object.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        let text = line::unwrapped(text)?;
        let mut session_extensions = Vec::new();
        let mut sections: Vec<Section> = Vec::new();
        for line in line::lines(&text) {
            if let Some(value) = line.text.strip_prefix("m=") {
                if sections.len() == MAX_SECTIONS {
                    return Err(SdpError::TooManySections { line: line.number });
                }
                sections.push(Section::open(line, value)?);
            } else if let Some((name, value)) = line.attribute() {
                match sections.last_mut() {
                    Some(section) => section.read_attribute(line, name, value)?,
                    None if name == "extmap" => session_extensions.extend(Extmap::read(line, value)?),
                    None => {}
                }
            }
        }
        if sections.is_empty() {
            return Err(SdpError::NoMedia);
        }
        Ok(Self::from_sections(sections, &session_extensions))
    }

    /// The id of an extension; `None` where no section with media has it. The video sections' id goes first.
    pub fn extension_id(&self, extension: HeaderExtension) -> Result<Option<u8>, AmbiguousExtension> {
        for is_video in [true, false] {
            let ids = (extension, is_video, u8::MIN)..=(extension, is_video, u8::MAX);
            let mut ids = self.extensions.range(ids).map(|(&(_, _, id), &line)| ExtensionLine { id, line });
            match (ids.next(), ids.next()) {
                (None, _) => {}
                (Some(only), None) => return Ok(Some(only.id)),
                (Some(first), Some(second)) => return Err(AmbiguousExtension { extension, first, second }),
            }
        }
        Ok(None)
    }

    /// That the id of each extension is beyond doubt.
    pub fn check_extensions(&self) -> Result<(), AmbiguousExtension> {
        HeaderExtension::ALL.into_iter().try_for_each(|extension| self.extension_id(extension).map(drop))
    }

    /// What a payload type stands for; `None` where that is not said, or where sections disagree: without BUNDLE each
    /// may use the numbers as it likes.
    pub fn payload(&self, payload_type: PayloadType) -> Option<&SdpPayload> {
        said(&self.kinds, &payload_type)?;
        said(&self.payloads, &payload_type)
    }

    /// The medium of a stream: by its SSRC if a section declares that, else by its payload type.
    pub fn media_of(&self, ssrc: Ssrc, payload_type: PayloadType) -> Option<SdpMedia> {
        said(&self.ssrcs, &ssrc).or_else(|| said(&self.kinds, &payload_type)).copied()
    }

    /// Whether any payload type has the feedback message REMB (`goog-remb`).
    pub const fn goog_remb(&self) -> bool {
        self.goog_remb
    }

    /// Whether any payload type has transport-wide feedback (`transport-cc`).
    pub const fn transport_cc(&self) -> bool {
        self.transport_cc
    }

    /// The pairs of a stream and its retransmissions, in the order of the text.
    pub fn rtx_ssrcs(&self) -> &[RtxPair] {
        &self.rtx
    }

    fn from_sections(mut sections: Vec<Section>, session_extensions: &[Extmap]) -> Self {
        let mut session = Self::default();
        sections.retain(Section::counts);
        for is_video in [true, false] {
            if sections.iter().any(|section| section.is_video() == is_video) {
                session.note_extensions(session_extensions, is_video);
            }
        }
        for section in sections {
            session.note_extensions(&section.extensions, section.is_video());
            for format in &section.formats {
                note(&mut session.kinds, format.payload_type, section.kind);
                if let Some(payload) = format.payload(section.kind) {
                    note(&mut session.payloads, format.payload_type, payload);
                }
            }
            for ssrc in section.ssrcs {
                note(&mut session.ssrcs, ssrc, section.kind);
            }
            session.rtx.extend(section.rtx);
            session.goog_remb |= section.has_goog_remb;
            session.transport_cc |= section.has_transport_cc;
        }
        session
    }

    fn note_extensions(&mut self, lines: &[Extmap], is_video: bool) {
        for Extmap { extension, at } in lines {
            self.extensions.entry((*extension, is_video, at.id)).or_insert(at.line);
        }
    }
}

fn said<'a, K: Ord, T>(known: &'a BTreeMap<K, Said<T>>, key: &K) -> Option<&'a T> {
    known.get(key)?.as_ref()
}

fn note<K: Ord, T: PartialEq>(known: &mut BTreeMap<K, Said<T>>, key: K, value: T) {
    match known.entry(key) {
        Entry::Vacant(place) => {
            place.insert(Some(value));
        }
        Entry::Occupied(mut place) if place.get().as_ref() != Some(&value) => {
            place.insert(None);
        }
        Entry::Occupied(_) => {}
    }
}
