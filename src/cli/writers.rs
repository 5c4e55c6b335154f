//! The outputs of a replay, each fed with the events that concern it.

use std::io::{BufWriter, Write};

use anyhow::{Context, Result};

use super::args::{Rtcp, View};
use super::merge::Kept;
use super::outputs::{Format, Kind, Output, Plan};
use super::resolve::Resolved;
use super::table_format::TableWriter;
use super::written::Written;
use remb_replay::analysis::drawings::{Drawings, Wanted};
use remb_replay::analysis::tables::Tables;
use remb_replay::capture::{Frame, LinkType};
use remb_replay::model::{Doubt, Warning};
use remb_replay::replay::{Event, SentRemb, Sink};
use remb_replay::report::events::write_events;
use remb_replay::report::merge::MERGED_SENDER;
use remb_replay::report::pcap::{RembPcap, RtcpPacking};
use remb_replay::report::plot::{Figure, render_png, render_svg};
use remb_replay::report::summary::{Count, Summary};
use remb_replay::report::tables::{Clock, write_streams};
use remb_replay::survey::FlowInfo;
use remb_replay::units::{CaptureTime, Ssrc};

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
    drawings: Option<Drawings>,
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
        let wanted = Wanted { figures: plan.has(Kind::Picture), page: plan.has(Kind::Html) };
        let view = view.map(|view| (view.from.unwrap_or(0.0), view.to.unwrap_or(f64::INFINITY)));
        let drawings = (wanted != Wanted::default()).then(|| Drawings::new(clock.first, wanted, view));
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
            drawings,
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
        let not_in_pcap = Count { count: self.not_in_pcap, first_frame: 0 };
        let doubts = [(Doubt::NotInPcap, not_in_pcap), (Doubt::NotInMerge, self.not_in_merge)];
        let doubts = doubts.into_iter().filter(|(_, count)| count.count > 0);
        let doubts = doubts.map(|(doubt, count)| Warning { doubt, flow: None, count: Some(count) });
        doubts.chain(self.drawings.as_ref().and_then(Drawings::doubt)).chain(self.tables.doubt())
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
        for table in [estimates, rembs].into_iter().flatten() {
            outputs.push(table.finish()?);
        }
        let nanoseconds = self.clock.nanoseconds;
        plan.write_table(Kind::StreamsCsv, &mut outputs, |table| {
            Ok(write_streams(table, &summary.flows, nanoseconds)?)
        })?;
        plan.write_table(Kind::EventsCsv, &mut outputs, |table| {
            let rows: Vec<_> = summary.flows.iter().flat_map(|flow| flow.events.iter().cloned()).collect();
            Ok(write_events(table, &rows, nanoseconds)?)
        })?;
        plan.write_json(&mut outputs, summary)?;
        plan.write(Kind::Config, &mut outputs, |output| Ok(output.write_all(resolved.print().as_bytes())?))?;
        let mut drawn = Vec::new();
        if let Some(mut drawings) = self.drawings {
            let (of, parameters) = ((summary, places), &resolved.config.parameters);
            plan.write(Kind::Html, &mut outputs, |output| Ok(drawings.write_page(output, of, parameters)?))?;
            for (index, (flow, figure)) in drawings.into_figures(of, parameters).into_iter().enumerate() {
                let Some((output, format)) = plan.open_picture(index)? else { break };
                drawn.push((outputs.len(), flow));
                outputs.push(draw(output, format, &figure)?);
            }
        }
        let written = Written::new(&outputs, drawn);
        Output::finish_all(outputs)?;
        Ok(written)
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
        Ok(())
    }
}

impl Sink for Writers {
    type Error = anyhow::Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<()> {
        self.tables.event(flow, at, event)?;
        if let Some(drawings) = &mut self.drawings {
            let Ok(()) = drawings.event(flow, at, event);
        }
        match event {
            Event::Remb(remb) => self.write_remb(flow, at, remb),
            _ => Ok(()),
        }
    }
}

fn draw(mut output: Output, format: Format, figure: &Figure) -> Result<Output> {
    match format {
        Format::Svg => render_svg(figure, &mut output)?,
        Format::Png => render_png(figure, &mut output)?,
    }
    Ok(output)
}
