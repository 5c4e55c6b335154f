//! Flows of several captures in a line each, the worst first: which of them is bad.

use serde::Serialize;

use super::summary::{Flow, Inspection, Stream};
use super::table::table;
use super::{RTX, counted};

/// So much delay weighs as much as one percent of loss, ms.
const MS_PER_PERCENT: f64 = 100.0;
const HEADINGS: [&str; 9] =
    ["capture", "flow", "fit", "lost %", "delay ms", "RTT ms", "kbit/s", "frames/s", "REMB kbit/s"];
/// Columns before this one are words.
const FIRST_NUMBER: usize = 3;

/// What speaks of the call that a flow is of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// The capture, as it was named.
    pub capture: String,
    /// Source and destination.
    pub flow: String,
    /// Whether it is fit for estimation.
    pub fit: bool,
    /// Packets that never came, in percent of those that were sent; retransmissions count nowhere.
    pub lost_percent: Option<f64>,
    /// What 99 % of the delays stay below, above the least, ms; the greatest of its streams.
    pub delay_spread_ms: Option<f64>,
    /// The longest round trip time, ms, and the shortest.
    pub rtt_max_ms: Option<f64>,
    /// The shortest, ms.
    pub rtt_min_ms: Option<f64>,
    /// Payload and padding of all streams, bit/s.
    pub bitrate_bps: Option<i64>,
    /// Those of its busiest stream that has any.
    pub frames_per_s: Option<f64>,
    /// The lowest REMB recorded, bit/s.
    pub remb_min_bps: Option<i64>,
    /// The highest.
    pub remb_max_bps: Option<i64>,
}

/// All flows of these captures, each by the name that the user gave it; the worst first, equals in the order given.
pub fn rank<'a>(captures: impl IntoIterator<Item = (&'a str, &'a Inspection)>) -> Vec<Ranked> {
    let flows = |(name, inspection): (&str, &'a Inspection)| {
        let name = name.to_owned();
        inspection.flows.iter().map(move |flow| Ranked::new(&name, flow))
    };
    let mut ranked: Vec<_> = captures.into_iter().flat_map(flows).collect();
    ranked.sort_by(|a, b| b.badness().total_cmp(&a.badness()));
    ranked
}

/// For a person: a line a flow, and how they are ranked.
pub fn to_text(ranked: &[Ranked]) -> String {
    let headings = HEADINGS.map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(headings).chain(ranked.iter().map(Ranked::cells)).collect();
    format!(
        "{}, the worst first: by loss, and by the delay that 99 % of the packets stay below; {MS_PER_PERCENT:.0} ms weigh \
         as much as 1 %\n{}",
        counted(ranked.len() as u64, "flows"),
        table(&rows, FIRST_NUMBER)
    )
}

impl Ranked {
    fn new(capture: &str, flow: &Flow) -> Self {
        let media = || flow.streams.iter().filter(|stream| stream.kind != RTX);
        let lost: u64 = media().map(|stream| stream.lost).sum();
        let came: u64 = media().map(|stream| stream.packets.saturating_sub(stream.duplicates)).sum();
        let busiest = media().filter(|stream| stream.frames_per_s.is_some());
        Self {
            capture: capture.to_owned(),
            flow: flow.flow.clone(),
            fit: flow.verdict.fit,
            lost_percent: (lost + came > 0)
                .then(|| (10_000.0 * lost as f64 / (lost + came) as f64).round() / 100.0),
            delay_spread_ms: media().filter_map(|stream| stream.delay_spread_ms).max_by(f64::total_cmp),
            rtt_max_ms: flow.rtt.max_ms,
            rtt_min_ms: flow.rtt.min_ms,
            bitrate_bps: bitrate(&flow.streams),
            frames_per_s: busiest.max_by_key(|stream| stream.packets).and_then(|stream| stream.frames_per_s),
            remb_min_bps: flow.recorded.min_bps,
            remb_max_bps: flow.recorded.max_bps,
        }
    }

    /// Percent of loss, and delay: of the packets, else of the round trips. What is not known is not held against it.
    fn badness(&self) -> f64 {
        let of_round_trips = self.rtt_max_ms.zip(self.rtt_min_ms).map(|(max, min)| max - min);
        let delay_ms = self.delay_spread_ms.or(of_round_trips).unwrap_or(0.0);
        self.lost_percent.unwrap_or(0.0) + delay_ms / MS_PER_PERCENT
    }

    fn cells(&self) -> Vec<String> {
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let kbps = |bps: i64| format!("{:.0}", bps as f64 / 1e3);
        let rembs = self.remb_min_bps.zip(self.remb_max_bps);
        vec![
            self.capture.clone(),
            self.flow.clone(),
            if self.fit { "yes" } else { "no" }.to_owned(),
            or_dash(self.lost_percent.map(|percent| format!("{percent:.2}"))),
            or_dash(self.delay_spread_ms.map(|ms| format!("< {ms}"))),
            or_dash(self.rtt_min_ms.zip(self.rtt_max_ms).map(|(min, max)| format!("{min:.0} to {max:.0}"))),
            or_dash(self.bitrate_bps.map(kbps)),
            or_dash(self.frames_per_s.map(|frames| format!("{frames:.1}"))),
            or_dash(rembs.map(|(min, max)| format!("{} to {}", kbps(min), kbps(max)))),
        ]
    }
}

/// Of all streams over the time of all; `None` of less than a second.
fn bitrate(streams: &[Stream]) -> Option<i64> {
    let first = streams.iter().map(|stream| stream.first_s.0).min()?;
    let last = streams.iter().map(|stream| stream.last_s.0).max()?;
    let span = (last - first) as f64 / 1e9;
    let bytes: u64 = streams.iter().map(|stream| stream.payload_bytes).sum();
    (span >= 1.0).then(|| (bytes as f64 * 8.0 / span).round() as i64)
}
