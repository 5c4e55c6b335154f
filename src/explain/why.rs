//! What was behind an over-use: the first of these that holds.

use crate::model::WhyOverUse;

use super::PACKET_BITS;

/// What is known of a fall.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Within 3 s after a step of the path.
    pub(super) is_path: bool,
    /// Within a second after a pause or an outage.
    pub(super) after_gap: bool,
    /// Packets behind a later one, of those of the last 5 s.
    pub(super) late_share: f64,
    pub(super) gradient_ms: f64,
    /// The most of the standing queue, and what it was before; the most that a packet waited.
    pub(super) standing_ms: Option<f64>,
    pub(super) before_ms: Option<f64>,
    pub(super) most_ms: Option<f64>,
    /// The largest frame over the mean; what was sent in 200 ms over what is usual.
    pub(super) frame_ratio: Option<f64>,
    pub(super) sent_ratio: Option<f64>,
    /// In the first 5 s, and nothing told before what the link carries or what came.
    pub(super) is_start: bool,
    /// Bit/s.
    pub(super) link: Option<i64>,
    pub(super) came: Option<i64>,
}

const LATE_SHARE: f64 = 0.02;
const SMALL_STANDING_MS: f64 = 25.0;
const NO_QUEUE_MS: f64 = 10.0;
const SMALL_QUEUE_MS: f64 = 30.0;
const GRADIENT_OVER_QUEUE: f64 = 3.0;
const BURST_FRAME: f64 = 3.0;
const BURST_SENT: f64 = 2.5;
/// What came is about what the link carries.
const NEAR_LINK: f64 = 0.75;
/// The link carries less than came.
const BELOW: f64 = 0.9;
const LEAST_GROWTH_MS: f64 = 30.0;

/// Why the detector reported over-use.
pub(super) fn why(facts: &Facts) -> WhyOverUse {
    let standing = facts.standing_ms.unwrap_or(0.0);
    let growth = standing - facts.before_ms.unwrap_or(0.0).max(0.0);
    let most = facts.most_ms.unwrap_or(0.0).max(standing);
    let knows_queue = facts.most_ms.is_some();
    let no_queue = most < NO_QUEUE_MS
        || (facts.gradient_ms >= GRADIENT_OVER_QUEUE * most
            && standing < SMALL_STANDING_MS
            && most < SMALL_QUEUE_MS);
    let (link, came) = (facts.link.map(|bps| bps as f64), facts.came.map(|bps| bps as f64));
    let carries = link.zip(came).is_none_or(|(link, came)| link >= NEAR_LINK * came);
    let burst = facts.frame_ratio.is_some_and(|ratio| ratio >= BURST_FRAME)
        || facts.sent_ratio.is_some_and(|ratio| ratio >= BURST_SENT);
    let packet_ms = link.map_or(0.0, |link| PACKET_BITS * 1e3 / link.max(1.0));
    let is_below = link.zip(came).is_some_and(|(link, came)| link < BELOW * came);
    match () {
        () if facts.is_path => WhyOverUse::Path,
        () if facts.after_gap => WhyOverUse::Restart,
        () if facts.late_share >= LATE_SHARE && standing < SMALL_STANDING_MS => WhyOverUse::Reordering,
        () if knows_queue && no_queue => WhyOverUse::NoQueue,
        () if burst && carries && knows_queue => WhyOverUse::Burst,
        () if facts.is_start && growth >= LEAST_GROWTH_MS => WhyOverUse::Start,
        () if is_below && growth >= LEAST_GROWTH_MS.max(packet_ms) => WhyOverUse::Link,
        () if link.zip(came).is_some_and(|(link, came)| came >= NEAR_LINK * link) => WhyOverUse::Capacity,
        () if knows_queue && growth < LEAST_GROWTH_MS => WhyOverUse::Frames,
        () => WhyOverUse::Unclear,
    }
}
