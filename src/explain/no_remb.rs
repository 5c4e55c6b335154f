//! Why a flow has no REMB.

use crate::model::{End, Event, Flow, Happening, NoRemb, StreamKind, Treatment, WhyNoRemb};
use crate::units::{FrameNumber, Seconds};

/// The event of a flow that has media and no REMB; `None` where there were some. `began` is its first fed packet, and before
/// `from` nothing counts.
pub(crate) fn no_remb(
    index: usize,
    flow: &Flow,
    began: Option<Seconds>,
    from: Option<Seconds>,
) -> Option<Event> {
    let rembs = flow.estimation.as_ref().map_or(0, |estimation| estimation.rembs.count);
    let first = flow.streams.iter().map(|stream| stream.first).min()?;
    let last = flow.streams.iter().map(|stream| stream.last).max()?;
    if rembs > 0 {
        return None;
    }
    let any = |treatment: Treatment| flow.streams.iter().any(|stream| stream.treatment == treatment);
    let is_audio = |kind: StreamKind| kind == StreamKind::Audio;
    let is_sender = flow.captured_at.is_some_and(|point| point.end == End::Sender);
    let why = match () {
        () if flow.packets_fed > 0 && is_sender => WhyNoRemb::SenderSide,
        () if flow.packets_fed > 0 => WhyNoRemb::NoEstimate,
        () if flow.streams.iter().all(|stream| is_audio(stream.kind)) => WhyNoRemb::AudioAlone,
        () if any(Treatment::TransportCc) => WhyNoRemb::TransportCc,
        () if any(Treatment::Fed) => WhyNoRemb::NoSendTime,
        () => WhyNoRemb::NotFed,
    };
    let frames = flow.streams.iter().map(|stream| stream.fed.first_frame).filter(|frame| *frame > 0).min();
    let counts_from = from.filter(|from| *from <= last).map_or(first, |from| from.max(first));
    Some(Event {
        flow: index,
        at: began.unwrap_or(counts_from),
        until: None,
        first_frame: frames.map(FrameNumber),
        is_detail: false,
        what: Happening::NoRemb(NoRemb { why, recorded: flow.recorded.count }),
    })
}
