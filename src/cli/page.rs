//! The page of a comparison.

use std::io::Write;

use anyhow::Result;

use remb_replay::analysis::compare::{BandRun, FlowComparison};
use remb_replay::report::page::{Band, FlowPage, PageContent, write_page};
use remb_replay::report::summary::Summary;

/// Writes the page of flows that have a name and a line about them.
pub(super) fn write(
    output: &mut impl Write,
    summary: &Summary,
    flows: Vec<(String, String, FlowPage)>,
) -> Result<()> {
    Ok(write_page(output, PageContent { title: summary.input.shown(), summary, flows, view: None })?)
}

/// The pages of what was compared: the rows of the replay, and over them both series and the band of all phases.
pub(super) fn of_comparison(
    rows: &[(String, FlowPage)],
    (input, flows): (&str, &[FlowComparison]),
) -> Vec<(String, String, FlowPage)> {
    let page = |compared: &FlowComparison| {
        let drawn = compared.drawn.as_ref()?;
        let mut page = rows
            .iter()
            .find(|(name, _)| *name == compared.flow)
            .map(|(_, page)| page.clone())
            .unwrap_or_default();
        drawn.recorded.iter().for_each(|(at_ns, bps)| page.recorded(at_ns / 1000, bps, &[]));
        drawn.first.iter().for_each(|(at_ns, bps)| page.replayed(at_ns / 1000, bps));
        for BandRun { from_ns, to_ns, min_bps, max_bps } in drawn.band.iter().copied() {
            page.band(Band { from_us: from_ns / 1000, to_us: to_ns / 1000, min_bps, max_bps });
        }
        let [_, about] = compared.title(input);
        let about = match compared.ssrcs.first() {
            Some(first) => format!("REMBs for {first}: {about}"),
            None => about,
        };
        Some((compared.flow.clone(), about, page))
    };
    flows.iter().filter_map(page).collect()
}
