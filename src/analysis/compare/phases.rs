//! Phases of the receiver's clock: what a capture does not tell, tried one by one.

use super::TimerFit;
use crate::analysis::series::{ListedSeries, Recordings, Series, SeriesEvent};
use crate::capture::Frame;
use crate::config::ConfigError;
use crate::replay::{Event, Outcome, ReplayConfig, SideBySide, Sink};
use crate::report::page::{Pages, Row};
use crate::survey::{FlowInfo, NoFeed, Survey, SurveyConfig};
use crate::units::{CaptureTime, TimeDelta};
use remb::encoded_bitrate;

/// The estimator's clock has whole milliseconds, so that its phase lies in one.
pub const GRAIN: TimeDelta = TimeDelta::from_millis(1);

/// Finds out of a capture's first frames whether its own clock is coarse.
#[derive(Debug)]
pub struct ClockGrain(Survey);

impl Default for ClockGrain {
    fn default() -> Self {
        Self(Survey::new(SurveyConfig::default()))
    }
}

impl ClockGrain {
    /// So many frames show it.
    pub const FRAMES: usize = 5000;

    /// Takes the next frame.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        self.0.handle_frame(frame, &mut NoFeed);
    }

    /// What phases are to be spread over: a millisecond, and the grain of the capture's clock, if that is coarse.
    pub fn to_spread_over(&self) -> TimeDelta {
        self.0.clock_grain().map_or(GRAIN, |grain| GRAIN + grain)
    }
}

/// So many phases, evenly over a grain of the clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    /// How many.
    pub count: u16,
    /// Over what.
    pub grain: TimeDelta,
}

impl Spread {
    /// How far the receiver's clock is ahead at a phase.
    pub fn offset(self, phase: usize) -> TimeDelta {
        let phase = i64::try_from(phase).unwrap_or(0);
        TimeDelta::from_micros(self.grain.as_micros().saturating_mul(phase) / i64::from(self.count.max(1)))
    }
}

/// The same configuration, the receiver's clock so far ahead that `count` phases divide a `grain`.
pub fn at_phase(config: &ReplayConfig, phase: u16, count: u16, grain: TimeDelta) -> ReplayConfig {
    let ahead = Spread { count, grain }.offset(phase.into());
    ReplayConfig { clock_offset: config.clock_offset + ahead, ..config.clone() }
}

/// The REMBs of every flow, recorded and replayed.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    /// The capture's first frame, from which times count.
    pub first_at: Option<CaptureTime>,
    /// One phase is enough: what was recorded is the same for all.
    pub takes_recorded: bool,
    /// The rows of a page, where one is wanted.
    pub page: Option<Pages>,
    /// By the flows' places; `None` where nothing happened.
    pub flows: Vec<Option<Collected>>,
}

/// The REMBs of one flow.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// By its receiver.
    pub recorded: Recordings,
    /// By ours.
    pub replayed: Series,
}

impl Collector {
    /// What was collected of the flow at a place.
    pub fn at(&self, place: usize) -> Option<&Collected> {
        self.flows.get(place)?.as_ref()
    }

    /// The same, to be changed.
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut Collected> {
        self.flows.get_mut(place)?.as_mut()
    }
}

impl Sink for Collector {
    type Error = std::convert::Infallible;

    fn event(&mut self, info: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        let at_ns = at.as_nanos() - self.first_at.unwrap_or(at).as_nanos();
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, || None);
        }
        let Some(flow) = self.flows.get_mut(info.index) else { return Ok(()) };
        let flow = flow.get_or_insert_default();
        match event {
            Event::Step(step, conditions) => {
                if let Some(page) = &mut self.page {
                    page.begin(info.index);
                    page.row(info.index, || Row::of(at_ns.div_euclid(1000), step, conditions));
                }
            }
            Event::Remb(remb) => {
                let bps = encoded_bitrate(remb.bitrate).as_bps();
                flow.replayed.push(SeriesEvent { at_ns, bps, ssrcs: Some(remb.ssrcs.clone()) });
            }
            Event::Recorded(remb) if self.takes_recorded => {
                let bps = remb.bitrate.as_bps();
                flow.recorded.push(SeriesEvent { at_ns, bps, ssrcs: remb.ssrcs.clone() });
            }
            Event::Recorded(_) => {}
        }
        Ok(())
    }
}

/// A capture's REMBs, replayed at all phases.
#[derive(Debug)]
pub struct Replays {
    /// By phase; the first takes what was recorded, too.
    pub phases: Vec<Collector>,
    /// Where they are.
    pub spread: Spread,
    /// The first frame's time.
    pub first_at: CaptureTime,
    /// Of the flows whose receivers' REMBs tell when their timers ran.
    pub timers: Vec<TimerFit>,
}

impl Replays {
    /// What was recorded of a flow, and its replays at every phase.
    pub(super) fn take(&mut self, place: usize) -> (Vec<ListedSeries>, Vec<Series>) {
        let recorded = self.phases.first().and_then(|first| first.at(place));
        let recorded = recorded.map(|flow| flow.recorded.series()).unwrap_or_default();
        let replayed = |flow: &mut Collected| std::mem::take(&mut flow.replayed);
        let phases = self.phases.iter_mut().filter_map(|phase| phase.at_mut(place).map(replayed));
        (recorded, phases.collect())
    }
}

/// One pass over a capture, which feeds a replay for each phase.
#[derive(Debug)]
pub struct PhaseReplays {
    replays: SideBySide,
    phases: Vec<Collector>,
    spread: Spread,
}

impl PhaseReplays {
    /// Before the first frame; `None` without a phase. With `has_page` the first phase collects the rows of a page.
    ///
    /// # Errors
    /// A parameter is out of range.
    pub fn new(config: &ReplayConfig, spread: Spread, has_page: bool) -> Result<Option<Self>, ConfigError> {
        let Spread { count, grain } = spread;
        let config = ReplayConfig { steps: false, events: false, ..config.clone() };
        let configs = (0..count).map(|phase| {
            let is_shown = has_page && phase == 0;
            ReplayConfig { steps: is_shown, events: is_shown, ..at_phase(&config, phase, count, grain) }
        });
        let configs = configs.collect();
        let page = |phase| (has_page && phase == 0).then(Pages::default);
        let collector =
            |phase| Collector { takes_recorded: phase == 0, page: page(phase), ..Collector::default() };
        let phases = (0..count).map(collector).collect();
        Ok(SideBySide::new(configs)?.map(|replays| Self { replays, phases, spread }))
    }

    /// Takes the next frame.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        let Self { replays, phases, .. } = self;
        phases.iter_mut().for_each(|phase| {
            phase.first_at.get_or_insert(frame.at);
        });
        let Ok(()) = replays.handle_frame(frame, phases);
    }

    /// What the first phase came to, and the REMBs of all; `None` without a frame.
    pub fn finish(mut self) -> Option<(Outcome, Replays)> {
        let Ok(()) = self.replays.finish(&mut self.phases);
        let (outcome, first_at) = self.replays.outcome().zip(self.replays.first_at())?;
        Some((outcome, Replays { phases: self.phases, spread: self.spread, first_at, timers: Vec::new() }))
    }
}
