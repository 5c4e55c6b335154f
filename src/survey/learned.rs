//! What a reading of a capture found out, some of it too late. A second reading that is told so from the start writes what
//! it would have written had signalling been at hand.

use std::collections::HashMap;

use crate::decode::FiveTuple;
use crate::model::{Flow, LateFinding, Warning};
use crate::units::Ssrc;

use super::lookup::LearnedId;
use super::stream::LearnedStream;

/// What was found out of each flow of a capture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    pub(super) flows: HashMap<FiveTuple, LearnedFlow>,
    pub(super) late: Vec<LateFinding>,
}

/// What was found out of one flow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LearnedFlow {
    pub(super) abs_send_time: LearnedId,
    pub(super) transport_cc: LearnedId,
    pub(super) transmission_offset: LearnedId,
    pub(super) abs_capture_time: LearnedId,
    pub(super) srtp_tag_len: Option<usize>,
    pub(super) streams: HashMap<Ssrc, LearnedStream>,
}

impl Learned {
    /// What was found out too late; empty where a second reading would change nothing.
    pub fn late(&self) -> &[LateFinding] {
        &self.late
    }

    /// Says of each of these that the capture was read again for it; `flows` are those of the second reading.
    pub fn notes(&self, flows: &[Flow]) -> Vec<Warning> {
        let is_of =
            |flow: &Flow, late: &LateFinding| flow.flow == late.flow || flow.also_on.contains(&late.flow);
        let place = |late: &LateFinding| flows.iter().position(|flow| is_of(flow, late));
        self.late.iter().map(|late| Warning::read_twice(late, place(late))).collect()
    }

    pub(super) fn flow(&self, flow: &FiveTuple) -> Option<&LearnedFlow> {
        self.flows.get(flow)
    }
}
