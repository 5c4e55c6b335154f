//! What the queue did, second by second: the labels.

use std::collections::BTreeSet;

use super::call::{Call, Fate, Packet, Role};
use super::plan::{Plan, SECOND};

const MS: i64 = 1000;
/// A standing queue is what is left over so long, or two frames.
const STANDS: i64 = 100 * MS;
/// A fall of the estimate, at least.
const DEPTH: f64 = 0.05;

/// A span of the call, µs.
pub(crate) type Span = (i64, i64);

/// A fall of the receiver's estimate, and what may be said of it.
pub(crate) struct Fall {
    pub(crate) at: i64,
    pub(crate) until: i64,
    /// The causes that the queue bears out.
    pub(crate) causes: BTreeSet<&'static str>,
    pub(crate) shown: String,
}

/// Losses that belong together.
pub(crate) struct Loss {
    pub(crate) span: Span,
    pub(crate) lost: usize,
    pub(crate) share: f64,
    /// More than nine in ten of one cause.
    pub(crate) cause: Option<&'static str>,
}

pub(crate) fn is_fed(packet: &Packet) -> bool {
    packet.role != Role::Audio
}

fn is_lost(packet: &Packet) -> bool {
    !matches!(packet.fate, Fate::Arrived(_))
}

/// Falls of the estimate by 5 % or more.
pub(crate) fn falls(plan: &Plan, call: &Call) -> Vec<Fall> {
    let mut falls: Vec<(i64, i64, i64, i64)> = Vec::new();
    let mut open: Option<(i64, i64, i64, i64)> = None;
    for pair in call.estimates.windows(2) {
        let ((_, before), (at, now)) = (pair[0], pair[1]);
        if now >= before {
            continue;
        }
        match &mut open {
            Some((_, until, _, to)) if at - *until < SECOND => (*until, *to) = (at, now.min(*to)),
            open => {
                falls.extend(open.take());
                *open = Some((at, at, before, now));
            }
        }
    }
    falls.extend(open);
    falls.retain(|(_, _, from, to)| *to as f64 <= (1.0 - DEPTH) * *from as f64);
    falls.into_iter().map(|(at, until, ..)| label(plan, call, at, until)).collect()
}

fn label(plan: &Plan, call: &Call, at: i64, until: i64) -> Fall {
    let fed = || call.packets.iter().filter(|packet| is_fed(packet) && packet.sent <= at);
    let onset = onset(plan, call, at);
    // What our packets were, as a rate, before the queue grew; and what share of that the link could carry.
    let offered = rate(call, onset - 2 * SECOND, onset).max(1);
    let middle = onset.midpoint(at);
    let (mut share, mut most_share) = (f64::MAX, 0.0_f64);
    // The queue of a fall is looked at until half a second after it, and so is the link.
    for now in [onset, middle, at, at.midpoint(until), until, until + SECOND / 4, until + SECOND / 2] {
        let all = offered * 105 / 100 + plan.cross_at(now);
        let carried = plan.capacity_at(now) as f64 / all as f64;
        (share, most_share) = (share.min(carried), most_share.max(carried));
    }
    let growth = standing(plan, call, onset, until + SECOND / 2) - standing_at(plan, call, onset);
    let mean = mean_frame(call, onset);
    let largest = fed()
        .filter(|packet| packet.sent >= onset - SECOND / 2)
        .map(|packet| packet.frame_bytes as f64 / mean)
        .fold(0.0, f64::max);
    let mut causes = BTreeSet::new();
    let stepped = plan.path_step.or(plan.clock_step).map(|(from, _)| from);
    let gap_end = gaps(call).into_iter().map(|(_, to)| to).find(|to| (0..1_200 * MS).contains(&(at - to)));
    let is_start = at < 5 * SECOND + SECOND / 2;
    if stepped.is_some_and(|from| (0..3 * SECOND + 200 * MS).contains(&(at - from))) {
        causes.insert("path");
    } else if gap_end.is_some() {
        causes.insert("restart");
    } else if largest >= 3.3 && share >= 0.8 {
        causes.insert("burst");
    } else {
        if largest >= 2.5 {
            causes.insert("burst");
        }
        // Beside a queue that stands already it grows by what it can.
        if share < 0.97 && (growth >= 25 * MS || standing_at(plan, call, at) >= 100 * MS) {
            causes.insert("link");
        }
        if is_start && growth >= 20 * MS {
            causes.insert("start");
        }
        if most_share >= 0.83 || growth < 40 * MS {
            causes.insert("capacity");
        }
        if growth < 40 * MS {
            causes.extend(["frames", "no-queue", "unclear"]);
        }
    }
    let shown = format!(
        "offered {offered}, share {share:.2}–{most_share:.2}, growth {} ms, frame × {largest:.1}, onset {:.2}",
        growth / MS,
        onset as f64 / 1e6
    );
    Fall { at, until, causes, shown }
}

/// When the standing queue was last empty, at most 5 s before.
fn onset(plan: &Plan, call: &Call, at: i64) -> i64 {
    let mut now = at - at % (50 * MS);
    while now > (at - 5 * SECOND).max(0) && standing_at(plan, call, now) > 5 * MS {
        now -= 50 * MS;
    }
    now.max(0)
}

/// The least that packets waited that were sent in the time before.
fn standing_at(plan: &Plan, call: &Call, at: i64) -> i64 {
    let window = STANDS.max(2 * plan.frame_interval).min(SECOND / 2);
    let from = call.packets.partition_point(|packet| packet.sent < at - window);
    let to = call.packets.partition_point(|packet| packet.sent <= at);
    call.packets[from..to].iter().map(|packet| packet.waited).min().unwrap_or(0)
}

fn standing(plan: &Plan, call: &Call, from: i64, to: i64) -> i64 {
    (from / (50 * MS)..=to / (50 * MS)).map(|slot| standing_at(plan, call, slot * 50 * MS)).max().unwrap_or(0)
}

/// What was sent and fed, bit/s.
fn rate(call: &Call, from: i64, to: i64) -> i64 {
    let from = from.max(0);
    let sent = call.packets.iter().filter(|packet| is_fed(packet) && (from..to).contains(&packet.sent));
    sent.map(|packet| packet.bytes).sum::<i64>() * 8 * SECOND / (to - from).max(1)
}

fn mean_frame(call: &Call, until: i64) -> f64 {
    let within = |packet: &&Packet| is_fed(packet) && (until - 5 * SECOND..until).contains(&packet.sent);
    let mut last = None;
    let (mut sum, mut count) = (0, 0);
    for packet in call.packets.iter().filter(within) {
        if last.replace(packet.timestamp) != Some(packet.timestamp) {
            (sum, count) = (sum + packet.frame_bytes, count + 1);
        }
    }
    sum as f64 / f64::from(count.max(1))
}

/// Spans in which nothing that is fed arrived, as the receiver saw them: from the last packet to the next.
pub(crate) fn gaps(call: &Call) -> Vec<Span> {
    let arrived =
        call.packets.iter().filter(|packet| is_fed(packet)).filter_map(|packet| match packet.fate {
            Fate::Arrived(at) => Some(at),
            _ => None,
        });
    let mut arrived: Vec<_> = arrived.collect();
    arrived.sort_unstable();
    arrived.windows(2).filter(|pair| pair[1] - pair[0] >= SECOND / 2).map(|pair| (pair[0], pair[1])).collect()
}

/// Losses of media less than 5 s apart, but for those of an outage.
pub(crate) fn losses(call: &Call) -> Vec<Loss> {
    let media: Vec<_> =
        call.packets.iter().filter(|packet| matches!(packet.role, Role::Video | Role::SecondVideo)).collect();
    let lost = |packet: &&Packet| matches!(packet.fate, Fate::QueueFull | Fate::LostAtRandom);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, packet) in media.iter().enumerate().filter(|(_, packet)| lost(packet)) {
        match groups.last_mut() {
            Some(group) if packet.sent - media[group[group.len() - 1]].sent < 5 * SECOND => group.push(place),
            _ => groups.push(vec![place]),
        }
    }
    let loss = |group: Vec<usize>| {
        let (first, last) = (group[0], group[group.len() - 1]);
        let full = group.iter().filter(|place| media[**place].fate == Fate::QueueFull).count();
        let cause = match (full * 10, group.len() * 9) {
            (full, most) if full >= most => Some("queue-full"),
            (0, _) => Some("random"),
            _ => None,
        };
        let share = group.len() as f64 / (last - first + 1) as f64;
        Loss { span: (media[first].sent, media[last].sent), lost: group.len(), share, cause }
    };
    groups.into_iter().map(loss).collect()
}

/// Whether anything was lost in a span.
pub(crate) fn lost_within(call: &Call, (from, to): Span) -> usize {
    call.packets
        .iter()
        .filter(|packet| is_fed(packet) && is_lost(packet) && (from..=to).contains(&packet.sent))
        .count()
}
