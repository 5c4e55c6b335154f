//! Estimation on virtual time taken from the capture.
//!
//! Each directed flow with RTP has a timeline of its own. Frames are taken in capture order; timers due at or before a
//! frame's time run first. The events of all flows leave in order of time, whatever the survey held back.
//!
//! ```
//! use remb_replay::capture::Capture;
//! use remb_replay::replay::{ReplayConfig, replay};
//!
//! let capture = Capture::open("testdata/captures/s03-steps-audio.pcap.gz")?;
//! let mut rembs = 0;
//! let outcome = replay(capture, &ReplayConfig::default())?.rembs(|_, _, _| rembs += 1)?;
//! let estimation = outcome.flows.first().and_then(|flow| flow.estimation.as_ref());
//! assert!(rembs > 100 && estimation.is_some_and(|estimation| estimation.rembs.count == rembs));
//! # Ok::<(), remb_replay::replay::ReplayError>(())
//! ```

mod apart;
mod estimation;
mod event;
mod outcome;
mod receiver_timer;
mod remb_tally;
mod settings;
mod side_by_side;
mod tape;
mod timeline;
mod whole;

use estimation::Estimation;
pub use event::{Event, SentRemb};
pub use outcome::Outcome;
pub use receiver_timer::SentTimes;
pub use settings::ReplayConfig;
pub use side_by_side::SideBySide;
pub use tape::{Tape, TapedFlow, Taping};
pub use whole::{Ready, ReplayError, replay};

use crate::capture::Frame;
use crate::config::ConfigError;
use crate::model::Conditions;
use outcome::complete;
use remb::CapturedRemb;
use remb::bwe::Step;

use crate::survey::{FlowInfo, Survey};
use crate::units::CaptureTime;

/// At most so many flows are estimated.
pub const MAX_ESTIMATED_FLOWS: usize = 256;

/// Takes a replay's events, in order of time: all of them, or those of the kinds that it wants.
pub trait Sink {
    /// What may go wrong.
    type Error;

    /// Something happened in a flow at `at`, in capture time.
    ///
    /// # Errors
    /// The sink's own; the replay ends with it.
    #[inline]
    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        match event {
            Event::Step(step, conditions) => self.step(flow, at, step, conditions),
            Event::Remb(remb) => self.remb(flow, at, remb),
            Event::Recorded(remb) => self.recorded(flow, at, remb),
        }
    }

    /// The estimator did something at a packet or timer, and what the path was like.
    ///
    /// # Errors
    /// As above.
    fn step(
        &mut self,
        _flow: &FlowInfo,
        _at: CaptureTime,
        _step: &Step,
        _conditions: &Conditions,
    ) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A REMB was sent.
    ///
    /// # Errors
    /// As above.
    fn remb(&mut self, _flow: &FlowInfo, _at: CaptureTime, _remb: &SentRemb) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The capture has a REMB that the flow's real receiver sent, other than the one before.
    ///
    /// # Errors
    /// As above.
    fn recorded(
        &mut self,
        _flow: &FlowInfo,
        _at: CaptureTime,
        _remb: &CapturedRemb,
    ) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A replay in progress: a survey of the capture that feeds one estimation.
#[derive(Debug)]
pub struct Replay {
    survey: Survey,
    estimation: Estimation,
}

impl Replay {
    /// Before the first frame.
    ///
    /// # Errors
    /// A parameter out of its range.
    pub fn new(config: ReplayConfig) -> Result<Self, ConfigError> {
        config.parameters.validate()?;
        Ok(Self { survey: Survey::new(config.survey()), estimation: Estimation::new(config) })
    }

    /// Takes the next frame; events that it makes certain go to `sink`.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn handle_frame<S: Sink>(&mut self, frame: &Frame<'_>, sink: &mut S) -> Result<(), S::Error> {
        self.survey.handle_frame(frame, &mut self.estimation);
        self.estimation.give_out(|| self.survey.watermark(), sink)
    }

    /// Ends the replay: decides what still waits and gives out all events. After the last frame no timer runs.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.survey.finish(&mut self.estimation);
        self.estimation.give_out_all(sink)
    }

    /// What the replay came to; call it after [`Replay::finish`].
    pub fn outcome(&self) -> Outcome {
        complete(&self.survey, &self.estimation)
    }

    /// The first frame's time, from which times count.
    pub fn first_at(&self) -> Option<CaptureTime> {
        self.survey.first_at()
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.survey.frames()
    }
}
