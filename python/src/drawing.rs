//! The picture and the page of a replay, as the program draws them.

use remb_replay::analysis::drawings::{Drawings, Wanted};
use remb_replay::analysis::tables::Tables;
use remb_replay::analysis::twice::Reading as ReadOnce;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::report::plot::{render_png, render_svg};
use remb_replay::report::summary::Summary;
use remb_replay::report::tables::Clock;
use remb_replay::survey::{FlowInfo, Learned};
use remb_replay::units::CaptureTime;

use crate::call::summary;
use crate::errors::Error;
use crate::reading::{Read, Source};
use crate::settings::Settings;
use crate::table::TableWriter;

/// The picture of a flow, of the first where none is named.
pub(crate) fn picture(
    source: &Source,
    settings: &Settings,
    flow: Option<&str>,
    is_svg: bool,
) -> Result<Vec<u8>, Error> {
    let (drawings, summary, places) = draw(source, settings, Wanted { figures: true, page: false })?;
    let figures = drawings.into_figures((&summary, &places), &settings.config.parameters);
    let mut figures = figures.into_iter();
    let figure = match flow {
        None => figures.next(),
        Some(_) => figures.find(|(name, _)| name.as_deref() == flow),
    };
    let unknown = || Error::settings(format!("flow '{}' was not estimated", flow.unwrap_or_default()));
    let (_, figure) = figure.ok_or_else(unknown)?;
    let mut bytes = Vec::new();
    match is_svg {
        true => render_svg(&figure, &mut bytes),
        false => render_png(&figure, &mut bytes),
    }
    .map_err(Error::settings)?;
    Ok(bytes)
}

/// The page of all flows.
pub(crate) fn page(source: &Source, settings: &Settings) -> Result<Vec<u8>, Error> {
    let (mut drawings, summary, places) = draw(source, settings, Wanted { figures: false, page: true })?;
    let mut bytes = Vec::new();
    let written = drawings.write_page(&mut bytes, (&summary, &places), &settings.config.parameters);
    written.map_err(Error::settings)?;
    Ok(bytes)
}

/// What is drawn, and what the tables would have given reason to doubt.
struct Drawing {
    drawings: Drawings,
    tables: Tables<TableWriter>,
}

impl Sink for Drawing {
    type Error = Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Error> {
        let Ok(()) = self.drawings.event(flow, at, event);
        self.tables.event(flow, at, event).map_err(Error::settings)
    }
}

/// One reading.
struct Once(Read, Outcome, Drawing);

impl ReadOnce for Once {
    fn learned(&self) -> Option<&Learned> {
        self.1.learned.as_ref()
    }
}

fn draw(
    source: &Source,
    settings: &Settings,
    wanted: Wanted,
) -> Result<(Drawings, Summary, Vec<usize>), Error> {
    let (once, told) = source.read_told(|told| read_once(source, settings, wanted, told))?;
    let Once(read, mut outcome, Drawing { drawings, tables }) = once;
    let places = std::mem::take(&mut outcome.places);
    let notes = told.iter().flat_map(|told| told.notes(&outcome.flows));
    let doubts = notes.chain(drawings.doubt()).chain(tables.doubt()).collect();
    let summary = summary(source, &read, outcome, settings, doubts)?;
    Ok((drawings, summary, places))
}

fn read_once(
    source: &Source,
    settings: &Settings,
    wanted: Wanted,
    told: Option<&Learned>,
) -> Result<Once, Error> {
    let config = ReplayConfig { steps: true, events: true, ..settings.config.clone().told(told) };
    let sender = config.sender_ssrc;
    let mut replay = Replay::new(config).map_err(Error::settings)?;
    let mut drawing: Option<Drawing> = None;
    let read = source.read(|frame| {
        let drawing = match &mut drawing {
            Some(drawing) => drawing,
            none => {
                let clock = Clock { first: frame.at, nanoseconds: frame.nanoseconds };
                let tables = Tables::new(clock, sender, None, None).map_err(Error::settings)?;
                none.insert(Drawing { drawings: Drawings::new(frame.at, wanted, None), tables })
            }
        };
        replay.handle_frame(frame, drawing)
    })?;
    let Some(mut drawing) = drawing else { return Err(source.nothing("no frame", None)) };
    replay.finish(&mut drawing)?;
    Ok(Once(read, replay.outcome(), drawing))
}
