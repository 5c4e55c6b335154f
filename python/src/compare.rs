//! A capture's replay against what its receiver sent.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use remb_replay::analysis::compare::{
    ClockGrain, Comparison as Compared, PhaseReplays, Replays, SecondReading, Settings as CompareSettings,
    Spread,
};
use remb_replay::analysis::twice::Reading as ReadOnce;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, ReplayConfig};
use remb_replay::survey::Learned;
use remb_replay::units::TimeDelta;

use crate::errors::Error;
use crate::reading::{Read, Source};
use crate::settings::{Settings, replay_settings};

/// How near a replay comes to the REMBs that the capture has.
#[pyclass(frozen, module = "remb_replay")]
pub(crate) struct Comparison {
    /// As JSON.
    flows: String,
    text: String,
    notes: Vec<String>,
}

/// Replays a capture at so many phases of the receiver's clock and holds it against the REMBs that are in it, as the program's `compare`
/// does. `skip` leaves out the beginning, for a capture that starts in mid-call.
///
/// Raises what `replay` does, and `NothingError` where there is nothing to compare.
#[pyfunction]
#[pyo3(signature = (path, *, phases = 50, skip = "0s", **settings))]
pub(crate) fn compare(
    py: Python<'_>,
    path: PathBuf,
    phases: u16,
    skip: &str,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<Comparison> {
    if !(1..=100).contains(&phases) {
        return Err(Error::settings(format!("phases {phases} is not from 1 to 100")).into());
    }
    let skip = skip.parse().map_err(|error| Error::settings(format!("skip '{skip}': {error}")))?;
    let settings = replay_settings(settings, Profile::Libwebrtc)?;
    let source = Source::new(path, &settings, None);
    Ok(py.detach(|| compared(&source, &settings, phases, skip))?)
}

#[pymethods]
impl Comparison {
    /// A list of dictionaries, one for each flow and receiver, as `flows` in the program's JSON.
    #[getter]
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (&self.flows,))
    }

    /// What the program says beside them.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// As the program prints it.
    fn __str__(&self) -> &str {
        &self.text
    }
}

/// One reading.
struct Once {
    read: Read,
    outcome: Outcome,
    replays: Replays,
}

impl ReadOnce for Once {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

fn compared(source: &Source, settings: &Settings, count: u16, skip: TimeDelta) -> Result<Comparison, Error> {
    let mut grain = ClockGrain::default();
    source.look_ahead(ClockGrain::FRAMES, |frame| grain.handle_frame(frame))?;
    let spread = Spread { count, grain: grain.to_spread_over() };
    let (once, told) = source.read_told(|told| read_once(source, &settings.config, told, spread))?;
    let Once { read, mut outcome, mut replays } = once;
    let second = SecondReading::of(&replays, &outcome, &settings.config);
    let manner = CompareSettings { skip, finds_offset: true, ..CompareSettings::default() };
    let is_redone = source.is_file();
    if is_redone && second.is_wanted() {
        let redone = read_once(source, &second.config(&settings.config), told.as_ref(), spread)?;
        second.take(&mut replays, &mut outcome, (redone.replays, redone.outcome), manner);
    }
    let ended_early = read.input.ended_early.as_deref();
    let compared = Compared::of_capture(&outcome, replays, None, manner);
    let Compared { flows, mut notes } =
        compared.map_err(|error| source.nothing(&error.to_string(), ended_early))?;
    notes.extend(second.notes(is_redone));
    let mut text = read.input.file + "\n";
    for flow in &flows {
        // Writing to a String cannot fail.
        let _ = flow.write_text(&mut text);
    }
    Ok(Comparison { flows: serde_json::to_string(&flows).map_err(Error::settings)?, text, notes })
}

fn read_once(
    source: &Source,
    config: &ReplayConfig,
    told: Option<&Learned>,
    spread: Spread,
) -> Result<Once, Error> {
    let config = config.clone().told(told);
    let phases = PhaseReplays::new(&config, spread, false).map_err(Error::settings)?;
    let mut phases = phases.ok_or_else(|| source.nothing("no phase", None))?;
    let read = source.read(|frame| {
        phases.handle_frame(frame);
        Ok(())
    })?;
    let (outcome, replays) = phases.finish().ok_or_else(|| source.nothing("no frame", None))?;
    Ok(Once { read, outcome, replays })
}
