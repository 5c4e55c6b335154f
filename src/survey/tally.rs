//! Frames by what they were and what they carried.

use std::collections::BTreeMap;

use crate::capture::{Frame, LinkType};
use crate::decode::{Carrier, Datagram};
use crate::rtp::PacketClass;
use crate::units::CaptureTime;
use crate::units::Count;

use super::clock_grain::ClockGrain;

/// What was seen, flow or not.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) frames: u64,
    pub(super) truncated: u64,
    pub(super) grain: ClockGrain,
    pub(super) time_steps_back: Count,
    /// The largest of them, nanoseconds.
    pub(super) largest_step_back: i64,
    /// Of the last frame.
    pub(super) last_at: CaptureTime,
    pub(super) over_flow_limit: Count,
    pub(super) over_ssrc_limit: Count,
    /// RTCP of more pairs of ports than are kept.
    pub(super) over_conversation_limit: Count,
    pub(super) decided_early: Count,
    /// Datagrams with RTP of which not all is read, or so it seems: larger than any link lets pass, and nothing in them tells
    /// where another packet begins; or the snaplen hides it.
    pub(super) oversized: Count,
    /// Datagrams that were taken apart.
    pub(super) aggregated: Count,
    /// What they held beyond their first packets.
    pub(super) further_segments: u64,
    /// Of the last frame.
    link_type: LinkType,
    /// Frames by link type, without those since it was last another.
    link_types: Vec<(LinkType, u64)>,
    /// Frames that are counted there.
    counted: u64,
    classes: [u64; PacketClass::ALL.len()],
    carriers: [u64; Carrier::ALL.len()],
}

/// Link types that are told apart; a capture with more names the first ones.
const MAX_LINK_TYPES: usize = 64;

impl Tally {
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.truncated += u64::from(frame.is_truncated());
        self.grain.observe(frame.at);
        if frame.link_type != self.link_type {
            self.change_link_type(frame.link_type);
        }
    }

    #[cold]
    fn change_link_type(&mut self, link_type: LinkType) {
        let before = self.frames - 1;
        count_frames(&mut self.link_types, self.link_type, before - self.counted);
        (self.link_type, self.counted) = (link_type, before);
    }

    #[inline]
    pub(super) fn datagram(&mut self, class: PacketClass, datagram: &Datagram<'_>) {
        add(&mut self.classes, class as usize);
        add(&mut self.carriers, datagram.carrier as usize);
    }

    /// Another packet in the same datagram.
    pub(super) fn further_segment(&mut self, class: PacketClass) {
        add(&mut self.classes, class as usize);
        self.further_segments += 1;
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
        let mut link_types = self.link_types.clone();
        count_frames(&mut link_types, self.link_type, self.frames - self.counted);
        let mut by_name = BTreeMap::new();
        for (link_type, count) in link_types {
            *by_name.entry(link_type.to_string()).or_insert(0) += count;
        }
        by_name
    }
}

fn count_frames(link_types: &mut Vec<(LinkType, u64)>, link_type: LinkType, frames: u64) {
    let is_full = link_types.len() == MAX_LINK_TYPES;
    match link_types.iter_mut().find(|(known, _)| *known == link_type) {
        Some((_, count)) => *count += frames,
        None if frames == 0 || is_full => {}
        None => link_types.push((link_type, frames)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameNumber;

    #[test]
    fn frames_are_counted_by_the_name_of_their_link_type() {
        let mut tally = Tally::default();
        for number in [1, 1, 113, 1, 12, 0, 101] {
            tally.frame(&Frame {
                number: FrameNumber(1),
                at: CaptureTime::default(),
                nanoseconds: false,
                link_type: LinkType(number),
                data: &[],
                original_len: 0,
                direction: None,
                log: None,
            });
        }
        let counts = [("BSD loopback", 1), ("Ethernet", 3), ("Linux cooked", 1), ("raw IP", 2)];
        assert_eq!(tally.link_types(), counts.map(|(name, count)| (name.to_owned(), count)).into());
    }
}
