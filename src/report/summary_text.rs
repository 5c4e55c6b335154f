//! The summary for a person: what came out, flow by flow.

use std::fmt::Write as _;

use super::summary::{Apart, Estimation, Flow, Recorded, Rtt, Seconds, Stream, Summary};
use super::{RTX, counted};

impl Summary {
    /// For a person: what came out, flow by flow; `verbose` with the evidence for every inference.
    pub fn to_text(&self, verbose: bool) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut text, verbose);
        text
    }

    fn write_text(&self, out: &mut String, verbose: bool) -> std::fmt::Result {
        let span =
            self.input.span_s.map_or("no time".to_owned(), |span| format!("{:.1} s", span.0 as f64 / 1e9));
        let frames = counted(self.frames.total, "frames");
        writeln!(out, "{}: {}, {frames}, {span}", self.input.file, self.input.format)?;
        for flow in &self.flows {
            writeln!(out, "\nflow {}", flow.flow)?;
            for stream in &flow.streams {
                let types: Vec<_> = stream.payload_types.iter().map(u8::to_string).collect();
                let clock = stream.clock_hz.map(|hz| format!(", {hz} Hz")).unwrap_or_default();
                let fed = match stream.packets_fed {
                    0 => "left out".to_owned(),
                    all if all == stream.packets => "fed".to_owned(),
                    some => format!("{some} of them fed"),
                };
                let why = if verbose { format!(" ({})", stream.why) } else { String::new() };
                let Stream { ssrc, packets, .. } = stream;
                let (kind, lost, types) = (stream.kind_in_words(), stream.lost_in_words(), types.join(" "));
                writeln!(
                    out,
                    "  {ssrc}  payload type {types}, {kind}{clock}, {}{lost}: {fed}{why}",
                    counted(*packets, "packets")
                )?;
            }
            for inference in flow.inferences.iter().filter(|_| verbose) {
                writeln!(out, "  {} is {}: {}", inference.what, inference.value, inference.evidence)?;
            }
            match &flow.estimation {
                None => writeln!(out, "  not estimated: {}", flow.verdict.why)?,
                Some(estimation) => {
                    flow.write_result(estimation, out)?;
                    self.write_against_recorded(flow, estimation, out)?;
                }
            }
            for line in &flow.most_important {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl Summary {
    /// Why there are fewer than were recorded, and whether both part for long.
    fn write_against_recorded(
        &self,
        flow: &Flow,
        estimation: &Estimation,
        out: &mut String,
    ) -> std::fmt::Result {
        let rembs = &estimation.rembs;
        let recorded = flow.recorded.count - flow.recorded.repeats;
        let parameter = |name: &str| self.parameters.value(&format!("remb.{name}"));
        if rembs.count < recorded && parameter("scheduler").as_deref() == Some("periodic") {
            let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            let threshold = or_dash(parameter("decrease_threshold"));
            writeln!(
                out,
                "  replayed: fewer than the {recorded} recorded without repeats, for they are sent every {} and on a fall of \
                 {} %; --scheduler libwebrtc sends them as libwebrtc's receiver does",
                or_dash(parameter("interval")),
                threshold.strip_suffix(".0").unwrap_or(&threshold)
            )?;
        }
        let Some(Apart {
            compared_s,
            apart_s,
            longest_from_s: Some(from),
            longest_until_s: Some(until),
            is_long: true,
        }) = rembs.apart
        else {
            return Ok(());
        };
        let seconds = |span: Seconds| span.0 as f64 / 1e9;
        writeln!(
            out,
            "  recorded and replayed are more than 5 % apart for {:.1} of {:.1} s, the longest from {:.1} to {:.1} s; \
             remb-replay compare says where and by how much",
            seconds(apart_s),
            seconds(compared_s),
            seconds(from),
            seconds(until)
        )
    }
}

impl Stream {
    /// Retransmissions with the stream that they are of.
    pub(super) fn kind_in_words(&self) -> String {
        match (self.kind, &self.retransmits) {
            (RTX, Some(of)) => format!("RTX of {of}"),
            (RTX, None) => "RTX".to_owned(),
            (kind, _) => kind.to_owned(),
        }
    }

    /// What is lost of retransmissions is no loss of the call.
    fn lost_in_words(&self) -> String {
        match (self.kind, self.lost, self.lost_percent) {
            (RTX, ..) => String::new(),
            (_, 1.., Some(percent)) => format!(", {} lost ({percent:.2} %)", self.lost),
            _ => format!(", {} lost", self.lost),
        }
    }
}

impl Flow {
    fn write_result(&self, estimation: &Estimation, out: &mut String) -> std::fmt::Result {
        let rembs = &estimation.rembs;
        let reasons: Vec<_> =
            rembs.reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        writeln!(
            out,
            "  {} fed, {} estimator, {}",
            counted(self.packets_fed, "packets"),
            estimation.estimator,
            self.rtt.in_words()
        )?;
        self.recorded.write(out)?;
        let (Some(first_s), Some(first), Some(last)) = (rembs.first_s, rembs.first_bps, rembs.last_bps)
        else {
            return writeln!(out, "  replayed: no REMB");
        };
        let (min, max) = (rembs.min_bps.unwrap_or(first), rembs.max_bps.unwrap_or(first));
        writeln!(
            out,
            "  replayed: {} ({}), the first after {:.3} s",
            counted(rembs.count, "REMBs"),
            reasons.join(", "),
            first_s.0 as f64 / 1e9
        )?;
        writeln!(
            out,
            "  replayed: first {}, last {}, lowest {}, highest {}",
            rate(first),
            rate(last),
            rate(min),
            rate(max)
        )
    }
}

impl Rtt {
    /// For a person: what rate control was given, and what the capture has.
    pub fn in_words(&self) -> String {
        let Self { source, value_ms, samples, min_ms, max_ms, discarded } = self;
        let range = match (min_ms, max_ms) {
            (Some(min), Some(max)) => {
                Some(format!("{samples} samples of {min} to {max} ms, {discarded} discarded"))
            }
            _ => None,
        };
        match (value_ms, range) {
            (Some(value), Some(range)) => {
                let when = if *source == "capture" { " at the end" } else { "" };
                format!("round trip time {value} ms{when} ({source}; {range})")
            }
            (Some(value), None) => format!("round trip time {value} ms ({source})"),
            (None, Some(range)) => format!("round trip time: {range}"),
            (None, None) => "round trip time: not known".to_owned(),
        }
    }

    /// For the title of a picture.
    pub fn in_short(&self) -> Option<String> {
        self.value_ms.map(|value| format!("RTT {value} ms ({})", self.source))
    }
}

impl Recorded {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        match (self.first_bps, self.last_bps, self.min_bps, self.max_bps) {
            (Some(first), Some(last), Some(min), Some(max)) => writeln!(
                out,
                "  recorded: {}, {} of them repeats; first {}, last {}, lowest {}, highest {}",
                counted(self.count, "REMBs"),
                self.repeats,
                rate(first),
                rate(last),
                rate(min),
                rate(max)
            ),
            _ if self.rtcp_unreadable > 0 => {
                writeln!(
                    out,
                    "  recorded: {} RTCP packets are encrypted, their REMBs unreadable",
                    self.rtcp_unreadable
                )
            }
            _ if self.rtcp_cut > 0 => {
                writeln!(
                    out,
                    "  recorded: {} RTCP packets are cut by the snaplen, their REMBs unreadable",
                    self.rtcp_cut
                )
            }
            _ => Ok(()),
        }
    }
}

/// A bit rate for a person.
fn rate(bps: i64) -> String {
    format!("{:.0} kbit/s", bps as f64 / 1e3)
}
