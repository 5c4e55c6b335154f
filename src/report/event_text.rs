//! What happened to an estimate, in a sentence each, without its time.

use super::counted;
use crate::model::{Event, Fall, FallCause, Happening};
use crate::units::{Bitrate, TimeDelta};

/// An event in words.
pub(super) fn sentence(event: &Event) -> String {
    match &event.what {
        Happening::Fall(fall) => fell(fall),
        Happening::NoRise(hold) => format!("held at {}", rate(hold.held)),
        Happening::Pause(pause) => format!("the sender paused for {}", seconds(pause.gap)),
        Happening::Outage(outage) => {
            format!(
                "nothing came through for {}, {} lost",
                seconds(outage.gap),
                counted(outage.lost, "packets")
            )
        }
        Happening::Loss(loss) => format!("{} of {} packets lost", loss.lost, loss.expected),
        Happening::Path(path) => format!("the least delay stepped up by {} ms", path.step.to_millis()),
        Happening::Probe(probe) => format!("a packet train set the estimate to {}", rate(probe.to)),
        Happening::Stream(stream) => format!("{} {}", stream.ssrc, stream.change.name()),
        Happening::Estimator(change) => format!("estimator: {}", super::csv::estimator_name(change.to)),
        Happening::Rtt(rtt) => {
            format!("round trip time {} → {} ms", rtt.from.to_millis(), rtt.to.to_millis())
        }
        Happening::Divergence(apart) => {
            format!("recorded {} and replayed {} part", rate(apart.recorded), rate(apart.replayed))
        }
        Happening::NoRemb(why) => format!("no REMB: {}", why.name()),
    }
}

fn fell(fall: &Fall) -> String {
    let why = match fall.cause {
        FallCause::OverUse(why) => why.name(),
        cause => cause.name(),
    };
    format!("{} → {} ({}): {why}", rate(fall.from), rate(fall.to), counted(fall.decreases, "decreases"))
}

fn rate(rate: Bitrate) -> String {
    match rate.as_bps() {
        bps if bps >= 1_000_000 => format!("{:.2} Mbit/s", bps as f64 / 1e6),
        bps => format!("{:.0} kbit/s", bps as f64 / 1e3),
    }
}

fn seconds(span: TimeDelta) -> String {
    format!("{:.1} s", span.to_secs_f64())
}
