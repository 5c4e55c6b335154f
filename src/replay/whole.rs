//! A whole capture in one call.

use std::convert::Infallible;

use crate::capture::{Capture, CaptureError, CaptureReader, Frame};
use crate::config::ConfigError;
use crate::model::Reading;
use crate::survey::{FlowInfo, Learned, NoFeed, Survey};
use crate::units::CaptureTime;

use super::{Outcome, Replay, ReplayConfig, SentRemb, Sink};

/// Why a capture is not replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A setting that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The capture cannot be opened, or is none. One that is damaged further on is replayed up to there.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The sink failed.
    #[error("{0}")]
    Sink(Box<dyn std::error::Error + Send + Sync>),
}

/// A capture that is ready to be replayed.
pub struct Ready {
    reader: CaptureReader,
    config: ReplayConfig,
    /// What a first look at the capture found too late.
    told: Option<Learned>,
}

/// Makes a capture ready to be replayed. A file is looked through first: what signalling would have said, and only shows
/// late, is then known from the first packet on, and each such thing is among the outcome's notes. A stream is read once, and
/// so is a capture of which the settings say what an earlier reading learned; what is learned too late is among the warnings.
///
/// # Errors
/// Of settings that cannot be, and of a capture that is none.
pub fn replay(capture: Capture, config: &ReplayConfig) -> Result<Ready, ReplayError> {
    config.parameters.validate()?;
    let again = if config.survey.learned.is_some() { None } else { capture.again()? };
    let Some(again) = again else {
        return Ok(Ready { reader: capture.into_reader()?, config: config.clone(), told: None });
    };
    let mut survey = Survey::new(config.survey());
    let mut reader = again.into_reader()?;
    // Where it is damaged the second reading says so.
    let Ok(_) = read(&mut reader, |frame| {
        survey.handle_frame(frame, &mut NoFeed);
        Ok::<_, Infallible>(())
    });
    survey.finish(&mut NoFeed);
    let told = Some(survey.learned()).filter(|learned| !learned.late().is_empty());
    Ok(Ready { reader: capture.into_reader()?, config: config.clone().told(told.as_ref()), told })
}

impl Ready {
    /// Replays it; `each` is given every REMB, in order of time.
    ///
    /// # Errors
    /// None once the capture was opened.
    pub fn rembs(
        mut self,
        each: impl FnMut(&FlowInfo, CaptureTime, &SentRemb),
    ) -> Result<Outcome, ReplayError> {
        self.config.steps = false;
        self.events(&mut Rembs(each))
    }

    /// Replays it; `sink` is given whatever it wants, in order of time.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn events<S: Sink>(mut self, sink: &mut S) -> Result<Outcome, ReplayError>
    where
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let failed = |error: S::Error| ReplayError::Sink(error.into());
        let mut replay = Replay::new(self.config)?;
        let ended_early = read(&mut self.reader, |frame| replay.handle_frame(frame, sink).map_err(failed))?;
        replay.finish(sink).map_err(failed)?;
        let mut outcome = replay.outcome();
        if let Some(told) = &self.told {
            outcome.warnings.extend(told.notes(&outcome.flows));
        }
        let reading = Reading::of(&self.reader, ended_early.as_ref());
        reading.complete(&mut outcome.frames, &mut outcome.warnings);
        Ok(outcome)
    }
}

/// Reads to the end, or to where the capture is damaged: then why.
fn read<E>(
    reader: &mut CaptureReader,
    mut each: impl FnMut(&Frame<'_>) -> Result<(), E>,
) -> Result<Option<CaptureError>, E> {
    loop {
        reader.buffered().try_for_each(|frame| each(&frame))?;
        match reader.next_frame() {
            Ok(Some(frame)) => each(&frame)?,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        }
    }
}

struct Rembs<F>(F);

impl<F: FnMut(&FlowInfo, CaptureTime, &SentRemb)> Sink for Rembs<F> {
    type Error = Infallible;

    fn remb(&mut self, flow: &FlowInfo, at: CaptureTime, remb: &SentRemb) -> Result<(), Self::Error> {
        self.0(flow, at, remb);
        Ok(())
    }
}
