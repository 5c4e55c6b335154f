//! The timelines of all flows, fed by a survey, and their events in order of time.

use crate::survey::{FedPacket, Feed, FlowInfo, Skip};
use crate::units::CaptureTime;
use remb::CapturedRemb;
use remb::rtt::RttSample;

use super::event::{Event, EventQueue, Stamped};
use super::remb_tally::RembTally;
use super::timeline::Timeline;
use super::{MAX_ESTIMATED_FLOWS, ReplayConfig, Sink};
use remb::rtt::RttSamples;

/// Estimators, schedules and timers of all flows.
#[derive(Debug)]
pub(super) struct Estimation {
    config: ReplayConfig,
    /// By their places; those that were not fed have none.
    flows: Vec<Option<Box<Flow>>>,
    /// Places of the flows that are estimated.
    estimated: Vec<usize>,
    queue: EventQueue,
    /// No timer of any flow is due before.
    earliest_timer: CaptureTime,
}

#[derive(Debug)]
struct Flow {
    info: FlowInfo,
    /// Of a flow that is one too many none.
    timeline: Option<Timeline>,
    rtt: RttSamples,
    is_on_hold: bool,
    /// The place in time of its last event.
    order: Option<CaptureTime>,
    /// What it sent.
    rembs: RembTally,
}

impl Estimation {
    /// Before the first packet.
    pub(super) fn new(config: ReplayConfig) -> Self {
        Self {
            config,
            flows: Vec::new(),
            estimated: Vec::new(),
            queue: EventQueue::default(),
            earliest_timer: CaptureTime::NEVER,
        }
    }

    /// Gives out the events that nothing can precede any more: those before the watermark.
    #[inline]
    pub(super) fn give_out<S: Sink>(
        &mut self,
        watermark: impl FnOnce() -> CaptureTime,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let Self { flows, queue, .. } = self;
        queue.give_before(watermark(), &mut |stamped| give(flows, stamped, sink))
    }

    /// Gives out all events.
    pub(super) fn give_out_all<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let Self { flows, queue, .. } = self;
        queue.give_all(&mut |stamped| give(flows, stamped, sink))
    }

    /// What it was told.
    pub(super) fn config(&self) -> &ReplayConfig {
        &self.config
    }

    /// A flow's timeline, if a packet of it was fed.
    pub(super) fn timeline(&self, flow: usize) -> Option<&Timeline> {
        self.flows.get(flow)?.as_ref()?.timeline.as_ref()
    }

    /// What a flow sent.
    pub(super) fn rembs(&self, flow: usize) -> Option<&RembTally> {
        Some(&self.flows.get(flow)?.as_ref()?.rembs)
    }

    fn flow_mut(&mut self, place: usize) -> Option<&mut Flow> {
        self.flows.get_mut(place)?.as_deref_mut()
    }

    #[cold]
    fn run_timers(&mut self, at: CaptureTime) {
        self.earliest_timer = CaptureTime::NEVER;
        for place in &self.estimated {
            let Some(Some(flow)) = self.flows.get_mut(*place) else { continue };
            flow.advance(at, &mut self.queue);
            if let Some(due) = flow.next_timer() {
                self.earliest_timer = self.earliest_timer.min(due);
            }
        }
    }
}

fn give<S: Sink>(flows: &mut [Option<Box<Flow>>], stamped: &Stamped, sink: &mut S) -> Result<(), S::Error> {
    match flows.get_mut(stamped.flow).and_then(Option::as_mut) {
        Some(flow) => {
            flow.rembs.note(stamped.at, &stamped.event);
            sink.event(&flow.info, stamped.at, &stamped.event)
        }
        None => Ok(()),
    }
}

impl Flow {
    fn next_timer(&self) -> Option<CaptureTime> {
        if self.is_on_hold { None } else { self.timeline.as_ref()?.next_timer() }
    }

    /// Runs timers due at or before `at`. Of a flow on hold earlier packets may yet be fed: its timers wait for them.
    fn advance(&mut self, at: CaptureTime, queue: &mut EventQueue) {
        let Self { info, timeline, rtt, is_on_hold, order, .. } = self;
        if let (false, Some(timeline)) = (*is_on_hold, timeline) {
            timeline.advance(at, rtt, &mut |event_at, event| {
                queue.push(in_order(order, event_at), Stamped { at: event_at, flow: info.index, event });
            });
        }
    }
}

impl Feed for Estimation {
    fn flow(&mut self, info: &FlowInfo) {
        // A packet follows at once.
        let has_room = self.estimated.len() < MAX_ESTIMATED_FLOWS;
        if has_room {
            self.estimated.push(info.index);
        }
        let flow = Flow {
            info: *info,
            timeline: has_room.then(|| self.config.timeline(info.index)),
            rtt: RttSamples::default(),
            is_on_hold: false,
            order: None,
            rembs: RembTally::default(),
        };
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, || None);
        }
        if let Some(place) = self.flows.get_mut(info.index) {
            *place = Some(Box::new(flow));
        }
    }

    fn hold(&mut self, flow: usize, holds: bool) {
        let Some(flow) = self.flow_mut(flow) else { return };
        flow.is_on_hold = holds;
        if let Some(due) = flow.next_timer() {
            self.earliest_timer = self.earliest_timer.min(due);
        }
    }

    /// Timers ran until there.
    fn step_back(&mut self, _from: CaptureTime) {}

    #[inline]
    fn time(&mut self, at: CaptureTime) {
        if self.earliest_timer <= at {
            self.run_timers(at);
        }
    }

    fn packet(&mut self, flow: usize, packet: &FedPacket) -> Result<(), Skip> {
        let Self { flows, queue, earliest_timer, .. } = self;
        let Some(Some(known)) = flows.get_mut(flow) else { return Err(Skip::EstimatedLimit) };
        let Flow { info, timeline: Some(timeline), rtt, is_on_hold, order, .. } = known.as_mut() else {
            return Err(Skip::EstimatedLimit);
        };
        let handled = timeline.handle_packet(packet, rtt, &mut |event_at, event| {
            let place = if event_at == packet.at { packet.order } else { event_at };
            queue.push(in_order(order, place), Stamped { at: event_at, flow: info.index, event });
        });
        if handled.moves_timer
            && let (Some(due), false) = (timeline.next_timer(), *is_on_hold)
        {
            *earliest_timer = due.min(*earliest_timer);
        }
        if handled.counts { Ok(()) } else { Err(Skip::NoSendTime) }
    }

    fn aside(&mut self, flow: usize) {
        if let Some(timeline) = self.flow_mut(flow).and_then(|flow| flow.timeline.as_mut()) {
            timeline.aside();
        }
    }

    fn module(&mut self, flow: usize, since: CaptureTime) {
        if let Some(timeline) = self.flow_mut(flow).and_then(|flow| flow.timeline.as_mut()) {
            timeline.add_module(since);
        }
    }

    fn rtt(&mut self, flow: usize, sample: RttSample) {
        if let Some(flow) = self.flow_mut(flow).filter(|flow| flow.timeline.is_some()) {
            flow.rtt.push(sample);
        }
    }

    fn recorded(&mut self, flow: usize, at: CaptureTime, order: CaptureTime, remb: CapturedRemb) {
        if let Some(timeline) = self.flow_mut(flow).and_then(|flow| flow.timeline.as_mut()) {
            timeline.recorded(at, &remb);
        }
        self.queue.push(order, Stamped { at, flow, event: Event::Recorded(remb) });
    }
}

/// A place in time that never decreases within a flow.
fn in_order(order: &mut Option<CaptureTime>, place: CaptureTime) -> CaptureTime {
    let place = order.map_or(place, |last| last.max(place));
    *order = Some(place);
    place
}
