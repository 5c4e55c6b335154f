//! What RTCP told of a flow while it was not yet known whether the flow is RTP.

use std::collections::VecDeque;

use crate::survey::Feed;
use crate::units::{CaptureTime, Count, Ssrc};
use remb::CapturedRemb;
use remb::rtt::RttSample;

/// Round trip times and REMBs, in order of time.
#[derive(Debug, Default)]
pub(super) struct Early {
    rtts: VecDeque<RttSample>,
    rembs: VecDeque<EarlyRemb>,
    /// Memory of the REMBs, bytes.
    bytes: usize,
    /// REMBs beyond the most that are kept.
    dropped: Count,
}

/// A REMB, and when it was captured.
#[derive(Debug)]
pub(super) struct EarlyRemb {
    pub(super) at: CaptureTime,
    /// The latest frame time.
    pub(super) order: CaptureTime,
    pub(super) frame: u64,
    pub(super) remb: CapturedRemb,
}

impl EarlyRemb {
    fn bytes(&self) -> usize {
        let ssrcs = self.remb.ssrcs.as_ref().map_or(0, Vec::len);
        size_of::<Self>() + ssrcs * size_of::<Ssrc>()
    }
}

/// More than a call has in the few seconds before its first delivery; beyond, the oldest are dropped.
const MAX_RTTS: usize = 64;
/// More than a comparison could make use of; the same.
const MAX_REMBS: usize = 1024;

impl Early {
    pub(super) fn keep_rtt(&mut self, sample: RttSample) {
        if self.rtts.len() >= MAX_RTTS {
            self.rtts.pop_front();
        }
        self.rtts.push_back(sample);
    }

    pub(super) fn keep_remb(&mut self, kept: EarlyRemb) {
        if self.rembs.len() >= MAX_REMBS {
            self.dropped.add(self.rembs.front().map_or(0, |oldest| oldest.frame));
            self.drop_oldest_remb();
        }
        self.bytes += kept.bytes();
        self.rembs.push_back(kept);
    }

    /// Makes room; no if there is nothing to drop.
    pub(super) fn drop_oldest_remb(&mut self) -> bool {
        let dropped = self.rembs.pop_front();
        self.bytes -= dropped.as_ref().map_or(0, EarlyRemb::bytes);
        dropped.is_some()
    }

    /// REMBs for which there was no room.
    pub(super) const fn dropped(&self) -> Count {
        self.dropped
    }

    /// All REMBs that came.
    pub(super) fn rembs(&self) -> Count {
        let first_frame = self.rembs.front().map_or(0, |remb| remb.frame);
        self.dropped.join(Count { count: self.rembs.len() as u64, first_frame })
    }

    /// Takes all REMBs out.
    pub(super) fn take_rembs(&mut self) -> VecDeque<EarlyRemb> {
        self.bytes = 0;
        std::mem::take(&mut self.rembs)
    }

    /// Takes out those for which this holds.
    pub(super) fn take_rembs_if(&mut self, holds: impl Fn(&CapturedRemb) -> bool) -> Vec<EarlyRemb> {
        let (taken, left): (Vec<_>, Vec<_>) =
            self.take_rembs().into_iter().partition(|kept| holds(&kept.remb));
        left.into_iter().for_each(|kept| self.keep_remb(kept));
        taken
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives it all to the flow's session, which is fed from now on.
    pub(super) fn give<F: Feed>(&mut self, session: usize, feed: &mut F) {
        let Self { rtts, rembs, dropped, .. } = std::mem::take(self);
        self.dropped = dropped;
        rtts.into_iter().for_each(|sample| feed.rtt(session, sample));
        rembs
            .into_iter()
            .for_each(|EarlyRemb { at, order, remb, .. }| feed.recorded(session, at, order, remb));
    }

    /// Its flow was no RTP.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
