//! A call replayed without being told anything, and told by its SDP: whether the REMBs are the same.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;

use remb_replay::capture::CaptureReader;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::report::inference_text;
use remb_replay::report::summary::{Flow, Stream, Warning};
use remb_replay::report::views;
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::CaptureTime;

use super::Call;
use super::packet::Role;

/// The warnings that name what is in doubt.
const DOUBTS: [&str; 3] = ["W-LATE-AUDIO", "W-LEARNED-LATE", "W-UNCERTAIN"];
/// The same of elements that the snaplen cut, and of what is not fed for it.
const CUT: &str = "W-TRUNCATED";

/// When, what, and for which streams.
type Remb = (String, i64, i64, Vec<u32>);

pub(super) struct Replayed {
    pub(super) rembs: Vec<Remb>,
    pub(super) outcome: Outcome,
    /// The same in words.
    pub(super) flows: Vec<Flow>,
    warnings: Vec<Warning>,
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
    let mut replay = Replay::new(ReplayConfig { survey, steps: false, ..ReplayConfig::default() }).unwrap();
    let mut rembs = Rembs::default();
    while let Some(frame) = reader.next_frame().unwrap() {
        let Ok(()) = replay.handle_frame(&frame, &mut rembs);
    }
    let Ok(()) = replay.finish(&mut rembs);
    let outcome = replay.outcome();
    let flows = outcome.flows.iter().map(Flow::from).collect();
    let warnings = views::warnings(&outcome.warnings, &outcome.flows);
    Replayed { rembs: rembs.0, outcome, flows, warnings }
}

/// What a replay is told that begins again, where the first one learned something late.
///
/// The hook for it: a regular file is read twice.
fn learned(outcome: &Outcome) -> Option<SurveyConfig> {
    let learned = outcome.learned.clone()?;
    Some(SurveyConfig { learned: Some(learned), ..SurveyConfig::default() })
}

/// What came of it, and what was found late in the first of two readings.
fn replay_untold(pcap: &Arc<[u8]>) -> (Replayed, BTreeSet<String>) {
    let first = replay(pcap, SurveyConfig::default());
    match learned(&first.outcome) {
        Some(survey) => {
            let late = survey.learned.iter().flat_map(|learned| learned.late());
            let late =
                late.map(|late| in_general(&inference_text::late(late.what, late.packets.count).0)).collect();
            (replay(pcap, survey), late)
        }
        None => (first, BTreeSet::new()),
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
    /// Equal, and yet in doubt: the codes.
    pub(super) noise: BTreeSet<&'static str>,
    /// What a first reading found too late.
    pub(super) late: BTreeSet<String>,
    /// Streams that were given another name than their own.
    pub(super) misnamed: Vec<String>,
    /// REMBs of the replay that was told.
    pub(super) rembs: usize,
    /// What went another way, in words that are counted.
    pub(super) causes: Vec<String>,
    /// For a person.
    pub(super) report: String,
}

impl Verdict {
    pub(super) fn of(call: &Call) -> Self {
        let ((untold, late), told) = (replay_untold(&call.pcap), replay_told(call));
        let differences = match untold.rembs == told.rembs {
            true => Vec::new(),
            false => differences(call, &untold, &told),
        };
        let warnings = &untold.warnings;
        let kind = match differences.iter().all(|difference| difference.is_warned_of(warnings)) {
            _ if differences.is_empty() => Kind::Equal,
            true => Kind::DiffersWithWarning,
            false => Kind::DiffersSilently,
        };
        let doubts = warnings.iter().map(|warning| warning.code).filter(|code| DOUBTS.contains(code));
        let noise: BTreeSet<_> = if kind == Kind::Equal { doubts.collect() } else { BTreeSet::new() };
        let misnamed = misnamed(call, &untold);
        let is_dull = kind == Kind::Equal && noise.is_empty() && misnamed.is_empty();
        let report = if is_dull { String::new() } else { report(&untold, &told) };
        let causes: BTreeSet<_> = differences.into_iter().map(|difference| difference.cause).collect();
        let causes = causes.into_iter().collect();
        Self { kind, noise, late, misnamed, rembs: told.rembs.len(), causes, report }
    }
}

/// A message without its numbers.
fn in_general(what: &str) -> String {
    let words = what.split(' ').filter(|word| !word.starts_with(|first: char| first.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

/// Something that went another way.
struct Difference {
    /// In words that are counted.
    cause: String,
    /// What a warning of it names: an element, a stream.
    names: String,
    /// It is of an element, or follows from one: the snaplen may be to blame.
    is_of_elements: bool,
}

impl Difference {
    fn is_warned_of(&self, warnings: &[Warning]) -> bool {
        warnings.iter().any(|warning| match warning.code {
            CUT => self.is_of_elements,
            code => DOUBTS.contains(&code) && warning.message.contains(&self.names),
        })
    }
}

/// Media named as a retransmission, and the other way round where there is enough of it.
fn misnamed(call: &Call, untold: &Replayed) -> Vec<String> {
    let mut names = Vec::new();
    for ((role, ssrc), packets) in &call.captured {
        let ssrc = format!("0x{ssrc:08x}");
        let Some(stream) = streams(untold).find(|stream| stream.ssrc == ssrc) else { continue };
        match (role, stream.kind) {
            (Role::Audio | Role::Video(_), "rtx") => names.push("media as rtx".to_owned()),
            (Role::Rtx(_), kind) if kind != "rtx" && *packets >= 20 => names.push("rtx as media".to_owned()),
            _ => {}
        }
    }
    names
}

fn streams(replayed: &Replayed) -> impl Iterator<Item = &Stream> {
    replayed.flows.iter().flat_map(|flow| &flow.streams)
}

const SEND_TIME: &str = "abs-send-time";
const OFFSET: &str = "transmission time offset";
const SEQUENCE: &str = "transport-wide sequence number";

fn send_times(replayed: &Replayed) -> u64 {
    streams(replayed).map(|stream| stream.abs_send_times).sum()
}

/// Which inferences differ, and of which streams too many or too few packets were fed.
fn differences(call: &Call, untold: &Replayed, told: &Replayed) -> Vec<Difference> {
    let id = |replayed: &Replayed, what: &str| {
        let inferences = replayed.flows.iter().flat_map(|flow| &flow.inferences);
        let found = inferences.filter(|inference| inference.what == format!("{what} id"));
        found.map(|inference| inference.value.clone()).next()
    };
    let mut differences = Vec::new();
    let of_element = |what: &str, how: &str| Difference {
        cause: format!("{what} {how}"),
        names: what.to_owned(),
        is_of_elements: true,
    };
    let send_time = id(told, SEND_TIME);
    // The offset matters only where there is no send time.
    let whats = if send_time.is_some() { &[SEND_TIME, SEQUENCE][..] } else { &[SEND_TIME, SEQUENCE, OFFSET] };
    for what in whats {
        match (id(told, what), id(untold, what)) {
            (told, untold) if told == untold => {}
            (Some(_), None) => differences.push(of_element(what, "not found")),
            (None, Some(_)) => differences.push(of_element(what, "where there is none")),
            _ => differences.push(of_element(what, "under another id")),
        }
    }
    if differences.is_empty() && send_times(untold) < send_times(told) {
        differences.push(of_element(SEND_TIME, "late"));
    }
    for (role, ssrc) in call.captured.keys() {
        let names = format!("0x{ssrc:08x}");
        let fed = |replayed| streams(replayed).find(|stream| stream.ssrc == names).map(|s| s.packets_fed);
        let role = format!("{role:?}").to_lowercase();
        let role = role.split('(').next().unwrap();
        let how = match (fed(told).unwrap_or(0), fed(untold).unwrap_or(0)) {
            (told, untold) if told == untold => continue,
            (0, _) => "fed",
            (_, 0) => "not fed",
            _ => "fed in part",
        };
        let is_audio =
            |replayed| streams(replayed).any(|stream| stream.ssrc == names && stream.kind == "audio");
        let follows = !differences.is_empty() && is_audio(told) == is_audio(untold);
        // What is fed follows from what the elements are.
        let names = if follows { differences[0].names.clone() } else { names };
        differences.push(Difference { cause: format!("{role} {how}"), names, is_of_elements: follows });
    }
    if differences.is_empty() {
        differences.push(match send_time {
            Some(_) => Difference {
                cause: "order or time of feeding".to_owned(),
                names: "order".to_owned(),
                is_of_elements: false,
            },
            None => of_element(OFFSET, "late"),
        });
    }
    differences
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
        run.flows.iter().for_each(|flow| describe_flow(flow, &mut text));
        for warning in &run.warnings {
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
