//! At which end of a flow the capture was taken. At the sender's, its times are no arrival times.

use crate::model::{CapturePoint, CapturePointEvidence, End};

use super::SurveyState;
use super::conversation::SenderEnd;
use super::session::Session;

/// What is sent from the capture's own end varies by scheduling alone, which is less than this, ms.
const MAX_NEAR_SPREAD_MS: f64 = 8.0;
/// Queues on the way in show by at least so many times as much.
const LEAST_RATIO: f64 = 8.0;

/// Each of two times may be off by the grain of the capture's clock.
const GRAINS: i64 = 2;

impl SurveyState {
    /// By what the capture itself marks as sent and received, else by how fast both ends seem to answer RTCP, else by
    /// how much delays vary in both directions.
    pub(super) fn capture_point(&self, session: &Session) -> Option<CapturePoint> {
        by_direction(session)
            .or_else(|| self.by_turnaround(session))
            .or_else(|| self.by_delay_spread(session))
    }

    /// Whether it was taken where the flow is sent.
    pub(super) fn is_of_sender(&self, session: &Session) -> bool {
        self.capture_point(session).is_some_and(|point| point.end == End::Sender)
    }

    fn by_turnaround(&self, session: &Session) -> Option<CapturePoint> {
        let (near, point) = self.conversations.get(session.conversation?)?.captured_at()?;
        let apart = point.far_answers.median - point.near_answers.median;
        if self.tally.grain.found().is_some_and(|grain| apart < grain.times(GRAINS)) {
            return None;
        }
        let evidence = CapturePointEvidence::Turnaround { near: point.near_answers, far: point.far_answers };
        let end = if near == SenderEnd::of(&session.flow) { End::Sender } else { End::Receiver };
        Some(CapturePoint { end, evidence })
    }

    fn by_delay_spread(&self, session: &Session) -> Option<CapturePoint> {
        let back = SenderEnd::of(&session.flow.reversed());
        let conversation = self.conversations.get(session.conversation?)?;
        let reverse = self.sessions.get(conversation.media_of(back).session?)?;
        let (own, other) = (delay_spread_ms(session)?, delay_spread_ms(reverse)?);
        let (near_ms, far_ms) = (own.min(other), own.max(other));
        let grain_ms = self.tally.grain.found().map_or(0.0, |grain| grain.to_secs_f64() * 1e3);
        let least_ms = near_ms.max(grain_ms);
        let is_clear = least_ms <= MAX_NEAR_SPREAD_MS && far_ms >= LEAST_RATIO * least_ms;
        let end = if own < other { End::Sender } else { End::Receiver };
        is_clear
            .then_some(CapturePoint { end, evidence: CapturePointEvidence::DelaySpread { near_ms, far_ms } })
    }
}

/// Nearly all packets are marked, and nearly all of these the same way: an any-interface capture of a router marks each
/// packet once as received and once as sent.
fn by_direction(session: &Session) -> Option<CapturePoint> {
    let (received, sent) = (session.received, session.sent);
    let packets: u64 = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
    let nearly_all = |count: u64| count * 10 >= packets * 9;
    let (end, count) = match () {
        () if nearly_all(sent) => (End::Sender, sent),
        () if nearly_all(received) => (End::Receiver, received),
        () => return None,
    };
    Some(CapturePoint { end, evidence: CapturePointEvidence::Marked { count, packets } })
}

/// That of the stream with the most packets.
fn delay_spread_ms(session: &Session) -> Option<f64> {
    let main = session.rtp_streams().max_by_key(|stream| stream.stats.packets())?;
    main.stats.delay_spread().p99_ms()
}
