//! Several replays of one capture at once: it is read, taken apart and understood only once.

use crate::capture::Frame;
use crate::config::ConfigError;
use crate::survey::{FedPacket, Feed, FlowInfo, Skip, Survey};
use crate::units::CaptureTime;
use remb::CapturedRemb;
use remb::rtt::RttSample;

use super::estimation::Estimation;
use super::outcome::{Outcome, complete};
use super::{ReplayConfig, Sink};

/// Replays that differ in parameters, schedule or clock, but not in what counts.
#[derive(Debug)]
pub struct SideBySide {
    survey: Survey,
    estimations: Vec<Estimation>,
}

impl SideBySide {
    /// Before the first frame. What counts is what the first of them says; `None` without any.
    ///
    /// # Errors
    /// A parameter is out of range.
    pub fn new(configs: Vec<ReplayConfig>) -> Result<Option<Self>, ConfigError> {
        configs.iter().try_for_each(|config| config.parameters.validate())?;
        let Some(first) = configs.first() else { return Ok(None) };
        let survey = Survey::new(first.survey());
        Ok(Some(Self { survey, estimations: configs.into_iter().map(Estimation::new).collect() }))
    }

    /// Takes the next frame; each replay's events go to its own sink.
    ///
    /// # Errors
    /// Those of the sinks.
    pub fn handle_frame<S: Sink>(&mut self, frame: &Frame<'_>, sinks: &mut [S]) -> Result<(), S::Error> {
        let Self { survey, estimations } = self;
        survey.handle_frame(frame, &mut All(estimations));
        let watermark = survey.watermark();
        estimations
            .iter_mut()
            .zip(sinks)
            .try_for_each(|(estimation, sink)| estimation.give_out(|| watermark, sink))
    }

    /// Ends the replays and gives out all events.
    ///
    /// # Errors
    /// Those of the sinks.
    pub fn finish<S: Sink>(&mut self, sinks: &mut [S]) -> Result<(), S::Error> {
        let Self { survey, estimations } = self;
        survey.finish(&mut All(estimations));
        estimations.iter_mut().zip(sinks).try_for_each(|(estimation, sink)| estimation.give_out_all(sink))
    }

    /// What the first of them came to; call it after [`SideBySide::finish`].
    pub fn outcome(&self) -> Option<Outcome> {
        self.estimations.first().map(|first| complete(&self.survey, first))
    }

    /// The first frame's time, from which times count.
    pub fn first_at(&self) -> Option<CaptureTime> {
        self.survey.first_at()
    }
}

/// Feeds them all; what becomes of a packet is what the first says.
struct All<'a>(&'a mut [Estimation]);

impl Feed for All<'_> {
    fn flow(&mut self, info: &FlowInfo) {
        self.0.iter_mut().for_each(|estimation| estimation.flow(info));
    }

    fn hold(&mut self, flow: usize, holds: bool) {
        self.0.iter_mut().for_each(|estimation| estimation.hold(flow, holds));
    }

    fn step_back(&mut self, from: CaptureTime) {
        self.0.iter_mut().for_each(|estimation| estimation.step_back(from));
    }

    fn time(&mut self, at: CaptureTime) {
        self.0.iter_mut().for_each(|estimation| estimation.time(at));
    }

    fn packet(&mut self, flow: usize, packet: &FedPacket) -> Result<(), Skip> {
        let Some((first, others)) = self.0.split_first_mut() else { return Err(Skip::EstimatedLimit) };
        // What becomes of it is the same for all, and said by the first.
        for estimation in others {
            let _ = estimation.packet(flow, packet);
        }
        first.packet(flow, packet)
    }

    fn aside(&mut self, flow: usize) {
        self.0.iter_mut().for_each(|estimation| estimation.aside(flow));
    }

    fn module(&mut self, flow: usize, since: CaptureTime) {
        self.0.iter_mut().for_each(|estimation| estimation.module(flow, since));
    }

    fn rtt(&mut self, flow: usize, sample: RttSample) {
        self.0.iter_mut().for_each(|estimation| estimation.rtt(flow, sample));
    }

    fn recorded(&mut self, flow: usize, at: CaptureTime, order: CaptureTime, remb: CapturedRemb) {
        for estimation in self.0.iter_mut() {
            estimation.recorded(flow, at, order, remb.clone());
        }
    }
}
