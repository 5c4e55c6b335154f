//! Phases of the receiver's clock: what a capture does not tell, tried one by one.

use super::source::Source;
use crate::analysis::compare::{Recordings, Series, SeriesEvent};
use crate::remb::encoded_bitrate;
use crate::replay::{Event, ReplayConfig, Sink};
use crate::survey::{FlowInfo, NoFeed, Survey, SurveyConfig};
use crate::units::{CaptureTime, TimeDelta};

/// The estimator's clock has whole milliseconds, so that its phase lies in one.
pub(super) const GRAIN: TimeDelta = TimeDelta::from_millis(1);

/// So many frames show whether the capture's clock is coarse.
const FRAMES_THAT_SHOW_THE_GRAIN: usize = 5000;

/// What phases are to be spread over: a millisecond, and the grain of the capture's own clock, if that is coarse. What is
/// no file cannot be looked at before it is read.
pub(super) fn grain_of(source: &Source) -> anyhow::Result<TimeDelta> {
    let mut survey = Survey::new(SurveyConfig::default());
    source.look_ahead(FRAMES_THAT_SHOW_THE_GRAIN, |frame| survey.handle_frame(frame, &mut NoFeed))?;
    Ok(survey.clock_grain().map_or(GRAIN, |grain| GRAIN + grain))
}

/// So many phases, evenly over a grain of the clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spread {
    pub(super) count: u16,
    pub(super) grain: TimeDelta,
}

impl Spread {
    /// How far the receiver's clock is ahead at a phase.
    pub(super) fn offset(self, phase: usize) -> TimeDelta {
        let phase = i64::try_from(phase).unwrap_or(0);
        TimeDelta::from_micros(self.grain.as_micros().saturating_mul(phase) / i64::from(self.count.max(1)))
    }
}

/// The same configuration, the receiver's clock so far ahead that `count` phases divide a `grain`.
pub(super) fn at_phase(config: &ReplayConfig, phase: u16, count: u16, grain: TimeDelta) -> ReplayConfig {
    let ahead = Spread { count, grain }.offset(phase.into());
    ReplayConfig { clock_offset: config.clock_offset + ahead, ..config.clone() }
}

/// The REMBs of every flow, recorded and replayed.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) first_at: Option<CaptureTime>,
    /// One phase is enough: what was recorded is the same for all.
    pub(super) takes_recorded: bool,
    pub(super) flows: Vec<Collected>,
}

#[derive(Default)]
pub(super) struct Collected {
    pub(super) name: String,
    pub(super) recorded: Recordings,
    pub(super) replayed: Series,
}

impl Sink for Collector {
    type Error = std::convert::Infallible;

    fn event(&mut self, info: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        let at_ns = at.as_nanos() - self.first_at.unwrap_or(at).as_nanos();
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, Collected::default);
        }
        let Some(flow) = self.flows.get_mut(info.index) else { return Ok(()) };
        if flow.name.is_empty() {
            flow.name = info.flow.to_string();
        }
        match event {
            Event::Step(_) => {}
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
