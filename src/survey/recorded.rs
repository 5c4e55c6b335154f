//! What was counted of one side's RTCP: packets by type, and the REMBs that steer one flow.

use crate::model::{RateRange, RecordedRembs as RecordedTally};
use crate::units::Count;
use remb::CapturedRemb;

use super::early::EarlyRemb;

/// RTCP packets by type, 192 to 223, ascending.
#[derive(Debug, Default)]
pub(super) struct RtcpTypes(Vec<(u8, u64)>);

impl RtcpTypes {
    pub(super) fn add(&mut self, packet_type: u8) {
        match self.0.binary_search_by_key(&packet_type, |(known, _)| *known) {
            Ok(place) => self.0.iter_mut().skip(place).take(1).for_each(|(_, count)| *count += 1),
            Err(place) => self.0.insert(place, (packet_type, 1)),
        }
    }

    /// Types seen, ascending, and how often.
    pub(super) fn seen(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().copied()
    }
}

/// The REMBs that steer one flow.
#[derive(Debug, Default)]
pub(super) struct RecordedRembs {
    last: Option<CapturedRemb>,
    /// All, repeats included.
    pub(super) all: Count,
    pub(super) tally: RecordedTally,
}

impl RecordedRembs {
    /// Takes the next REMB; whether it is another than the one before.
    pub(super) fn observe(&mut self, EarlyRemb { remb, frame, .. }: &EarlyRemb) -> bool {
        self.all.add(*frame);
        self.tally.count += 1;
        self.tally.cut += u64::from(remb.ssrcs.is_none());
        if self.last.as_ref().is_some_and(|last| remb.is_repeat_of(last)) {
            self.tally.repeats += 1;
            return false;
        }
        self.tally.sender_ssrc = Some(remb.sender_ssrc);
        self.tally.rates = Some(RateRange::with(self.tally.rates, remb.bitrate));
        self.last = Some(remb.clone());
        true
    }
}
