//! The outputs of a replay, each fed with the events that concern it.

use std::io::{BufWriter, Write};

use anyhow::{Context, Result};

use super::args::{Rtcp, View};
use super::merge::Kept;
use super::outputs::{Format, Kind, Output, Plan};
use super::page;
use super::resolve::Resolved;
use super::table_format::TableWriter;
use super::title::title;
use super::written::Written;
use remb_replay::analysis::tables::Tables;
use remb_replay::bwe::{BandwidthUsage, Step};
use remb_replay::capture::{Frame, LinkType};
use remb_replay::model::{Conditions, Doubt, Limit, RttSource, Warning};
use remb_replay::remb::CapturedRemb;
use remb_replay::replay::{Event, SentRemb, Sink};
use remb_replay::report::csv::{Clock, write_streams};
use remb_replay::report::events::{EventRow, write_events};
use remb_replay::report::merge::MERGED_SENDER;
use remb_replay::report::page::{Pages, Row};
use remb_replay::report::pcap::{RembPcap, RtcpPacking};
use remb_replay::report::plot::{Figure, Silence, Usage, render_png, render_svg};
use remb_replay::report::summary::{Count, Summary};
use remb_replay::survey::FlowInfo;
use remb_replay::units::{CaptureTime, Seconds, Ssrc};

/// At most so many flows are drawn, in order of appearance.
const MAX_FIGURES: usize = 16;

/// All outputs of one replay.
pub(super) struct Writers {
    clock: Clock,
    sender_ssrc: Ssrc,
    pcap: Option<RembPcap<Output>>,
    /// The sender's SSRC there, and the REMBs.
    merge: Option<(Ssrc, Kept)>,
    tables: Tables<TableWriter<Output>>,
    /// REMBs whose time a pcap cannot hold.
    not_in_pcap: u64,
    /// Frames whose time the merged capture cannot hold.
    not_in_merge: Count,
    /// Flows that are one too many to be drawn.
    not_drawn: u64,
    draws: bool,
    view: Option<View>,
    pages: Option<Pages>,
    flows: Vec<FlowOutputs>,
}

/// What is kept of a flow until the end.
#[derive(Default)]
struct FlowOutputs {
    /// Whether anything happened in it.
    is_known: bool,
    is_drawn: bool,
    figure: Option<Figure>,
}

impl Writers {
    /// Opens what is written as the replay goes; `first` is the first frame.
    pub(super) fn open(
        plan: &Plan,
        resolved: &Resolved,
        view: Option<View>,
        first: &Frame<'_>,
    ) -> Result<Self> {
        let clock = Clock { first: first.at, nanoseconds: first.nanoseconds };
        let sender_ssrc = resolved.config.sender_ssrc;
        let packing = match resolved.rtcp {
            Rtcp::Compound => RtcpPacking::Compound,
            Rtcp::Reduced => RtcpPacking::Reduced,
        };
        let ethernet = first.link_type == LinkType::ETHERNET;
        let pcap = plan.open(Kind::Pcap)?;
        let merge = plan.has(Kind::Merge).then(|| {
            let sender = if resolved.sender_is_given { sender_ssrc } else { MERGED_SENDER };
            let file = BufWriter::new(tempfile::tempfile().context("a file for REMBs to merge")?);
            anyhow::Ok((sender, RembPcap::new(file, true, false, packing, sender)?))
        });
        let (estimates, rembs) = (plan.open_table(Kind::EstimateCsv)?, plan.open_table(Kind::RembCsv)?);
        let tables = Tables::new(clock, sender_ssrc, rembs, estimates)?;
        Ok(Self {
            clock,
            sender_ssrc,
            pcap: pcap
                .map(|out| RembPcap::new(out, clock.nanoseconds, ethernet, packing, sender_ssrc))
                .transpose()?,
            merge: merge.transpose()?,
            tables,
            not_in_pcap: 0,
            not_in_merge: Count::default(),
            not_drawn: 0,
            draws: plan.has(Kind::Picture),
            view,
            pages: plan.has(Kind::Html).then(Pages::default),
            flows: Vec::new(),
        })
    }

    /// The REMBs that are to be merged into the capture.
    pub(super) fn take_merge(&mut self) -> Option<Kept> {
        self.merge.take().map(|(_, rembs)| rembs)
    }

    /// Frames that the merged capture cannot hold.
    pub(super) fn left_out_of_merge(&mut self, frames: Count) {
        self.not_in_merge = frames;
    }

    /// Doubts about what was written.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let somewhere = |count| Count { count, first_frame: 0 };
        let doubts = [
            (Doubt::NotInPcap, somewhere(self.not_in_pcap)),
            (Doubt::NotInMerge, self.not_in_merge),
            (Doubt::Limit(Limit::Figures(MAX_FIGURES)), somewhere(self.not_drawn)),
        ];
        let doubts = doubts.into_iter().filter(|(_, count)| count.count > 0);
        let doubts = doubts.map(|(doubt, count)| Warning { doubt, flow: None, count: Some(count) });
        doubts.chain(self.tables.doubt())
    }

    /// Writes what can only be written at the end, and gives all files their names. Standard output takes the picture of
    /// the first flow. `places` are those of the summary's flows.
    pub(super) fn finish(
        self,
        plan: &Plan,
        resolved: &Resolved,
        (summary, places): (&Summary, &[usize]),
        merged: Option<Output>,
    ) -> Result<Written> {
        let mut outputs = Vec::from_iter(merged);
        if let Some(pcap) = self.pcap {
            outputs.push(pcap.into_inner());
        }
        let (rembs, estimates) = self.tables.into_inner();
        let (mut streams, mut events) =
            (plan.open_table(Kind::StreamsCsv)?, plan.open_table(Kind::EventsCsv)?);
        if let Some(table) = &mut streams {
            write_streams(table, &summary.flows, self.clock.nanoseconds)?;
        }
        if let Some(table) = &mut events {
            let rows: Vec<_> = summary.flows.iter().flat_map(|flow| flow.events.iter().cloned()).collect();
            write_events(table, &rows, self.clock.nanoseconds)?;
        }
        for table in [estimates, rembs, streams, events].into_iter().flatten() {
            outputs.push(table.finish()?);
        }
        plan.write_json(&mut outputs, summary)?;
        plan.write(Kind::Config, &mut outputs, |output| Ok(output.write_all(resolved.print().as_bytes())?))?;
        if let Some(pages) = self.pages {
            let flows = pages.into_flows().filter_map(|(place, page)| {
                let flow = summary.flows.get(places.iter().position(|of_flow| *of_flow == place)?)?;
                let [_, about] = title(summary, resolved, Some(flow));
                Some((flow.flow.clone(), about, page))
            });
            let flows = flows.collect();
            plan.write(Kind::Html, &mut outputs, |output| page::write(output, summary, flows, self.view))?;
        }
        let figures = self.flows.into_iter().enumerate();
        let mut figures: Vec<_> =
            figures.filter_map(|(place, flow)| Some((Some(place), flow.figure?))).collect();
        if figures.is_empty() {
            figures.push((None, Figure::new()));
        }
        let mut drawn = Vec::new();
        for (index, (place, mut figure)) in figures.into_iter().enumerate() {
            let Some((output, format)) = plan.open_picture(index)? else { break };
            let flow = place.and_then(|place| places.iter().position(|of_flow| *of_flow == place));
            let flow = flow.and_then(|flow| summary.flows.get(flow));
            figure.set_silences(flow.into_iter().flat_map(|flow| &flow.events).filter_map(silence).collect());
            if flow.is_none_or(|flow| flow.rtt.source == RttSource::Default.name()) {
                figure.without_rtt();
            }
            figure.set_title(&title(summary, resolved, flow));
            drawn.push((outputs.len(), flow.map(|flow| flow.flow.clone())));
            outputs.push(draw(output, format, &figure)?);
        }
        let written = Written::new(&outputs, drawn);
        Output::finish_all(outputs)?;
        Ok(written)
    }

    fn flow(&mut self, info: &FlowInfo) -> Option<&mut FlowOutputs> {
        self.flows.get_mut(info.index)
    }

    /// Flows come in order of appearance; those without an event so far have empty outputs.
    fn announce(&mut self, info: &FlowInfo) {
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, FlowOutputs::default);
        }
        let is_drawn = self.flows.iter().filter(|flow| flow.is_drawn).count() < MAX_FIGURES;
        let draws = self.draws && is_drawn;
        self.not_drawn += u64::from((self.draws || self.pages.is_some()) && !is_drawn);
        if let Some(pages) = self.pages.as_mut().filter(|_| is_drawn) {
            pages.begin(info.index);
        }
        let view = self.view;
        if let Some(flow) = self.flow(info) {
            *flow = FlowOutputs { is_known: true, is_drawn, figure: draws.then(|| new_figure(view)) };
        }
    }

    fn write_remb(&mut self, info: &FlowInfo, at: CaptureTime, remb: &SentRemb) -> Result<()> {
        let sender_ssrc = self.sender_ssrc;
        if let Some(pcap) = &mut self.pcap {
            let written = pcap
                .write(at, info.flow, info.ethernet, (sender_ssrc, remb.bitrate, &remb.ssrcs))
                .context("REMB pcap")?;
            self.not_in_pcap += u64::from(!written);
        }
        if let Some((sender, rembs)) = &mut self.merge {
            let written = rembs
                .write(at, info.flow, None, (*sender, remb.bitrate, &remb.ssrcs))
                .context("REMBs to merge")?;
            self.not_in_pcap += u64::from(!written && self.pcap.is_none());
        }
        let since_first = at.as_nanos() - self.clock.first.as_nanos();
        if let Some(page) = self.pages.as_mut().and_then(|pages| pages.at(info.index)) {
            page.replayed(since_first / 1000, remb.bitrate.as_bps());
        }
        let Some(flow) = self.flows.get_mut(info.index) else { return Ok(()) };
        if let Some(figure) = &mut flow.figure {
            figure.remb(since_first as f64 / 1e9, remb.bitrate.as_bps() as f64);
        }
        Ok(())
    }

    fn draw_recorded(&mut self, info: &FlowInfo, at: CaptureTime, remb: &CapturedRemb) {
        let since_first = at.as_nanos() - self.clock.first.as_nanos();
        let seconds = since_first as f64 / 1e9;
        if let Some(page) = self.pages.as_mut().and_then(|pages| pages.at(info.index)) {
            page.recorded(
                since_first / 1000,
                remb.bitrate.as_bps(),
                remb.ssrcs.as_deref().unwrap_or_default(),
            );
        }
        if let Some(figure) = self.flow(info).and_then(|flow| flow.figure.as_mut()) {
            figure.recorded(seconds, remb.bitrate.as_bps() as f64, remb.ssrcs.as_deref().unwrap_or_default());
        }
    }

    fn draw_step(&mut self, info: &FlowInfo, at: CaptureTime, step: &Step, conditions: &Conditions) {
        if let Some(pages) = &mut self.pages {
            let since_first = at.as_nanos() - self.clock.first.as_nanos();
            pages.row(info.index, || Row::of(since_first.div_euclid(1000), step, conditions));
        }
        let Some(flow) = self.flows.get_mut(info.index) else { return };
        if let Some(figure) = &mut flow.figure {
            let seconds = (at.as_nanos() - self.clock.first.as_nanos()) as f64 / 1e9;
            let rtt_ms = conditions.rtt.as_micros() as f64 / 1e3;
            figure.path(seconds, conditions.queue_ms, rtt_ms, conditions.lost);
            figure.rates(
                seconds,
                step.incoming.map(|rate| rate.as_bps() as f64),
                step.estimate.map(|rate| rate.as_bps() as f64),
            );
            if let Some(packet) = step.packet.filter(|packet| packet.group.is_some()) {
                let delay = packet.delay;
                figure.gradient(seconds, delay.modified_offset_ms, delay.threshold_ms, usage(delay.usage));
            }
        }
    }
}

impl Sink for Writers {
    type Error = anyhow::Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<()> {
        if self.flows.get(flow.index).is_none_or(|known| !known.is_known) {
            self.announce(flow);
        }
        self.tables.event(flow, at, event)?;
        match event {
            Event::Step(step, conditions) => self.draw_step(flow, at, step, conditions),
            Event::Remb(remb) => self.write_remb(flow, at, remb)?,
            Event::Recorded(remb) => self.draw_recorded(flow, at, remb),
            _ => {}
        }
        Ok(())
    }
}

fn usage(usage: BandwidthUsage) -> Usage {
    match usage {
        BandwidthUsage::Normal => Usage::Normal,
        BandwidthUsage::Overusing => Usage::Overuse,
        BandwidthUsage::Underusing => Usage::Underuse,
    }
}

fn new_figure(view: Option<View>) -> Figure {
    match view {
        Some(view) => Figure::of_view(view.from.unwrap_or(0.0), view.to.unwrap_or(f64::INFINITY)),
        None => Figure::new(),
    }
}

/// A pause of the sender or of the network.
fn silence(event: &EventRow) -> Option<Silence> {
    let is_outage = match event.kind {
        "pause" => false,
        "outage" => true,
        _ => return None,
    };
    let seconds = |at: Seconds| at.0 as f64 / 1e9;
    Some(Silence { from: seconds(event.at), to: seconds(event.until?), is_outage })
}

fn draw(mut output: Output, format: Format, figure: &Figure) -> Result<Output> {
    match format {
        Format::Svg => render_svg(figure, &mut output)?,
        Format::Png => render_png(figure, &mut output)?,
    }
    Ok(output)
}
