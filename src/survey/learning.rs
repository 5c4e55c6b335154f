//! What a second reading of a capture is to be told.

use super::learned::{Learned, LearnedFlow};
use super::session::Session;
use super::{Survey, SurveyState};

impl Survey {
    /// What was found out, and what of it too late; call it after [`Survey::finish`].
    pub fn learned(&self) -> Learned {
        let state = &self.state;
        let sessions = || state.with_rtp();
        let late = sessions().flat_map(|session| session.late_findings(state)).collect::<Vec<_>>();
        if late.is_empty() {
            return Learned::default();
        }
        let flows = sessions().map(|session| (session.flow, session.learned(state))).collect();
        Learned { flows, late }
    }
}

impl Session {
    fn learned(&self, state: &SurveyState) -> LearnedFlow {
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
