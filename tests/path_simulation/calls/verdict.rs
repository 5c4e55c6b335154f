//! A call replayed without being told anything, and told by its SDP: whether the REMBs are the same.

use std::convert::Infallible;
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;

use remb_replay::capture::CaptureReader;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::report::summary::{Flow, Stream};
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::CaptureTime;

use super::Call;

/// The warnings that name what is in doubt.
const DOUBTS: [&str; 4] = ["W-LATE-AUDIO", "W-LEARNED-LATE", "W-UNCERTAIN", "W-TRUNCATED"];

/// When, what, and for which streams.
type Remb = (String, i64, i64, Vec<u32>);

pub(super) struct Replayed {
    pub(super) rembs: Vec<Remb>,
    pub(super) outcome: Outcome,
}

#[derive(Default)]
struct Rembs(Vec<Remb>);

impl Sink for Rembs {
    type Error = Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Infallible> {
        if let Event::Remb(remb) = event {
            let ssrcs = remb.ssrcs.iter().map(|ssrc| ssrc.0).collect();
            self.0.push((flow.flow.to_string(), at.as_nanos(), remb.bitrate.as_bps(), ssrcs));
        }
        Ok(())
    }
}

fn replay(pcap: &Arc<[u8]>, survey: SurveyConfig) -> Replayed {
    let mut reader = CaptureReader::new(Box::new(Cursor::new(pcap.clone()))).unwrap();
    let mut replay = Replay::new(ReplayConfig { survey, steps: false, ..ReplayConfig::default() });
    let mut rembs = Rembs::default();
    while let Some(frame) = reader.next_frame().unwrap() {
        let Ok(()) = replay.handle_frame(&frame, &mut rembs);
    }
    let Ok(()) = replay.finish(&mut rembs);
    Replayed { rembs: rembs.0, outcome: replay.outcome() }
}

/// What a replay is told that begins again, where the first one learned something late.
///
/// The hook for it: a regular file is read twice.
fn learned(outcome: &Outcome) -> Option<SurveyConfig> {
    let learned = outcome.learned.clone()?;
    Some(SurveyConfig { learned: Some(learned), ..SurveyConfig::default() })
}

fn replay_untold(pcap: &Arc<[u8]>) -> Replayed {
    let first = replay(pcap, SurveyConfig::default());
    match learned(&first.outcome) {
        Some(survey) => replay(pcap, survey),
        None => first,
    }
}

/// Replays a call told by an SDP.
pub(super) fn replay_told(call: &Call) -> Replayed {
    let sdp = Some(SessionDescription::parse(&call.sdp).unwrap());
    replay(&call.pcap, SurveyConfig { sdp, ..SurveyConfig::default() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Equal,
    DiffersWithWarning,
    DiffersSilently,
}

/// How a replay that was told nothing compares with one that was told everything.
pub(super) struct Verdict {
    pub(super) kind: Kind,
    /// REMBs of the replay that was told.
    pub(super) rembs: usize,
    /// What went another way, in words that are counted.
    pub(super) causes: Vec<String>,
    /// For a person.
    pub(super) report: String,
}

impl Verdict {
    pub(super) fn of(call: &Call) -> Self {
        let (untold, told) = (replay_untold(&call.pcap), replay_told(call));
        let doubts: Vec<_> = untold.outcome.warnings.iter().map(|warning| warning.code).collect();
        let kind = match untold.rembs == told.rembs {
            true => Kind::Equal,
            false if doubts.iter().any(|code| DOUBTS.contains(code)) => Kind::DiffersWithWarning,
            false => Kind::DiffersSilently,
        };
        let causes = if kind == Kind::Equal { Vec::new() } else { causes(call, &untold, &told) };
        let report = if kind == Kind::Equal { String::new() } else { report(&untold, &told) };
        Self { kind, rembs: told.rembs.len(), causes, report }
    }
}

fn streams(replayed: &Replayed) -> impl Iterator<Item = &Stream> {
    replayed.outcome.flows.iter().flat_map(|flow| &flow.streams)
}

const SEND_TIME: &str = "abs-send-time";
const OFFSET: &str = "transmission time offset";

fn send_times(replayed: &Replayed) -> u64 {
    streams(replayed).map(|stream| stream.abs_send_times).sum()
}

/// Which inferences differ, and of which streams too many or too few packets were fed.
fn causes(call: &Call, untold: &Replayed, told: &Replayed) -> Vec<String> {
    let id = |replayed: &Replayed, what: &str| {
        let inferences = replayed.outcome.flows.iter().flat_map(|flow| &flow.inferences);
        let found = inferences.filter(|inference| inference.what == format!("{what} id"));
        found.map(|inference| inference.value.clone()).next()
    };
    let mut causes = Vec::new();
    let send_time = id(told, SEND_TIME);
    // The offset matters only where there is no send time.
    let whats = if send_time.is_some() { &[SEND_TIME][..] } else { &[SEND_TIME, OFFSET] };
    for what in whats {
        match (id(told, what), id(untold, what)) {
            (told, untold) if told == untold => {}
            (Some(_), None) => causes.push(format!("{what} not found")),
            (None, Some(_)) => causes.push(format!("{what} where there is none")),
            _ => causes.push(format!("{what} under another id")),
        }
    }
    if causes.is_empty() && send_times(untold) < send_times(told) {
        causes.push(format!("{SEND_TIME} late"));
    }
    for (role, ssrc) in call.captured.keys() {
        let name = format!("0x{ssrc:08x}");
        let fed = |replayed| streams(replayed).find(|stream| stream.ssrc == name).map(|s| s.packets_fed);
        let role = format!("{role:?}").to_lowercase();
        let role = role.split('(').next().unwrap();
        match (fed(told).unwrap_or(0), fed(untold).unwrap_or(0)) {
            (told, untold) if told == untold => {}
            (0, _) => causes.push(format!("{role} fed")),
            (_, 0) => causes.push(format!("{role} not fed")),
            _ => causes.push(format!("{role} fed in part")),
        }
    }
    causes.sort();
    causes.dedup();
    if causes.is_empty() {
        causes.push(if send_time.is_some() { "order or time of feeding" } else { "offset late" }.to_owned());
    }
    causes
}

/// The first REMB that differs and what each run found out.
fn report(untold: &Replayed, told: &Replayed) -> String {
    let mut text = String::new();
    let common = untold.rembs.iter().zip(&told.rembs).take_while(|(a, b)| a == b).count();
    let (of, counts) = (untold.outcome.span, (untold.rembs.len(), told.rembs.len()));
    let _ = writeln!(text, "  REMB {common} of {counts:?} (untold, told) differs, span {of:?}:");
    for (name, run) in [("untold", untold), ("told", told)] {
        let remb = run.rembs.get(common).map(|(_, at, bps, ssrcs)| {
            let first = run.rembs.first().map_or(0, |(_, at, ..)| *at) / 1_000_000_000;
            let ssrcs: Vec<_> = ssrcs.iter().map(|ssrc| format!("{ssrc:08x}")).collect();
            format!(
                "{:.6} s after {first}, {bps} bit/s, for {ssrcs:?}",
                (at - first * 1_000_000_000) as f64 / 1e9
            )
        });
        let _ = writeln!(text, "  {name}: {}", remb.unwrap_or_else(|| "none".to_owned()));
        run.outcome.flows.iter().for_each(|flow| describe_flow(flow, &mut text));
        for warning in &run.outcome.warnings {
            let _ = writeln!(text, "      {warning}");
        }
    }
    text
}

fn describe_flow(flow: &Flow, text: &mut String) {
    for inference in &flow.inferences {
        let _ = writeln!(text, "    {} {}: {}", inference.what, inference.value, inference.evidence);
    }
    for stream in &flow.streams {
        let _ = writeln!(
            text,
            "    {} {:?} {} {:?} Hz: {} of {} packets fed, {} with abs-send-time, from {:.3} s on",
            stream.ssrc,
            stream.payload_types,
            stream.kind,
            stream.clock_hz,
            stream.packets_fed,
            stream.packets,
            stream.abs_send_times,
            stream.first_s.0 as f64 / 1e9
        );
    }
}
