//! What was asked for and is not in the capture: a slip of the finger, or another capture than was meant.

use crate::flow::{FiveTuple, Transport};
use crate::report::summary::Warning;
use crate::units::Ssrc;

use super::Line;

const CODE: &str = "W-UNMATCHED";

impl Line {
    /// A doubt for each flag whose value nothing answers to.
    pub(super) fn unmatched(&self) -> Vec<Warning> {
        let streams = || self.sessions.iter().flat_map(|session| session.streams.iter());
        let is_unknown = |ssrc: &&Ssrc| !streams().any(|stream| stream.ssrc == **ssrc);
        let config = &self.config;
        let flows = config.flows.iter().filter(|flow| !self.has_flow(flow));
        let flows = flows.map(|flow| format!("--flow {flow}: no such flow with RTP"));
        let ssrcs = [("--ssrc", &config.ssrcs), ("--exclude-ssrc", &config.exclude_ssrcs)];
        let ssrcs = ssrcs.into_iter().flat_map(|(flag, list)| list.iter().map(move |ssrc| (flag, ssrc)));
        let ssrcs = ssrcs.filter(|(_, ssrc)| is_unknown(ssrc));
        let ssrcs = ssrcs.map(|(flag, ssrc)| format!("{flag} {ssrc}: no such stream"));
        let id = config.abs_send_time_id.filter(|id| *id > 0 && !self.has_element(*id));
        let id = id.map(|id| format!("--abs-send-time-id {id}: no packet has it"));
        let messages = flows.chain(ssrcs).chain(id);
        messages.map(|message| Warning { code: CODE, flow: None, message, count: None }).collect()
    }

    fn has_flow(&self, wanted: &FiveTuple) -> bool {
        let ways = [Transport::Udp, Transport::Tcp].map(|transport| wanted.over(transport));
        ways.iter().filter(|flow| wanted.means(flow)).any(|flow| {
            let place = self.flows.session(flow);
            place.and_then(|place| self.sessions.get(place)).is_some()
        })
    }

    fn has_element(&self, id: u8) -> bool {
        let mut elements = self.sessions.iter().flat_map(|session| session.layout.elements());
        elements.any(|element| element.id == id)
    }
}
