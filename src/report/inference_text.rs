//! What was inferred, in words.

use crate::model::{CapturePointEvidence, End, Extension, Late, SrtpEvidence, Stream, StreamKind, Treatment};
use crate::units::TimeDelta;

use super::evidence_text;

/// An extension in a sentence.
pub(super) fn with_article(extension: Extension) -> String {
    match extension {
        Extension::AbsSendTime | Extension::AbsCaptureTime => extension.name().to_owned(),
        Extension::TransportSequenceNumber
        | Extension::TransmissionOffset
        | Extension::AudioLevel
        | Extension::VideoOrientation => {
            format!("the {}", extension.name())
        }
    }
}

/// What a stream is.
pub(super) fn kind_in_words(kind: StreamKind) -> String {
    match kind {
        StreamKind::Unknown => "undecided, taken as not audio".to_owned(),
        StreamKind::Rtx { of: Some(of) } => format!("rtx of {of}"),
        _ => kind.name().to_owned(),
    }
}

/// What was found out after so many packets, and the flag that would have told it.
pub fn late(what: Late, packets: u64) -> (String, String) {
    match what {
        Late::ExtensionId(extension, id) => {
            let name = with_article(extension);
            let found = match id {
                Some(id) => format!("{name} was found to be element {id}"),
                None => format!("{name} was found not to be there"),
            };
            let flag = match extension {
                Extension::AbsSendTime => "--abs-send-time-id",
                Extension::TransportSequenceNumber | Extension::AudioLevel | Extension::VideoOrientation => {
                    "--sdp, with the"
                }
                Extension::AbsCaptureTime => "--abs-capture-time-id",
                Extension::TransmissionOffset => "--toffset-id",
            };
            let flag = format!("{flag} {}", id.unwrap_or(0));
            (format!("{found} after {packets} packets were fed without"), flag)
        }
        Late::Extensions => (
            format!("header extensions were in doubt for a while, {packets} packets after the first"),
            "--sdp".to_owned(),
        ),
        Late::SrtpTagLen { now, then } => (
            format!(
                "payloads were found to end in {now} bytes of SRTP tag after packets were fed with {then}"
            ),
            format!("--srtp-tag-len {now}"),
        ),
        Late::Audio(ssrc) => (
            format!("{ssrc} turned out to be audio after {packets} of its packets were fed"),
            format!("--sdp or --exclude-ssrc {ssrc}"),
        ),
        Late::NotAudio(ssrc) => (
            format!("{ssrc} turned out not to be audio after {packets} of its packets were left out"),
            "--sdp".to_owned(),
        ),
    }
}

/// Why a stream is fed or not.
pub(super) fn why_treated(stream: &Stream) -> String {
    let evidence = evidence_text::of_kind(&stream.kind_evidence);
    match stream.treatment {
        Treatment::Undecided => "not decided before the capture's end".to_owned(),
        Treatment::NotSelected => "not selected by --ssrc or --exclude-ssrc".to_owned(),
        Treatment::TransportCc => {
            "transport-wide sequence numbers: its sender estimates, not its receiver".to_owned()
        }
        Treatment::LeftOutAsAudio => format!("audio does not count: {evidence}"),
        Treatment::FedAsAudio => format!("audio, by --media all: {evidence}"),
        Treatment::Fed => evidence,
    }
}

/// Whether a flow is encrypted, and by what that is known.
pub(super) fn srtp_evidence(evidence: Option<SrtpEvidence>) -> String {
    let Some(SrtpEvidence::Seen { handshakes, clear_rtcp, encrypted_rtcp }) = evidence else {
        let evidence = match evidence {
            Some(SrtpEvidence::Flag) => "--srtp-tag-len",
            Some(SrtpEvidence::Log) => "event log",
            _ => "",
        };
        return evidence.to_owned();
    };
    let all = [
        (handshakes, "DTLS handshake records"),
        (clear_rtcp, "RTCP packets that end where their headers say"),
        (encrypted_rtcp, "RTCP packets with unreadable bytes behind the first header, as SRTCP has them"),
    ];
    let seen: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if seen.is_empty() { "no DTLS handshake and no RTCP".to_owned() } else { seen.join(", ") }
}

/// By what it is known that a capture was taken at this end.
pub(super) fn capture_point_evidence(end: End, evidence: &CapturePointEvidence) -> String {
    let ms = |turnaround: TimeDelta| turnaround.as_micros() as f64 / 1e3;
    match evidence {
        CapturePointEvidence::Marked { count, packets } => {
            let way = match end {
                End::Sender => "sent",
                End::Receiver => "received",
            };
            format!("the capture marks {count} of {packets} packets as {way} by the host it was taken on")
        }
        CapturePointEvidence::Turnaround { near, far } => format!(
            "answers to RTCP take {} ms beyond what they state at this end and {} ms at the other (medians of {} and {})",
            ms(near.median),
            ms(far.median),
            near.count,
            far.count
        ),
        CapturePointEvidence::DelaySpread { near_ms, far_ms } => format!(
            "the delay of 99 % of the packets varies by less than {near_ms} ms on the way out and by up to {far_ms} ms on the way in"
        ),
    }
}
