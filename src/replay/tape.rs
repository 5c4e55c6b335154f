//! What a capture feeds to estimators, kept: the capture is read and understood once, and replayed as often as wanted.

use crate::capture::Frame;
use crate::config::ConfigError;
use crate::survey::{FedPacket, Feed, Findings, FlowInfo, Skip, Survey, SurveyConfig};
use crate::units::CaptureTime;
use remb::CapturedRemb;
use remb::rtt::RttSample;

use super::{Event, MAX_ESTIMATED_FLOWS, ReplayConfig};
use remb::rtt::RttSamples;

/// All flows of a capture that are fed, in order of appearance; some 80 bytes a packet.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    /// By their places; those that were not fed have none.
    flows: Vec<Option<TapedFlow>>,
    /// Places of the flows that are estimated: those with packets.
    estimated: Vec<usize>,
    /// The latest frame's time so far, and the last one's.
    clock: Option<CaptureTime>,
    last_at: Option<CaptureTime>,
    /// The first frame's time.
    first_at: Option<CaptureTime>,
}

/// What one flow is fed with.
#[derive(Debug, Clone)]
pub struct TapedFlow {
    /// Which flow.
    pub info: FlowInfo,
    /// The REMBs that its receiver sent, repeats left out.
    pub recorded: Vec<(CaptureTime, CapturedRemb)>,
    packets: Vec<TapedPacket>,
    rtt: Vec<RttSample>,
    /// The receiver's RTP modules: after so many packets, and since when.
    modules: Vec<(usize, CaptureTime)>,
    is_on_hold: bool,
    /// Where time stepped back since its last packet: how far it had been.
    time_was: Option<CaptureTime>,
    /// Timers run until here after the last packet.
    end: Option<CaptureTime>,
}

#[derive(Debug, Clone)]
struct TapedPacket {
    packet: FedPacket,
    /// Round trip times that were known when it was fed.
    rtt_known: usize,
    /// Timers run until here before it, where time had been further.
    time_was: Option<CaptureTime>,
}

/// Makes a tape of a capture.
#[derive(Debug)]
pub struct Taping {
    survey: Survey,
    tape: Tape,
}

impl Taping {
    /// Before the first frame.
    pub fn new(config: SurveyConfig) -> Self {
        Self { survey: Survey::new(config), tape: Tape::default() }
    }

    /// Takes the next frame.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        self.survey.handle_frame(frame, &mut self.tape);
    }

    /// The tape, and what the survey found.
    pub fn finish(mut self) -> (Tape, Findings) {
        // Of a flow that holds packets back at the end earlier ones are yet to be fed: no timer runs for it.
        let last_at = self.tape.last_at;
        for flow in self.tape.flows.iter_mut().flatten() {
            flow.end = flow.time_was.max(last_at).filter(|_| !flow.is_on_hold);
        }
        self.survey.finish(&mut self.tape);
        self.tape.first_at = self.survey.first_at();
        (self.tape, self.survey.findings())
    }
}

impl Tape {
    /// The flows that are estimated: those with packets that count.
    pub fn flows(&self) -> impl Iterator<Item = &TapedFlow> {
        self.flows.iter().flatten().filter(|flow| flow.packets() > 0)
    }

    /// The same, with what they hold.
    pub fn into_flows(self) -> impl Iterator<Item = TapedFlow> {
        self.flows.into_iter().flatten().filter(|flow| flow.packets() > 0)
    }

    /// The first frame's time, from which times count.
    pub fn first_at(&self) -> CaptureTime {
        self.first_at.unwrap_or_default()
    }

    /// From the first frame's time to the latest that counts, nanoseconds.
    pub fn span_nanos(&self) -> i64 {
        self.clock.unwrap_or_default().as_nanos() - self.first_at().as_nanos()
    }

    fn flow_mut(&mut self, place: usize) -> Option<&mut TapedFlow> {
        self.flows.get_mut(place)?.as_mut()
    }
}

impl TapedFlow {
    /// Runs an estimator over the flow; `each` is given what happened, in order. The same as a replay of the capture.
    ///
    /// # Errors
    /// A parameter is out of range.
    pub fn replay(
        &self,
        config: &ReplayConfig,
        each: &mut impl FnMut(CaptureTime, Event),
    ) -> Result<(), ConfigError> {
        config.parameters.validate()?;
        let (mut timeline, mut rtt) = (config.timeline(self.info.index), RttSamples::default());
        let mut samples = self.rtt.iter();
        let mut known = 0;
        let mut modules = self.modules.iter().peekable();
        for (fed, TapedPacket { packet, rtt_known, time_was }) in (1..).zip(&self.packets) {
            samples.by_ref().take(rtt_known - known).for_each(|sample| rtt.push(*sample));
            known = *rtt_known;
            if let Some(time_was) = time_was.filter(|then| *then > packet.at) {
                timeline.advance(time_was, &mut rtt, each);
            }
            timeline.handle_packet(packet, &mut rtt, each);
            while let Some((_, since)) = modules.next_if(|(after, _)| *after <= fed) {
                timeline.add_module(*since);
            }
        }
        samples.for_each(|sample| rtt.push(*sample));
        if let Some(end) = self.end {
            timeline.advance(end, &mut rtt, each);
        }
        Ok(())
    }

    /// Whether the capture tells its round trip time.
    pub fn has_rtt(&self) -> bool {
        !self.rtt.is_empty()
    }

    /// Packets on it.
    pub fn packets(&self) -> usize {
        self.packets.len()
    }
}

impl Feed for Tape {
    fn flow(&mut self, info: &FlowInfo) {
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, || None);
        }
        if let Some(place) = self.flows.get_mut(info.index) {
            *place = Some(TapedFlow {
                info: *info,
                recorded: Vec::new(),
                packets: Vec::new(),
                rtt: Vec::new(),
                modules: Vec::new(),
                is_on_hold: false,
                time_was: None,
                end: None,
            });
        }
    }

    fn hold(&mut self, flow: usize, holds: bool) {
        if let Some(flow) = self.flow_mut(flow) {
            flow.is_on_hold = holds;
        }
    }

    fn step_back(&mut self, from: CaptureTime) {
        let Self { flows, estimated, .. } = self;
        for place in estimated {
            if let Some(Some(flow)) = flows.get_mut(*place)
                && !flow.is_on_hold
            {
                flow.time_was = flow.time_was.max(Some(from));
            }
        }
    }

    fn time(&mut self, at: CaptureTime) {
        self.clock = self.clock.max(Some(at));
        self.last_at = Some(at);
    }

    fn packet(&mut self, flow: usize, packet: &FedPacket) -> Result<(), Skip> {
        let Self { flows, estimated, .. } = self;
        let Some(Some(taped)) = flows.get_mut(flow) else { return Err(Skip::EstimatedLimit) };
        if taped.packets.is_empty() {
            if estimated.len() == MAX_ESTIMATED_FLOWS {
                return Err(Skip::EstimatedLimit);
            }
            estimated.push(flow);
        }
        let (rtt_known, time_was) = (taped.rtt.len(), taped.time_was.take());
        taped.packets.push(TapedPacket { packet: *packet, rtt_known, time_was });
        Ok(())
    }

    fn module(&mut self, flow: usize, since: CaptureTime) {
        if let Some(flow) = self.flow_mut(flow) {
            flow.modules.push((flow.packets.len(), since));
        }
    }

    fn rtt(&mut self, flow: usize, sample: RttSample) {
        if let Some(flow) = self.flow_mut(flow) {
            flow.rtt.push(sample);
        }
    }

    fn recorded(&mut self, flow: usize, at: CaptureTime, _order: CaptureTime, remb: CapturedRemb) {
        if let Some(flow) = self.flow_mut(flow) {
            flow.recorded.push((at, remb));
        }
    }
}
