//! What happened to an estimate, in a sentence each, without its time.

use super::counted;
use super::tables::estimator_name;
use crate::model::{
    Divergence, EstimatorCause, Event, Fall, FallCause, Gap, Happening, Loss, LossCause, NoRemb, NoRise,
    NoRiseCause, Presence, StreamChange, StreamKind, WhyNoRemb, WhyOverUse,
};
use crate::units::{Bitrate, Seconds, TimeDelta};

/// An event in words.
pub(super) fn sentence(event: &Event) -> String {
    match &event.what {
        Happening::Fall(fall) => fell(fall),
        Happening::NoRise(hold) => held(hold),
        Happening::Pause(gap) => {
            let lost = match gap.lost {
                0 => "nothing lost".to_owned(),
                lost => format!("{} lost", counted(lost, "packets")),
            };
            format!("the sender paused for {}, {lost}{}", seconds(gap.gap), gap_did(gap))
        }
        Happening::Outage(gap) => {
            let lost = counted(gap.lost, "packets");
            format!("nothing came through for {}, {lost} lost{}", seconds(gap.gap), gap_did(gap))
        }
        Happening::Loss(loss) => lost(loss),
        Happening::Path(path) => format!(
            "the least delay stepped up by {} ms for good, nothing lost: another route, or a clock that was set",
            path.step.to_millis()
        ),
        Happening::Probe(probe) => match probe.from {
            Some(from) => format!("a packet train set the estimate: {}", from_to(from, probe.to)),
            None => format!("a packet train set the first estimate, {}", rate(probe.to)),
        },
        Happening::Stream(stream) => stream_changed(stream),
        Happening::Estimator(change) => {
            let name = estimator_name(change.to);
            match change.cause {
                EstimatorCause::First => format!("the {name} estimator begins"),
                EstimatorCause::Switch => format!("the {name} estimator takes over, and begins from nothing"),
                EstimatorCause::From => format!("the {name} estimator begins cold, in mid-call"),
            }
        }
        Happening::Rtt(rtt) => {
            format!(
                "the round trip time in force went from {} to {} ms",
                rtt.from.to_millis(),
                rtt.to.to_millis()
            )
        }
        Happening::Divergence(apart) => diverged(apart),
        Happening::NoRemb(none) => no_remb(none),
    }
}

fn fell(fall: &Fall) -> String {
    let mut text = from_to(fall.from, fall.to);
    if fall.decreases > 1 {
        text.push_str(&format!(" ({} decreases)", fall.decreases));
    }
    text.push_str(": ");
    text.push_str(&match fall.cause {
        FallCause::OverUse(why) => over_used(why, fall),
        FallCause::Silence => "nothing came in any more".to_owned(),
        FallCause::Reset => "the estimator had begun anew".to_owned(),
    });
    if fall.lost > 0 {
        text.push_str(&format!("; {} lost", counted(fall.lost, "packets")));
    }
    if fall.sender_pauses > 0 {
        let times = match fall.sender_pauses {
            1 => "once".to_owned(),
            pauses => format!("{pauses} times"),
        };
        text.push_str(&format!("; the sender then paused {times}"));
    }
    match fall.recorded {
        Some(true) => text.push_str("; the receiver's REMB fell too"),
        Some(false) => text.push_str("; the receiver's REMB did not fall"),
        None => {}
    }
    text
}

fn over_used(why: WhyOverUse, fall: &Fall) -> String {
    let queue = queue(fall);
    let in_short = |rate: Option<Bitrate>| rate.map(self::rate);
    match why {
        WhyOverUse::Path => "the delay had stepped up, which looks like a queue".to_owned(),
        WhyOverUse::Restart => format!("packets came again after a gap{queue}"),
        WhyOverUse::Reordering => format!("packets came out of order{queue}"),
        WhyOverUse::NoQueue => {
            let gradient = fall.gradient_ms.zip(fall.threshold_ms);
            let gradient = gradient.map(|(gradient, threshold)| {
                format!("; gradient {gradient:.0} over threshold {threshold:.0} ms")
            });
            format!(
                "hardly a queue: the detector, not the path{}{}",
                packet_queue(fall),
                gradient.unwrap_or_default()
            )
        }
        WhyOverUse::Burst => match fall.burst {
            Some(burst) if burst.ratio >= 2.0 => {
                format!(
                    "the sender's burst, a frame of {} kB, {:.1} × the mean{queue}",
                    kilo(burst.bytes),
                    burst.ratio
                )
            }
            _ => format!("the sender sent much at once{queue}"),
        },
        WhyOverUse::Start => match in_short(fall.link) {
            Some(link) => format!("the sender began above the link, {link}{queue}"),
            None => format!("at the start of the call{queue}"),
        },
        WhyOverUse::Link => {
            let (link, came) =
                (in_short(fall.link).unwrap_or_default(), in_short(fall.came).unwrap_or_default());
            format!("the link carried {link}, {came} came before{queue}")
        }
        WhyOverUse::Capacity => match in_short(fall.link) {
            Some(link) => format!("the sender reached what the link carries, {link}{queue}"),
            None => format!("the sender reached what the link carries{queue}"),
        },
        WhyOverUse::Frames => format!("the queue was within frames only{}", packet_queue(fall)),
        WhyOverUse::Unclear => format!("over-use; why is not clear{queue}"),
    }
}

/// Where it went, as far as it is known.
fn queue(fall: &Fall) -> String {
    let (Some(before), Some(most)) = (fall.queue_before_ms, fall.queue_ms) else { return String::new() };
    let window = fall.window.filter(|window| *window > TimeDelta::ZERO);
    let window = window.map(|window| format!(" in {}", seconds(window))).unwrap_or_default();
    match most - before >= 5.0 {
        true => format!("; queue {before:.0} → {most:.0} ms{window}"),
        false => format!("; queue {most:.0} ms"),
    }
}

/// What a packet waited at most.
fn packet_queue(fall: &Fall) -> String {
    let most = fall.packet_queue_ms.map(|ms| format!("; a packet waited {ms:.0} ms at most"));
    most.unwrap_or_default()
}

fn held(hold: &NoRise) -> String {
    let (at, incoming) = (rate(hold.held), hold.incoming.map(rate));
    match hold.cause {
        NoRiseCause::IncomingLimit => match incoming {
            Some(incoming) => format!("stays at {at}: the limit is 1.5 × what comes in, {incoming}"),
            None => format!("stays at {at}: the limit is 1.5 × what comes in"),
        },
        NoRiseCause::QueueDrains => format!("held at {at}: under-use, the queue drains"),
        NoRiseCause::UnderUseWithoutQueue => match hold.queue_empty_since {
            Some(Seconds(since)) => format!(
                "held at {at}: the queue is empty since {:.2} s, yet under-use is reported",
                since as f64 / 1e9
            ),
            None => format!("held at {at}: under-use is reported without a queue"),
        },
        NoRiseCause::Bound(name) => format!("stays at {at}: bounded by {name}"),
        NoRiseCause::NoPackets => match hold.no_packets.map(seconds) {
            Some(span) => format!("stays at {at}: no packets came for {span} of it"),
            None => format!("stays at {at}: no packets came"),
        },
        NoRiseCause::OverUse => match incoming {
            Some(incoming) => format!(
                "held at {at}: over-use goes on, and it is already below 0.85 × what comes in, {incoming}"
            ),
            None => format!("held at {at}: over-use goes on"),
        },
        NoRiseCause::Hold => format!("stays at {at}: no one reason prevails"),
    }
}

fn lost(loss: &Loss) -> String {
    let Loss { lost, expected, cause, queue_ms, longest } = loss;
    let share = format!("{lost} of {expected} packets lost ({:.1} %)", 100.0 * loss.share());
    let run = match longest {
        0 | 1 => ", singly".to_owned(),
        longest => format!(", at most {longest} in a row"),
    };
    match (cause, queue_ms) {
        (LossCause::QueueFull, Some(ms)) => format!("{share}: the queue was full, {ms:.0} ms"),
        (LossCause::QueueFull, None) => format!("{share}: the queue was full"),
        (LossCause::Random, Some(ms)) => {
            format!("{share}{run}; queue {ms:.0} ms, as at other times: no full queue lost them")
        }
        (LossCause::Random, None) => format!("{share}{run}"),
    }
}

const fn gap_did(gap: &Gap) -> &'static str {
    match (gap.empties_rate_window, gap.times_out) {
        (_, true) => "; all streams timed out",
        (true, false) => "; the window of the incoming rate ran empty",
        (false, false) => "",
    }
}

fn stream_changed(stream: &StreamChange) -> String {
    let kind = match stream.kind {
        StreamKind::Rtx { of: Some(of) } => format!("RTX of {of}"),
        StreamKind::Rtx { of: None } => "RTX".to_owned(),
        kind => kind.name().to_owned(),
    };
    let did = match stream.change {
        Presence::Begins => "begins",
        Presence::TimesOut => "timed out: no packet for 2 s",
        Presence::Returns => "is back",
    };
    format!("stream {} ({kind}) {did}", stream.ssrc)
}

fn diverged(apart: &Divergence) -> String {
    let percent = 100.0 * (apart.replayed.as_bps() as f64 / apart.recorded.as_bps().max(1) as f64 - 1.0);
    format!(
        "the receiver's REMB and the replayed estimate part, {} and {} ({percent:+.0} %) at most; \
         compare tells at how many phases of the receiver's clock",
        rate(apart.recorded),
        rate(apart.replayed)
    )
}

fn no_remb(none: &NoRemb) -> String {
    let why = match none.why {
        WhyNoRemb::TransportCc => "transport-wide sequence numbers, with which the sender estimates",
        WhyNoRemb::AudioAlone => "audio alone, which libwebrtc does not count",
        WhyNoRemb::NoEstimate => "it ended before there was an estimate",
        WhyNoRemb::SenderSide => "it was captured where it was sent, and no estimate came of it",
        WhyNoRemb::NoSendTime => "no packet has a send time that serves",
        WhyNoRemb::NotFed => "none of its packets counts",
    };
    match none.recorded {
        0 if none.why == WhyNoRemb::NoEstimate => format!("no REMB replayed: {why}"),
        0 => format!("no REMB: {why}"),
        recorded => format!("no REMB replayed, though the receiver sent {recorded}: {why}"),
    }
}

/// Two bit rates in one unit.
pub(super) fn from_to(from: Bitrate, to: Bitrate) -> String {
    let (from, to) = (from.as_bps() as f64, to.as_bps() as f64);
    match from.max(to) >= 1e6 {
        true => format!("{:.2} → {:.2} Mbit/s", from / 1e6, to / 1e6),
        false => format!("{:.0} → {:.0} kbit/s", from / 1e3, to / 1e3),
    }
}

pub(super) fn rate(rate: Bitrate) -> String {
    match rate.as_bps() {
        bps if bps >= 1_000_000 => format!("{:.2} Mbit/s", bps as f64 / 1e6),
        bps => format!("{:.0} kbit/s", bps as f64 / 1e3),
    }
}

fn seconds(span: TimeDelta) -> String {
    format!("{:.1} s", span.to_secs_f64())
}

fn kilo(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e3)
}
