//! Frames by what they were and what they carried.

use std::collections::BTreeMap;

use crate::capture::{Frame, LinkType};
use crate::decode::{Carrier, Datagram};
use crate::flow::PacketClass;
use crate::report::summary::Count;
use crate::units::CaptureTime;

/// What was seen, flow or not.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) frames: u64,
    pub(super) truncated: u64,
    pub(super) time_steps_back: Count,
    /// Of the last frame.
    pub(super) last_at: CaptureTime,
    pub(super) over_flow_limit: Count,
    pub(super) over_ssrc_limit: Count,
    pub(super) decided_early: Count,
    /// RTP packets larger than any link lets pass: offload put several together.
    pub(super) oversized: Count,
    /// Link types in order of appearance.
    link_types: Vec<(LinkType, u64)>,
    /// The place of the last one there.
    last_link_type: usize,
    classes: [u64; PacketClass::ALL.len()],
    carriers: [u64; Carrier::ALL.len()],
}

/// Link types that are told apart; a capture with more names the first ones.
const MAX_LINK_TYPES: usize = 64;
/// What an Ethernet frame holds, less the headers of IPv4 and UDP.
const MAX_PAYLOAD: usize = 1500 - 28;

impl Tally {
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.truncated += u64::from(frame.is_truncated());
        match self.link_types.get_mut(self.last_link_type) {
            Some((known, count)) if *known == frame.link_type => *count += 1,
            _ => self.other_link_type(frame.link_type),
        }
    }

    #[cold]
    fn other_link_type(&mut self, link_type: LinkType) {
        let place = match self.link_types.iter().position(|(known, _)| *known == link_type) {
            Some(place) => place,
            None if self.link_types.len() == MAX_LINK_TYPES => return,
            None => {
                self.link_types.push((link_type, 0));
                self.link_types.len() - 1
            }
        };
        self.last_link_type = place;
        if let Some((_, count)) = self.link_types.get_mut(place) {
            *count += 1;
        }
    }

    #[inline]
    pub(super) fn datagram(&mut self, class: PacketClass, datagram: &Datagram<'_>, frame: u64) {
        add(&mut self.classes, class as usize);
        add(&mut self.carriers, datagram.carrier as usize);
        if class == PacketClass::Rtp && datagram.payload_len > MAX_PAYLOAD {
            self.oversized.add(frame);
        }
    }

    /// UDP payloads of a class.
    pub(super) fn of_class(&self, class: PacketClass) -> u64 {
        self.classes.get(class as usize).copied().unwrap_or(0)
    }

    /// UDP payloads by class.
    pub(super) fn classes(&self) -> BTreeMap<&'static str, u64> {
        seen(PacketClass::ALL.map(PacketClass::name), &self.classes)
    }

    /// Datagrams by what carried them.
    pub(super) fn carriers(&self) -> BTreeMap<&'static str, u64> {
        seen(Carrier::ALL.map(Carrier::name), &self.carriers)
    }

    /// Frames by link type.
    pub(super) fn link_types(&self) -> BTreeMap<String, u64> {
        self.link_types.iter().map(|(link_type, count)| (link_type.to_string(), *count)).collect()
    }
}

fn add(counts: &mut [u64], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

fn seen<const N: usize>(names: [&'static str; N], counts: &[u64; N]) -> BTreeMap<&'static str, u64> {
    names.into_iter().zip(*counts).filter(|(_, count)| *count > 0).collect()
}
