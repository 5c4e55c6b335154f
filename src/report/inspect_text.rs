//! What is in a capture, for a person: a block per flow, then whether it is fit for estimation.

use std::fmt::{self, Write as _};

use super::summary::{ElementSeen, Flow, Inspection, Recorded, RtcpSeen, Seconds, Stream, Warning};
use super::{RTX, counted};

const HEADINGS: [&str; 15] = [
    "SSRC",
    "payload type",
    "kind",
    "clock Hz",
    "packets",
    "kbit/s",
    "frames/s",
    "first s",
    "last s",
    "lost",
    "lost %",
    "reordered",
    "repeats",
    "jitter ms",
    "drift ppm",
];
/// What the payloads' line has told already.
const OTHER_PROTOCOL: &str = "other-protocol";
/// Columns from here on are numbers, and stand to the right.
const FIRST_NUMBER: usize = 3;

impl Inspection {
    /// For a person.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        self.write_capture(out)?;
        for flow in &self.flows {
            writeln!(out)?;
            flow.write_inspected(out)?;
            let of_flow = |warning: &&Warning| warning.flow.as_ref() == Some(&flow.flow);
            for warning in self.warnings.iter().filter(of_flow) {
                writeln!(out, "  {}", Warning { flow: None, ..warning.clone() })?;
            }
        }
        let mut general = self.warnings.iter().filter(|warning| warning.flow.is_none()).peekable();
        if general.peek().is_some() {
            writeln!(out)?;
        }
        general.try_for_each(|warning| writeln!(out, "{warning}"))
    }

    fn write_capture(&self, out: &mut String) -> fmt::Result {
        let (input, frames) = (&self.input, &self.frames);
        let list = |counts: &mut dyn Iterator<Item = (String, u64)>| {
            counts.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
        };
        writeln!(out, "{}", input.file)?;
        let span = input.span_s.map_or("no time".to_owned(), |span| format!("{} s", seconds(span)));
        let percent = 100.0 * frames.truncated as f64 / frames.total.max(1) as f64;
        let cut = match input.snaplen {
            Some(snaplen) => format!("snaplen {snaplen}, {percent:.2} % of the frames cut by it"),
            None => format!("no snaplen, {percent:.2} % of the frames not whole"),
        };
        writeln!(out, "  {}, {}, {span}, {cut}", input.format, counted(frames.total, "frames"))?;
        let link_types = frames.link_types.iter().map(|(name, count)| (name.clone(), *count));
        writeln!(out, "  link: {}", list(&mut link_types.into_iter()))?;
        let named = |(name, count): (&&'static str, &u64)| ((*name).to_owned(), *count);
        if !frames.carriers.is_empty() {
            writeln!(out, "  datagrams: {}", list(&mut frames.carriers.iter().map(named)))?;
            writeln!(out, "  payloads: {}", list(&mut frames.classes.iter().map(named)))?;
        }
        let skipped = frames.skipped.iter().filter(|(name, _)| **name != OTHER_PROTOCOL);
        let unread: Vec<_> = skipped.map(|(name, count)| format!("{} {name}", count.count)).collect();
        if !unread.is_empty() {
            writeln!(out, "  would not be fed: {}", unread.join(", "))?;
        }
        if let Some(log) = &self.log {
            log.write_text(out)?;
        }
        Ok(())
    }
}

impl Flow {
    fn write_inspected(&self, out: &mut String) -> fmt::Result {
        let encrypted = match self.srtp.encrypted {
            Some(true) => format!("encrypted, {} bytes of tag", self.srtp.tag_len),
            Some(false) => "not encrypted".to_owned(),
            None => "encrypted or not is not known".to_owned(),
        };
        writeln!(out, "flow {}, {}, {encrypted}", self.flow, self.carrier)?;
        for also in &self.also_on {
            writeln!(out, "  and {also}")?;
        }
        write_table(out, self.streams.iter().map(Stream::cells).collect())?;
        for element in &self.extensions {
            element.write(out)?;
        }
        for from in ["receiver", "sender"] {
            let seen: Vec<_> =
                self.rtcp.iter().filter(|seen| seen.from == from).map(RtcpSeen::in_words).collect();
            if !seen.is_empty() {
                writeln!(out, "  RTCP of the {from}: {}", seen.join(", "))?;
            }
        }
        self.recorded.write_inspected(out)?;
        writeln!(out, "  {}", self.rtt.in_words())?;
        if let Some(captured_at) = &self.captured_at {
            writeln!(out, "  captured at the {}: {}", captured_at.end, captured_at.evidence)?;
        }
        let fit = if self.verdict.fit { "fit for estimation" } else { "not fit for estimation" };
        writeln!(out, "  {fit}: {}", self.verdict.why)
    }
}

impl Stream {
    fn cells(&self) -> [String; HEADINGS.len()] {
        let types: Vec<_> = self.payload_types.iter().map(u8::to_string).collect();
        let optional = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        [
            self.ssrc.clone(),
            types.join(" "),
            self.kind_in_words(),
            optional(self.clock_hz.map(|hz| hz.to_string())),
            self.packets.to_string(),
            optional(self.bitrate_bps.map(|bps| format!("{:.0}", bps as f64 / 1e3))),
            optional(self.frames_per_s.map(|frames| format!("{frames:.1}"))),
            seconds(self.first_s),
            seconds(self.last_s),
            // What is lost of retransmissions is no loss of the call.
            if self.kind == RTX { "-".to_owned() } else { self.lost.to_string() },
            optional(self.lost_percent.map(|percent| format!("{percent:.2}"))),
            self.reordered.to_string(),
            self.duplicates.to_string(),
            optional(self.jitter_ms.map(|ms| format!("{ms:.2}"))),
            optional(self.drift_ppm.map(|ppm| format!("{ppm:.1}"))),
        ]
    }
}

impl ElementSeen {
    fn write(&self, out: &mut String) -> fmt::Result {
        let Self { id, packets, shortest, longest, what, evidence } = self;
        let bytes =
            if shortest == longest { format!("{longest}") } else { format!("{shortest} to {longest}") };
        let (unit, what) = (if *longest == 1 { "byte" } else { "bytes" }, what.unwrap_or("not known"));
        let evidence = evidence.as_ref().map(|evidence| format!(" ({evidence})")).unwrap_or_default();
        let packets = counted(*packets, "packets");
        writeln!(out, "  header extension {id}: {what}, {bytes} {unit}, on {packets}{evidence}")
    }
}

impl RtcpSeen {
    fn in_words(&self) -> String {
        match self.name {
            "" => format!("{} of type {}", self.count, self.packet_type),
            name => format!("{} {name}", self.count),
        }
    }
}

impl Recorded {
    fn write_inspected(&self, out: &mut String) -> fmt::Result {
        if self.rtcp_unreadable > 0 {
            return writeln!(
                out,
                "  REMBs: not known, {} RTCP packets of the receiver are encrypted",
                self.rtcp_unreadable
            );
        }
        let (Some(first), Some(last), Some(min), Some(max)) =
            (self.first_bps, self.last_bps, self.min_bps, self.max_bps)
        else {
            let unusable: u64 = self.unusable.values().map(|count| count.count).sum();
            return match self.rtcp_cut {
                _ if unusable > 0 => {
                    writeln!(out, "  REMBs: none that can be used, and {unusable} that cannot")
                }
                0 => writeln!(out, "  REMBs: none"),
                cut => writeln!(
                    out,
                    "  REMBs: not known, {cut} RTCP packets of the receiver are cut by the snaplen"
                ),
            };
        };
        let kbps = |bps: i64| format!("{:.0} kbit/s", bps as f64 / 1e3);
        writeln!(
            out,
            "  REMBs: {} whole and {} cut by the snaplen, {} of all repeats; first {}, last {}, lowest {}, highest {}",
            self.count - self.cut,
            self.cut,
            self.repeats,
            kbps(first),
            kbps(last),
            kbps(min),
            kbps(max)
        )
    }
}

/// With headings, as wide as the widest cell of each column.
fn write_table(out: &mut String, rows: Vec<[String; HEADINGS.len()]>) -> fmt::Result {
    let headings = HEADINGS.map(str::to_owned);
    let mut widths = headings.clone().map(|heading| heading.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            match column < FIRST_NUMBER {
                true => write!(line, "  {cell:<width$}")?,
                false => write!(line, "  {cell:>width$}")?,
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn seconds(span: Seconds) -> String {
    format!("{:.3}", span.0 as f64 / 1e9)
}
