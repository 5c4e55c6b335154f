//! The panel of the path: the queue delay, the round trip time as a thin line, losses as marks.

use super::axis::Axis;
use super::colour::Colour;
use super::draw::{Drawing, ms};
use super::sheet::{LineLook, Mark, Panel, RED, VIOLET};

const RTT: LineLook = LineLook { width: 1.0, colour: Colour(96, 96, 104) };
/// A mark's height for one packet, and for all beyond so many.
const LEAST_MARK: f64 = 9.0;
const MOST_MARK: f64 = 42.0;

pub(super) fn draw_path(drawing: &Drawing<'_>, panel: Panel) {
    let Drawing { figure, sheet } = drawing;
    let most = |range: super::columns::Range| f64::from(range.max);
    let queues = || drawing.some(|sample| sample.queue);
    let round_trips = || drawing.some(|sample| sample.rtt).filter(|_| figure.has_rtt);
    let axis = Axis::delay(
        queues().map(|(_, range)| most(range)).collect(),
        round_trips().map(|(_, range)| most(range)).collect(),
    );
    sheet.frame(panel, &axis, false);
    drawing.silences(panel);
    let losses: Vec<_> = drawing.each(|sample| sample.lost).filter(|(_, lost)| *lost > 0).collect();
    for (seconds, lost) in losses.iter().filter(|(seconds, _)| sheet.shows_span((*seconds, *seconds))) {
        let x = sheet.x(*seconds);
        let height = (LEAST_MARK + 2.0 * (*lost - 1) as f64).min(MOST_MARK);
        sheet.canvas.fill(x - 0.8, panel.bottom - height, x + 0.8, panel.bottom, RED);
    }
    sheet.ranges((panel, &axis), queues(), VIOLET, false);
    sheet.steps((panel, &axis), round_trips(), None, RTT);
    sheet.clipped((panel, &axis), round_trips(), RTT.colour, ms);
    if queues().next().is_none() {
        sheet.note(panel, "no send time, no queue delay");
    }
    let mut legend = vec![(Mark::Band(VIOLET), "queue delay".to_owned())];
    if round_trips().next().is_some() {
        legend.push((Mark::Line(RTT.colour), "round trip time".to_owned()));
    }
    if !losses.is_empty() {
        let lost: i64 = losses.iter().map(|(_, lost)| lost).sum();
        legend.push((Mark::Tick(RED), format!("lost packets ({lost})")));
    }
    sheet.legend(panel, &legend);
}
