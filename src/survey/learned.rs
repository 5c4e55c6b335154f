//! What a reading of a capture found out, some of it too late. A second reading that is told so from the start writes what
//! it would have written had signalling been at hand.

use std::collections::HashMap;

use crate::decode::FiveTuple;
use crate::model::LateFinding;
use crate::units::Ssrc;

use super::Survey;
use super::lookup::LearnedId;
use super::session::Session;
use super::stream::LearnedStream;

/// What was found out of each flow of a capture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    flows: HashMap<FiveTuple, LearnedFlow>,
    late: Vec<LateFinding>,
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

    pub(super) fn flow(&self, flow: &FiveTuple) -> Option<&LearnedFlow> {
        self.flows.get(flow)
    }
}

impl Survey {
    /// What was found out, and what of it too late; call it after [`Survey::finish`].
    pub fn learned(&self) -> Learned {
        let state = &self.state;
        let sessions = || state.sessions.iter().filter(|session| session.carries_rtp());
        let late = sessions().flat_map(|session| session.late_findings(state)).collect::<Vec<_>>();
        if late.is_empty() {
            return Learned::default();
        }
        let flows = sessions().map(|session| (session.flow, session.learned(state))).collect();
        Learned { flows, late }
    }
}

impl Session {
    fn learned(&self, state: &super::SurveyState) -> LearnedFlow {
        let clock_of = |ssrc, payload_type| self.streams.clock_of(ssrc, payload_type);
        LearnedFlow {
            abs_send_time: self.extensions.abs_send_time.learned(&clock_of),
            transport_cc: self.extensions.transport_cc.learned(&clock_of),
            transmission_offset: self.extensions.transmission_offset.learned(&clock_of),
            abs_capture_time: self.extensions.abs_capture_time.learned(&clock_of),
            srtp_tag_len: Some(self.srtp_tag_len_at_last(state)),
            streams: self.rtp_streams().map(|stream| (stream.ssrc, stream.learned())).collect(),
        }
    }
}
