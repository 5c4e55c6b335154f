//! The picture and the page of a replay, as the program draws them.

use std::io;

use remb_replay::analysis::drawings::{Drawings, Wanted};
use remb_replay::analysis::tables::Tables;
use remb_replay::replay::{Event, ReplayConfig, Sink};
use remb_replay::report::plot::{render_png, render_svg};
use remb_replay::report::summary::Summary;
use remb_replay::survey::FlowInfo;
use remb_replay::units::CaptureTime;

use crate::call::summary;
use crate::errors::Error;
use crate::reading::{Replayed, Source};
use crate::settings::Settings;
use crate::table::TableWriter;

/// The picture of a flow, of the first where none is named.
pub(crate) fn picture(
    source: &Source,
    settings: &Settings,
    flow: Option<&str>,
    is_svg: bool,
) -> Result<Vec<u8>, Error> {
    let (drawings, summary, places) = draw(source, settings, Wanted { figures: true, page: false }, flow)?;
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
    let (mut drawings, summary, places) =
        draw(source, settings, Wanted { figures: false, page: true }, None)?;
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
    type Error = io::Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> io::Result<()> {
        let Ok(()) = self.drawings.event(flow, at, event);
        self.tables.event(flow, at, event)
    }
}

fn draw(
    source: &Source,
    settings: &Settings,
    wanted: Wanted,
    flow: Option<&str>,
) -> Result<(Drawings, Summary, Vec<usize>), Error> {
    let config = ReplayConfig { steps: true, events: true, ..settings.config.clone() };
    let (replayed, told) = source.replay(&config, |clock| {
        let all = Drawings::new(clock.first, wanted, None);
        let drawings = match flow {
            Some(flow) => all.only(flow),
            None => all,
        };
        let tables = Tables::new(clock, config.sender_ssrc, None, None).map_err(Error::settings)?;
        Ok(Drawing { drawings, tables })
    })?;
    let Replayed { read, mut outcome, sink: Drawing { drawings, tables }, .. } = replayed;
    let places = std::mem::take(&mut outcome.places);
    let notes = told.iter().flat_map(|told| told.notes(&outcome.flows));
    let doubts = notes.chain(drawings.doubt()).chain(tables.doubt()).collect();
    let summary = summary(source, &read, outcome, settings, doubts)?;
    Ok((drawings, summary, places))
}
