//! What happened to the estimates of a capture: for a person a line an event, in order of time; everything as JSON.

use std::cmp::Reverse;

use serde::Serialize;

use super::counted;
use super::event_text::{self, rate};
use super::events::EventRow;
use super::summary::{Input, Tool, Warning};
use super::table::table;
use crate::model::{End, Event, Fall, FallCause, Flow, Happening, NoRiseCause, WhyOverUse};
use crate::units::{Bitrate, Seconds};

/// So many events of a flow are put into words.
const MAX_LINES: usize = 200;

/// What happened in a capture: `explain --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Which program and model.
    pub tool: Tool,
    /// The capture.
    pub input: Input,
    /// Flows in order of appearance.
    pub flows: Vec<Explained>,
    /// Warnings, by code.
    pub warnings: Vec<Warning>,
}

/// What happened in a flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Source and destination.
    pub flow: String,
    /// What happened, in order of time.
    pub events: Vec<EventRow>,
    /// Captured where it was sent.
    #[serde(skip)]
    is_sent_here: bool,
    /// For a person.
    #[serde(skip)]
    lines: Vec<Line>,
    /// How bad it is, for a ranking.
    #[serde(skip)]
    badness: f64,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    text: String,
    weight: f64,
    is_detail: bool,
}

/// A flow in a ranking of several captures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedFlow {
    /// The capture, as it was named.
    pub capture: String,
    /// Source and destination.
    pub flow: String,
    /// Falls of 5 % or more.
    pub falls: u64,
    /// Packets lost in runs and outages.
    pub lost: u64,
    /// Time without packets, s.
    pub gaps_s: f64,
    /// What weighs most.
    pub worst: Option<String>,
}

impl Explained {
    /// Of a flow.
    pub fn of(flow: &Flow) -> Self {
        let name = flow.flow.to_string();
        let badness = flow.events.iter().filter(|event| !event.is_detail).map(weight).sum();
        Self {
            events: flow.events.iter().map(|event| EventRow::of(event, &name)).collect(),
            is_sent_here: flow.captured_at.is_some_and(|point| point.end == End::Sender),
            lines: lines(&flow.events),
            flow: name,
            badness,
        }
    }

    /// The lines that weigh most, in order of time.
    pub fn most_important(&self, count: usize) -> Vec<&str> {
        chosen(self.lines.iter().filter(|line| !line.is_detail && line.weight >= WORTH_SAYING), count)
    }

    /// How often what happened, falls by their causes: whether it was loss, delay or the application.
    fn in_short(&self) -> Option<String> {
        let of = |kind: &'static str| {
            self.events.iter().filter(move |event| event.kind == kind && !event.is_detail)
        };
        let mut causes: Vec<(&str, u64)> = Vec::new();
        for why in of("fall").map(EventRow::reason) {
            match causes.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => causes.push((why, 1)),
            }
        }
        causes.sort_by_key(|(_, count)| Reverse(*count));
        let falls = of("fall").count() as u64;
        let causes: Vec<_> = causes.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let of_causes = if falls > 0 { format!(" ({})", causes.join(", ")) } else { String::new() };
        let lost: f64 = of("loss").chain(of("outage")).filter_map(|event| event.value("lost")).sum();
        let lost = match lost.max(0.0) as u64 {
            0 => "no runs of losses".to_owned(),
            lost => format!("{} lost in runs", counted(lost, "packets")),
        };
        let gaps = |kind: &'static str| counted(of(kind).count() as u64, &format!("{kind}s"));
        let has_news = self.lines.iter().any(|line| !line.is_detail && line.weight > 0.0);
        has_news.then(|| {
            format!("{}{of_causes}; {lost}; {}, {}", counted(falls, "falls"), gaps("pause"), gaps("outage"))
        })
    }

    fn write(&self, text: &mut String, verbose: bool) {
        text.push_str(&format!("\nflow {}\n", self.flow));
        if self.is_sent_here {
            text.push_str(
                "  captured where it was sent: queue, losses and estimate are not what its receiver saw\n",
            );
        }
        if let Some(in_short) = self.in_short() {
            text.push_str(&format!("  in short: {in_short}\n"));
        }
        let shown = || self.lines.iter().filter(|line| verbose || !line.is_detail);
        if !shown().any(|line| line.weight > 0.0) {
            text.push_str("  nothing to tell: the estimate never fell by 5 %, nothing was lost in a run, nothing paused\n");
        }
        for line in chosen(shown(), MAX_LINES) {
            text.push_str(&format!("  {line}\n"));
        }
        let more = shown().count().saturating_sub(MAX_LINES);
        if more > 0 {
            text.push_str(&format!(
                "  and {} that weigh less; --csv has them all\n",
                counted(more as u64, "events")
            ));
        }
    }
}

/// What weighs less is no news of a summary.
const WORTH_SAYING: f64 = 5.0;

impl Explanation {
    /// For a person; `verbose` with the details.
    pub fn to_text(&self, verbose: bool) -> String {
        let span =
            self.input.span_s.map_or("no time".to_owned(), |span| format!("{:.1} s", span.0 as f64 / 1e9));
        let file = self.input.shown();
        let mut text = format!("{file}: {}, {span}\n", self.input.format);
        self.flows.iter().for_each(|flow| flow.write(&mut text, verbose));
        text
    }

    /// All events.
    pub fn events(&self) -> Vec<EventRow> {
        self.flows.iter().flat_map(|flow| flow.events.iter().cloned()).collect()
    }
}

/// All flows of these captures, the worst first.
pub fn rank<'a>(captures: impl IntoIterator<Item = (&'a str, &'a Explanation)>) -> Vec<RankedFlow> {
    let flows = captures.into_iter().flat_map(|(name, one)| one.flows.iter().map(move |flow| (name, flow)));
    let mut flows: Vec<_> = flows.collect();
    flows.sort_by(|(_, a), (_, b)| b.badness.total_cmp(&a.badness));
    let ranked = flows.into_iter().map(|(capture, flow)| {
        let of = |kind: &'static str| {
            flow.events.iter().filter(move |event| event.kind == kind && !event.is_detail)
        };
        let sum = |kind: &'static str, column: &str| -> f64 {
            of(kind).filter_map(|event| event.value(column)).sum()
        };
        RankedFlow {
            capture: capture.to_owned(),
            flow: flow.flow.clone(),
            falls: of("fall").count() as u64,
            lost: (sum("loss", "lost") + sum("outage", "lost")).max(0.0) as u64,
            gaps_s: ((sum("pause", "gap_s") + sum("outage", "gap_s")) * 1e3).round().abs() / 1e3,
            worst: flow.most_important(1).first().map(|line| (*line).to_owned()),
        }
    });
    ranked.collect()
}

/// A ranking for a person.
pub fn ranking_to_text(ranking: &[RankedFlow]) -> String {
    let headings =
        ["capture", "flow", "falls", "lost", "gaps s", " what weighs most"].map(str::to_owned).to_vec();
    let rows = ranking.iter().map(|row| {
        let worst = row.worst.clone().unwrap_or_else(|| "nothing to tell".to_owned());
        vec![
            row.capture.clone(),
            row.flow.clone(),
            row.falls.to_string(),
            row.lost.to_string(),
            format!("{:.1}", row.gaps_s),
            format!(" {worst}"),
        ]
    });
    let rows: Vec<_> = std::iter::once(headings).chain(rows).collect();
    let widest = rows.iter().filter_map(|row| row.last()).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let rows: Vec<_> = rows
        .into_iter()
        .map(|mut row| {
            if let Some(last) = row.last_mut() {
                *last = format!("{last:<widest$}");
            }
            row
        })
        .collect();
    format!(
        "{}, the worst first, by what their events weigh together\n{}",
        counted(ranking.len() as u64, "flows"),
        table(&rows, 2)
    )
}

/// The heaviest of them, in their order.
fn chosen<'a>(lines: impl Iterator<Item = &'a Line>, count: usize) -> Vec<&'a str> {
    let mut lines: Vec<_> = lines.enumerate().collect();
    lines.sort_by(|(_, a), (_, b)| b.weight.total_cmp(&a.weight));
    lines.truncate(count);
    lines.sort_by_key(|(place, _)| *place);
    lines.into_iter().map(|(_, line)| line.text.as_str()).collect()
}

/// How much an event matters: a percent of the estimate or of the packets, or a twentieth of a second without any, is 1.
fn weight(event: &Event) -> f64 {
    let seconds = |from: Seconds, to: Option<Seconds>| to.map_or(0.0, |to| (to.0 - from.0) as f64 / 1e9);
    let lasts = seconds(event.at, event.until);
    match &event.what {
        Happening::Fall(fall) => {
            let depth = 100.0 * (1.0 - fall.to.as_bps() as f64 / fall.from.as_bps().max(1) as f64);
            let is_usual =
                matches!(fall.cause, FallCause::OverUse(WhyOverUse::Capacity | WhyOverUse::Frames));
            if is_usual { depth / 4.0 } else { depth }
        }
        Happening::NoRise(hold) if hold.cause == NoRiseCause::IncomingLimit => lasts.min(60.0) / 4.0,
        Happening::NoRise(_) => lasts.min(60.0),
        Happening::Pause(pause) => (5.0 * pause.gap.to_secs_f64()).min(60.0),
        Happening::Outage(outage) => (20.0 * outage.gap.to_secs_f64()).min(100.0),
        Happening::Loss(loss) => (100.0 * loss.share()).min(loss.lost as f64),
        Happening::Path(_) => 20.0,
        Happening::Divergence(_) => lasts.min(20.0),
        Happening::NoRemb(_) => 100.0,
        Happening::Probe(_) | Happening::Stream(_) | Happening::Estimator(_) | Happening::Rtt(_) => 0.0,
    }
}

/// A line an event; falls that are the ordinary ones of a link at its rate, one behind the other, in one.
fn lines(events: &[Event]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut folded = vec![false; events.len()];
    for (place, event) in events.iter().enumerate() {
        if folded.get(place).copied().unwrap_or(false) {
            continue;
        }
        let alike = alike_behind(events, place);
        if alike.len() < 2 {
            lines.push(Line::of(event));
            continue;
        }
        alike.iter().for_each(|place| folded[*place] = true);
        let falls: Vec<_> = alike.iter().filter_map(|place| events.get(*place)).collect();
        lines.push(Line::of_several(&falls));
    }
    lines
}

/// The cause of a fall that folds.
fn folding(event: &Event) -> Option<(WhyOverUse, bool)> {
    match &event.what {
        Happening::Fall(fall) => match fall.cause {
            FallCause::OverUse(why @ (WhyOverUse::Capacity | WhyOverUse::Frames)) => {
                Some((why, event.is_detail))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The places of this fall and of those behind it that are alike, until another.
fn alike_behind(events: &[Event], place: usize) -> Vec<usize> {
    let Some(first) = events.get(place).and_then(folding) else { return Vec::new() };
    let falls =
        events.iter().enumerate().skip(place).filter(|(_, event)| matches!(event.what, Happening::Fall(_)));
    let shown = falls.filter(|(_, event)| first.1 || !event.is_detail);
    shown.take_while(|(_, event)| folding(event) == Some(first)).map(|(place, _)| place).collect()
}

impl Line {
    fn of(event: &Event) -> Self {
        let row = EventRow::of(event, "");
        let frame = event.first_frame.map(|frame| format!(" (frame {frame})")).unwrap_or_default();
        let text = format!("{}: {}{frame}", times(event.at, event.until), row.text);
        Self { text, weight: weight(event), is_detail: event.is_detail }
    }

    fn of_several(events: &[&Event]) -> Self {
        let mut falls = Vec::new();
        for event in events {
            if let Happening::Fall(fall) = &event.what {
                falls.push(fall);
            }
        }
        let depth = |fall: &Fall| fall.to.as_bps() as f64 / fall.from.as_bps().max(1) as f64;
        let deepest = events.iter().zip(&falls).min_by(|(_, a), (_, b)| depth(a).total_cmp(&depth(b)));
        let deepest = deepest.map(|(event, fall)| {
            format!(", the deepest {} at {}", event_text::from_to(fall.from, fall.to), times(event.at, None))
        });
        let links: Vec<_> = falls.iter().filter_map(|fall| fall.link).map(Bitrate::as_bps).collect();
        let mean = links.iter().sum::<i64>().checked_div(i64::try_from(links.len()).unwrap_or(1));
        let link =
            mean.filter(|_| !links.is_empty()).map(|mean| format!(", {}", rate(Bitrate::from_bps(mean))));
        let queue = falls.iter().filter_map(|fall| fall.packet_queue_ms).max_by(f64::total_cmp);
        let queue = queue.map(|ms| format!("; a packet waited {ms:.0} ms at most")).unwrap_or_default();
        let why = match events.first().and_then(|event| folding(event)) {
            Some((WhyOverUse::Frames, _)) => "the queue was within frames only".to_owned(),
            _ => format!("the sender reached what the link carries{}", link.unwrap_or_default()),
        };
        let at = events.first().map_or(Seconds(0), |event| event.at);
        let until = events.last().map(|event| event.until.unwrap_or(event.at));
        let frame = events.first().and_then(|event| event.first_frame);
        let frame = frame.map(|frame| format!(" (first in frame {frame})")).unwrap_or_default();
        Self {
            text: format!(
                "{}: {} falls{}: {why}{queue}{frame}",
                times(at, until),
                falls.len(),
                deepest.unwrap_or_default()
            ),
            weight: events.iter().map(|event| weight(event)).fold(0.0, f64::max),
            is_detail: events.first().is_some_and(|event| event.is_detail),
        }
    }
}

/// As Wireshark shows them, to a hundredth.
fn times(at: Seconds, until: Option<Seconds>) -> String {
    let seconds = |at: Seconds| format!("{:.2}", at.0 as f64 / 1e9);
    match until.map(seconds).filter(|until| *until != seconds(at)) {
        Some(until) => format!("{}–{until} s", seconds(at)),
        None => format!("{} s", seconds(at)),
    }
}
