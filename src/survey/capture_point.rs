//! At which end of a flow the capture was taken. At the sender's, its times are no arrival times.

use crate::report::summary::CapturedAt;
use crate::units::TimeDelta;

use super::Line;
use super::conversation::From;
use super::session::Session;

/// The end of a flow that a capture was taken at, or nearer to, and by what that is known.
#[derive(Debug)]
pub(super) struct CapturePoint {
    pub(super) is_sender: bool,
    evidence: String,
}

/// What is sent from the capture's own end varies by scheduling alone, which is less than this, ms.
const MAX_NEAR_SPREAD_MS: f64 = 8.0;
/// Queues on the way in show by at least so many times as much.
const LEAST_RATIO: f64 = 8.0;

/// Each of two times may be off by the grain of the capture's clock.
const GRAINS: i64 = 2;

impl CapturePoint {
    pub(super) fn into_summary(self) -> CapturedAt {
        CapturedAt { end: if self.is_sender { "sender" } else { "receiver" }, evidence: self.evidence }
    }
}

impl Line {
    /// By what the capture itself marks as sent and received, else by how fast both ends seem to answer RTCP, else by
    /// how much delays vary in both directions.
    pub(super) fn capture_point(&self, session: &Session) -> Option<CapturePoint> {
        by_direction(session)
            .or_else(|| self.by_turnaround(session))
            .or_else(|| self.by_delay_spread(session))
    }

    fn by_turnaround(&self, session: &Session) -> Option<CapturePoint> {
        let (near, point) = self.conversations.get(session.conversation?)?.captured_at()?;
        let apart = point.far_answers.median - point.near_answers.median;
        if self.tally.grain.found().is_some_and(|grain| apart < grain.times(GRAINS)) {
            return None;
        }
        let ms = |turnaround: TimeDelta| turnaround.as_micros() as f64 / 1e3;
        let evidence = format!(
            "answers to RTCP take {} ms beyond what they state at this end and {} ms at the other (medians of {} and {})",
            ms(point.near_answers.median),
            ms(point.far_answers.median),
            point.near_answers.count,
            point.far_answers.count
        );
        Some(CapturePoint { is_sender: near == From::of(&session.flow), evidence })
    }

    fn by_delay_spread(&self, session: &Session) -> Option<CapturePoint> {
        let back = From::of(&session.flow.reversed());
        let conversation = self.conversations.get(session.conversation?)?;
        let reverse = self.sessions.get(conversation.media_of(back).session?)?;
        let (own, other) = (delay_spread_ms(session)?, delay_spread_ms(reverse)?);
        let (near, far) = (own.min(other), own.max(other));
        let evidence = format!(
            "the delay of 99 % of the packets varies by less than {near} ms on the way out and by up to {far} ms on the way in"
        );
        let grain_ms = self.tally.grain.found().map_or(0.0, |grain| grain.to_secs_f64() * 1e3);
        let is_clear = near.max(grain_ms) <= MAX_NEAR_SPREAD_MS && far >= LEAST_RATIO * near.max(grain_ms);
        is_clear.then_some(CapturePoint { is_sender: own < other, evidence })
    }
}

/// Nearly all packets are marked, and nearly all of these the same way: an any-interface capture of a router marks each
/// packet once as received and once as sent.
fn by_direction(session: &Session) -> Option<CapturePoint> {
    let (received, sent) = (session.received, session.sent);
    let packets: u64 = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
    let nearly_all = |count: u64| count * 10 >= packets * 9;
    let (is_sender, count, way) = match () {
        () if nearly_all(sent) => (true, sent, "sent"),
        () if nearly_all(received) => (false, received, "received"),
        () => return None,
    };
    let evidence =
        format!("the capture marks {count} of {packets} packets as {way} by the host it was taken on");
    Some(CapturePoint { is_sender, evidence })
}

/// That of the stream with the most packets.
fn delay_spread_ms(session: &Session) -> Option<f64> {
    let main = session.rtp_streams().max_by_key(|stream| stream.stats.packets())?;
    main.stats.delay_spread().p99_ms()
}
