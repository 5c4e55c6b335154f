//! What was asked for and is not in the capture: a slip of the finger, or another capture than was meant.

use crate::decode::{FiveTuple, Transport};
use crate::model::{Doubt, SaidInVain};
use crate::units::Ssrc;

use super::SurveyState;
use super::doubts::Doubts;

impl SurveyState {
    /// A doubt for each flag whose value nothing answers to.
    pub(super) fn unmatched(&self, doubts: &mut Doubts) {
        let streams = || self.sessions.iter().flat_map(|session| session.streams.iter());
        let is_unknown = |ssrc: &&Ssrc| !streams().any(|stream| stream.ssrc == **ssrc);
        let config = &self.config;
        let flows = config.flows.iter().filter(|flow| !self.has_flow(flow)).copied().map(SaidInVain::Flow);
        let ssrcs = config.ssrcs.iter().filter(is_unknown).copied().map(SaidInVain::Ssrc);
        let excluded = config.exclude_ssrcs.iter().filter(is_unknown).copied().map(SaidInVain::ExcludedSsrc);
        let id = config.abs_send_time_id.filter(|id| *id > 0 && !self.has_element(*id));
        let all = flows.chain(ssrcs).chain(excluded).chain(id.map(SaidInVain::AbsSendTimeId));
        all.for_each(|said| doubts.add_uncounted(Doubt::Unmatched(said)));
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
