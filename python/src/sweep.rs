//! A grid of parameters over captures: each capture's part of it, wherever that is done, and the ranking of all parts.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use remb_replay::analysis::sweep::{
    Against, Axis, Grid, GridError, Points, Ranking, ScoredFlow, SweptCapture, SweptFlow, SweptFlows,
};
use remb_replay::analysis::twice::Reading as ReadOnce;
use remb_replay::remb::Profile;
use remb_replay::replay::ReplayConfig;
use remb_replay::report::counted;
use remb_replay::survey::Learned;

use crate::errors::Error;
use crate::guard::Stop;
use crate::reading::Source;
use crate::settings::replay_settings;
use crate::table::{Table, TableWriter};

/// One capture at every point of the grid, as a text that `rank` takes back.
///
/// `lists` are written as the program's `-L NAME=a,b,c`, `ranges` as its `-P NAME=low:high:step`. Raises what `replay` does; a capture
/// without a flow to estimate has an empty part.
#[pyfunction]
#[pyo3(signature = (path, *, lists = Vec::new(), ranges = Vec::new(), phases = 1, stop = None, **settings))]
pub(crate) fn sweep_one(
    py: Python<'_>,
    path: PathBuf,
    lists: Vec<String>,
    ranges: Vec<String>,
    phases: u16,
    stop: Option<&Stop>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<String> {
    let settings = replay_settings(settings, Profile::Libwebrtc)?;
    let source = Source::new(path, &settings, stop);
    let scored = py.detach(|| {
        let points = points(&lists, &ranges, &settings.config, phases)?;
        swept(&source, &points, settings.config.rtt.is_some())
    })?;
    Ok(serde_json::to_string(&scored).map_err(Error::settings)?)
}

/// The ranking of the parts of all captures: the table that the program's `sweep --csv` writes.
#[pyfunction]
#[pyo3(signature = (parts, *, lists = Vec::new(), ranges = Vec::new(), phases = 1, **settings))]
pub(crate) fn rank(
    parts: Vec<String>,
    lists: Vec<String>,
    ranges: Vec<String>,
    phases: u16,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<Table> {
    let settings = replay_settings(settings, Profile::Libwebrtc)?;
    let points = points(&lists, &ranges, &settings.config, phases)?;
    let mut flows: Vec<ScoredFlow> = Vec::new();
    for part in &parts {
        let part: Vec<ScoredFlow> =
            serde_json::from_str(part).map_err(|error| Error::settings(format!("not a part: {error}")))?;
        flows.extend(part);
    }
    if flows.is_empty() {
        let captures = counted(parts.len() as u64, "captures");
        return Err(Error::Nothing(format!("no flow to estimate in {captures}")).into());
    }
    let ranking = Ranking::new(settings.profile, parts.len(), &points, flows);
    let mut table = TableWriter::default();
    ranking.write(&mut table)?;
    Ok(table.finish()?)
}

fn points(lists: &[String], ranges: &[String], base: &ReplayConfig, phases: u16) -> Result<Points, Error> {
    let invalid = |error: GridError| Error::settings(error);
    let lists = lists.iter().map(|text| Axis::list(text));
    let ranges = ranges.iter().map(|text| Axis::range(text));
    let axes = lists.chain(ranges).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    if axes.is_empty() {
        return Err(Error::settings("nothing is swept: lists or ranges are needed"));
    }
    Points::new(Grid::new(axes).map_err(invalid)?, base, phases).map_err(invalid)
}

/// One reading.
struct Once(SweptFlows);

impl ReadOnce for Once {
    fn learned(&self) -> Option<&Learned> {
        self.0.learned.as_ref()
    }
}

fn swept(source: &Source, points: &Points, rtt_is_given: bool) -> Result<Vec<ScoredFlow>, Error> {
    let (Once(swept), _) = source.read_told(|told| {
        let mut capture = SweptCapture::new(points, told);
        source.read(|frame| {
            capture.handle_frame(frame);
            Ok(())
        })?;
        Ok::<_, Error>(Once(capture.finish(Against { file: None, rtt_is_given })))
    })?;
    let name = source.shown();
    let scored = |flow: &SweptFlow| {
        let scores = (0..points.len()).map(|point| flow.score(points, point)).collect();
        flow.scored(&name, scores)
    };
    Ok(swept.flows.iter().map(scored).collect())
}
