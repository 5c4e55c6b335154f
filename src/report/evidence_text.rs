//! By what something was inferred, in words.

use crate::infer::{
    ClockSteps, GuessedBy, IdEvidence, KeysShown, KindEvidence, KindShown, PacketsShown, RunsWith, SaidBy,
    TimestampSteps,
};
use crate::model::Extension;

/// What said the id of an extension.
pub(super) const fn said_by(extension: Extension, by: SaidBy) -> &'static str {
    match (by, extension) {
        (SaidBy::Sdp, _) => "SDP",
        (SaidBy::Log, _) => "event log",
        (SaidBy::Flag, Extension::AbsSendTime) => "--abs-send-time-id",
        (SaidBy::Flag, Extension::TransportSequenceNumber) => "--ignore-transport-cc",
        (SaidBy::Flag, Extension::AbsCaptureTime) => "--abs-capture-time-id",
        (SaidBy::Flag, Extension::TransmissionOffset) => "--toffset-id",
        // There are no flags for them.
        (SaidBy::Flag, Extension::AudioLevel | Extension::VideoOrientation) => "",
    }
}

/// By what the id of an extension is known.
pub(super) fn of_id(extension: Extension, evidence: &IdEvidence) -> String {
    match evidence {
        IdEvidence::Said(by) => said_by(extension, *by).to_owned(),
        IdEvidence::Clock { runs_with: None, steps } => clock_steps(steps),
        IdEvidence::Clock { runs_with: Some(proof), steps } => {
            format!("{}; {}", runs_with(proof), clock_steps(steps))
        }
        IdEvidence::Counting { steps, counting } => format!(
            "counts the flow's packets: {counting} of {steps} steps are those of the sequence numbers"
        ),
        IdEvidence::Zero { packets } => format!("zero on all {packets} packets, and no other element is"),
        IdEvidence::Pacer { steps, rises_within_frame, falls_at_new_frame } => format!(
            "of {steps} steps it rises in {rises_within_frame} within a frame and falls in {falls_at_new_frame} \
             to the next frame"
        ),
    }
}

fn runs_with(proof: &RunsWith) -> String {
    match proof {
        RunsWith::Timestamps { ssrc, sent_nanos, ticks, hz } => {
            let (sent, media) = (*sent_nanos as f64 / 1e9, *ticks as f64 / f64::from(*hz));
            format!("advances by {sent:.3} s while the timestamps of {ssrc} do by {media:.3} s at {hz} Hz")
        }
        RunsWith::Frames { ssrc, median_speed, frames } => format!(
            "advances at {median_speed:.2} times the speed of the timestamps of {ssrc}, median of {frames} frames"
        ),
    }
}

fn clock_steps(seen: &ClockSteps) -> String {
    let ClockSteps { steps, back, ssrcs, .. } = seen;
    let (sent, captured) = (seen.sent_nanos as f64 / 1e9, seen.captured_nanos as f64 / 1e9);
    let streams = if *ssrcs == 1 { "stream" } else { "streams" };
    format!(
        "{back} of {steps} steps go back, {sent:.2} s in {captured:.2} s of capture time, on {ssrcs} {streams}"
    )
}

/// By what it is known what a stream is.
pub(super) fn of_kind(KindEvidence { guessed, shown }: &KindEvidence) -> String {
    match guessed {
        None => kind_shown(shown),
        Some(by) => format!("{}; {}", guessed_by(*by), kind_shown(shown)),
    }
}

const fn guessed_by(by: GuessedBy) -> &'static str {
    match by {
        GuessedBy::SharedTimestamp => "a timestamp is among another stream's",
        GuessedBy::RepeatedTimestamp => "packets share a timestamp",
        GuessedBy::SamePayloadType => "as the stream with the same payload type",
        GuessedBy::AudioSteps => "timestamps step as audio's do",
        GuessedBy::NearTimestamps => "its timestamps are near to another stream's",
        GuessedBy::Nothing => "what is not known to be audio counts",
    }
}

fn kind_shown(shown: &KindShown) -> String {
    match shown {
        KindShown::Sdp => "SDP".to_owned(),
        KindShown::Log(by) => by.in_words().to_owned(),
        KindShown::NoPacket => "no packet".to_owned(),
        KindShown::StaticPayloadType { clock_hz } => {
            format!("static payload type of RFC 3551, {clock_hz} Hz")
        }
        KindShown::Beside { of, among, timestamps } => {
            format!("{among} of its {timestamps} timestamps are among those of {of}")
        }
        KindShown::Packets { keys: None, main } => packets_shown(main),
        KindShown::Packets { keys: Some(keys), main } => {
            format!("{}; {}", keys_shown(keys), packets_shown(main))
        }
    }
}

fn keys_shown(KeysShown { payload_type, keys, most_packets }: &KeysShown) -> String {
    format!(
        "payload type {} is telephone events: {keys} timestamps begin with the marker bit and stay for up to {most_packets} packets",
        payload_type.0
    )
}

fn packets_shown(PacketsShown { packets, steps, ends, marked, repeats }: &PacketsShown) -> String {
    let step = match steps {
        TimestampSteps::None => "no two packets in a row with different timestamps".to_owned(),
        TimestampSteps::Same(step) => format!("timestamps step by {step}"),
        TimestampSteps::MultiplesOf(common) => format!("timestamps step by multiples of {common}"),
    };
    format!(
        "{step}; the marker ends {marked} of {ends} frames; {repeats} of {packets} packets repeat a timestamp"
    )
}
