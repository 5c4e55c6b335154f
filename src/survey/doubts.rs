//! Doubts about a capture, each with how many frames it concerns and the first of them.

use crate::model::{Doubt, Limit, Warning};
use crate::rtp::PacketClass;
use crate::streams::ClockDrift;
use crate::units::{Count, TimeDelta};

use super::ledger::Skip;
use super::session::Session;
use super::stream::Stream;
use super::{Survey, SurveyState};

/// From here on the capture's clock is no clock of that call: crystals are off by a hundredth of it.
const RATE_PPM: f64 = 10_000.0;
/// Queues fill and drain by less at once.
const LEAST_CLOCK_STEP: TimeDelta = TimeDelta::from_millis(100);
/// Crystals are off by less; a gradient of this size is a tenth of the threshold.
const DRIFT_PPM: f64 = 500.0;

impl Survey {
    /// All that a reader of the result should know; flows by their place among those with RTP.
    pub(super) fn doubts(&self) -> Vec<Warning> {
        let state = &self.state;
        let mut doubts = Doubts::default();
        for (index, session) in state.with_rtp().enumerate() {
            let mut of_flow = FlowDoubts { doubts: &mut doubts, index };
            state.of_flow(session, &mut of_flow);
            state.of_inference(session, &mut of_flow);
        }
        state.of_streams_on_several_flows(&mut doubts);
        state.of_frames(&mut doubts);
        self.of_decoder(&mut doubts);
        state.of_rtcp(&mut doubts);
        state.of_limits(&mut doubts);
        state.unmatched(&mut doubts);
        doubts.0
    }

    fn of_decoder(&self, doubts: &mut Doubts) {
        let tcp = self.decoder.tcp_counts();
        doubts.add(Doubt::UdpLength, self.decoder.overlong_datagrams());
        doubts.add(Doubt::Fragments, self.decoder.fragment_counts().incomplete);
        doubts.add(Doubt::TcpGaps, tcp.gaps);
        doubts.add(Doubt::Limit(Limit::Tcp), tcp.over_limit);
    }
}

/// Collects those that concern anything at all.
#[derive(Default)]
pub(super) struct Doubts(Vec<Warning>);

impl Doubts {
    pub(super) fn add(&mut self, doubt: Doubt, count: Count) {
        if count.count > 0 {
            self.0.push(Warning { doubt, flow: None, count: Some(count) });
        }
    }

    /// What concerns no frame.
    pub(super) fn add_uncounted(&mut self, doubt: Doubt) {
        self.0.push(Warning { doubt, flow: None, count: None });
    }
}

/// Collects those of one flow.
pub(super) struct FlowDoubts<'a> {
    doubts: &'a mut Doubts,
    index: usize,
}

impl FlowDoubts<'_> {
    pub(super) fn add(&mut self, doubt: Doubt, count: Count) {
        if count.count > 0 {
            self.add_any(doubt, count);
        }
    }

    /// Also where it concerns no packet that was fed.
    pub(super) fn add_any(&mut self, doubt: Doubt, count: Count) {
        self.doubts.0.push(Warning::of_flow(doubt, self.index, count));
    }
}

impl SurveyState {
    fn of_flow(&self, session: &Session, doubts: &mut FlowDoubts<'_>) {
        let grain = self.tally.grain.found();
        let packets: u64 = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
        let all_if = |holds: bool| Count {
            count: if holds { packets } else { 0 },
            first_frame: session.first_frame.0,
        };

        doubts.add(Doubt::SenderSide, all_if(self.is_of_sender(session)));
        doubts.add(Doubt::Squashed, all_if(session.is_squashed(grain)));
        let main = session.main_stream().map(|stream| stream.stats.drift());
        let drift = main.and_then(|drift| surely_drifts_by(drift, grain)).unwrap_or(0.0);
        let (rate_is_off, drifts) = (drift.abs() >= RATE_PPM, drift.abs() >= DRIFT_PPM);
        doubts.add(Doubt::ClockRate(drift), all_if(rate_is_off));
        doubts.add(Doubt::ClockDrift(drift), all_if(drifts && !rate_is_off));
        let step = main.and_then(ClockDrift::step).filter(|step| {
            let least = grain.unwrap_or(TimeDelta::ZERO).times(2).max(LEAST_CLOCK_STEP);
            step.nanos.unsigned_abs() / 1000 >= least.as_micros().unsigned_abs()
        });
        if let Some(step) = step {
            doubts.add(Doubt::ClockStep(step.nanos, step.sent_nanos), all_if(true));
        }
        doubts.add(Doubt::ExtensionsCut, session.cut_extensions);
        let by_capture_time =
            session.extensions.abs_capture_time.id.is_some() && session.extensions.abs_send_time.id.is_none();
        doubts.add(Doubt::CaptureTimeServes, all_if(by_capture_time));
        doubts.add(Doubt::Cryptex, session.layout.encrypted);
        let profile = session.layout.private_profile.unwrap_or(0);
        doubts.add(Doubt::PrivateExtension(profile), session.layout.private);
        doubts.add(Doubt::AbsurdPadding, session.absurd_padding);
        let inferred: Vec<_> = session.extensions.inferred().collect();
        let any_inferred = all_if(!inferred.is_empty());
        doubts.add(Doubt::InferredIds(inferred), any_inferred);
        if let Some((doubt, count)) = session.sender_clocks(grain) {
            doubts.add(doubt, count);
        }
    }

    /// What looks like RTP and is cut before its header's length, if that is at least half of all that looks like it: else
    /// it is likely to be something else.
    pub(super) fn cut_short(&self) -> Count {
        let cut = self.ledger.get(Skip::CutShort);
        if 2 * cut.count >= self.tally.of_class(PacketClass::Rtp) { cut } else { Count::default() }
    }

    fn of_frames(&self, doubts: &mut Doubts) {
        if let Some(grain) = self.tally.grain.found() {
            let frames = Count { count: self.tally.frames, first_frame: 1 };
            doubts.add(Doubt::ClockGrain(grain), frames);
        }
        if let Some(log) = self.config.log.as_ref().and_then(|log| log.event_log.as_ref()) {
            let others = (log.sessions.len() as u64 + log.more_sessions).saturating_sub(1);
            doubts.add(Doubt::Sessions(log.session), Count { count: others, first_frame: 0 });
        }
        doubts.add(Doubt::TimeStepsBack(self.tally.largest_step_back), self.tally.time_steps_back);
        let malformed = self.ledger.get(Skip::Malformed).count;
        let packets = self.tally.of_class(PacketClass::Rtp) - malformed;
        let copies = self.count_copies();
        let percent = 100.0 * copies.count as f64 / packets.max(1) as f64;
        let (spacing, policy) = (self.copies.spacing(), self.config.copies);
        doubts.add(Doubt::Copies { percent, spacing, policy }, copies);
        doubts.add(Doubt::Offload, self.tally.oversized);
        let aggregated = self.tally.aggregated;
        let packets = aggregated.count + self.tally.further_segments;
        doubts.add(Doubt::Aggregated(packets), aggregated);
        doubts.add(Doubt::HeadersCut, self.ledger.get(Skip::HeaderCut));
        doubts.add(Doubt::HeadersCut, self.cut_short());
        doubts.add(Doubt::NoSendTime, self.ledger.get(Skip::NoSendTime));
        doubts.add(Doubt::TransportCc, self.ledger.get(Skip::TransportCc));
        let unread = self.ledger.unread_encapsulations();
        let count = unread.iter().map(|(_, count)| *count).fold(Count::default(), Count::join);
        let unread = unread.into_iter().map(|(what, count)| (what, count.count)).collect();
        doubts.add(Doubt::UnreadEncapsulations(unread), count);
    }

    /// Of streams that are RTP.
    fn count_copies(&self) -> Count {
        let streams = self.sessions.iter().flat_map(Session::rtp_streams);
        streams.map(|stream| stream.seen.copies).fold(Count::default(), Count::join)
    }

    fn of_rtcp(&self, doubts: &mut Doubts) {
        doubts.add(Doubt::RtcpCopies, self.ledger.get(Skip::RtcpCopy));
        let unusable = self.unusable_rembs();
        doubts.add(Doubt::RembsUnusable(unusable), unusable.total());
    }

    fn of_limits(&self, doubts: &mut Doubts) {
        doubts.add(Doubt::Limit(Limit::Recorded), self.conversations.dropped());
        let limits = [
            (Limit::Flows(self.config.max_flows), self.tally.over_flow_limit),
            (Limit::Ssrcs(self.config.max_ssrcs), self.tally.over_ssrc_limit),
            (Limit::Conversations, self.tally.over_conversation_limit),
            (Limit::Held, self.tally.decided_early),
            (Limit::Estimated, self.ledger.get(Skip::EstimatedLimit)),
        ];
        limits.into_iter().for_each(|(limit, over)| doubts.add(Doubt::Limit(limit), over));
    }
}

impl Session {
    /// Whether capture times advance by less than a tenth of what RTP timestamps do.
    pub(super) fn is_squashed(&self, grain: Option<TimeDelta>) -> bool {
        let grain = grain.unwrap_or(TimeDelta::ZERO);
        self.rtp_streams().any(|stream| stream.stats.is_squashed(grain))
    }

    /// The stream that tells most of the clocks.
    fn main_stream(&self) -> Option<&Stream> {
        self.rtp_streams().max_by_key(|stream| stream.abs_send_times)
    }
}

/// The drift in parts per million, less what the grain of the capture's clock could make of it.
fn surely_drifts_by(drift: &ClockDrift, grain: Option<TimeDelta>) -> Option<f64> {
    let ppm = drift.ppm()?;
    let span_s = drift.span_nanos().max(1) as f64 / 1e9;
    let doubtful = grain.map_or(0.0, |grain| grain.as_micros() as f64 / span_s);
    Some(ppm.signum() * (ppm.abs() - doubtful).max(0.0))
}
