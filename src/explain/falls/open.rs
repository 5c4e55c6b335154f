//! One fall, while it lasts.

use crate::model::{Burst, Fall, FallCause, Happening};
use crate::units::{Bitrate, CaptureTime, FrameNumber, TimeDelta};
use remb::bwe::{BandwidthUsage, Step};

use super::super::log::Found;
use super::super::samples::{Samples, Slot};
use super::super::sums::Sums;
use super::super::why::{Facts, why};
use super::super::{MS, SECOND, nanos_to_ms};
use super::rembs::RembsAround;
use super::{AFTER_NANOS, LEAST_FALL, RECORDED_NANOS};

/// Decreases are of one fall while less than this apart, or while the queue stays at a quarter of its most and the estimate
/// rose by no more than a tenth.
const APART_NANOS: i64 = SECOND;
const QUEUE_STAYS: i64 = 4;
const STANDS_NANOS: i64 = 20 * MS;
const RISE: f64 = 1.1;
/// Its growth began at most so long before the first.
const ONSET_NANOS: i64 = 5 * SECOND;
/// What came is measured over so long before the growth.
const CAME_NANOS: i64 = 2 * SECOND;
/// What is usual, over so long.
const USUAL_NANOS: i64 = 5 * SECOND;
/// A smaller fall is only for those who want all.
const LEAST_SHOWN: f64 = 0.05;
/// What of a queue is no growth yet, or what share of it.
const EMPTY_NANOS: i64 = 5 * MS;
const EMPTY_SHARE: i64 = 8;
/// A burst is sent so long before the queue grows.
const BURST_NANOS: i64 = 3 * SECOND / 10;
/// Without a packet for so long it is silence that lowers the estimate.
const SILENCE_NANOS: i64 = SECOND / 2;
/// Fewer frames do not tell what is usual.
const MIN_FRAMES: u64 = 8;

/// What was around the first decrease.
#[derive(Debug, Clone, Copy)]
pub(in crate::explain) struct Around {
    /// The flow's first packet; `None` where estimation begins in mid-call.
    pub(in crate::explain) began: Option<CaptureTime>,
    /// The flow's latest packet.
    pub(in crate::explain) last_packet: CaptureTime,
    /// When the last gap ended.
    pub(in crate::explain) gap_ended: Option<CaptureTime>,
    /// When the path last stepped.
    pub(in crate::explain) stepped: Option<CaptureTime>,
    /// Bytes of the present frame so far.
    pub(in crate::explain) frame_bytes: u64,
    /// The most bytes that were sent in 200 ms of the last second.
    pub(in crate::explain) most_sent: u64,
}

/// A fall.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) began: CaptureTime,
    pub(super) sender_pauses: u64,
    pub(super) is_path: bool,
    frame: Option<FrameNumber>,
    last: CaptureTime,
    from: Bitrate,
    to: Bitrate,
    decreases: u64,
    is_silence: bool,
    is_anew: bool,
    incoming: Option<Bitrate>,
    gradient_ms: Option<f64>,
    threshold_ms: Option<f64>,
    onset: CaptureTime,
    before: Sums,
    queue_before: Option<i64>,
    came: Option<Bitrate>,
    burst: Option<Burst>,
    mean_frame: Option<f64>,
    sent_ratio: Option<f64>,
    /// The most of the standing queue so far, and when; the most of a packet.
    peak: Option<(i64, CaptureTime)>,
    most: Option<i64>,
    least_since: Option<i64>,
    highest_since: Bitrate,
    /// What had come half a second after the last decrease.
    after: Option<Sums>,
    recorded: RembsAround,
    knew_link: bool,
    around: Around,
    late_share: f64,
}

impl Open {
    pub(super) fn at(
        (at, frame): (CaptureTime, Option<FrameNumber>),
        from: Bitrate,
        step: &Step,
        samples: &Samples,
        around: Around,
        (recorded, knew_link, is_anew): (RembsAround, bool, bool),
    ) -> Self {
        let (onset, queue_before) = onset(at, samples);
        let delay = step.packet.map(|packet| packet.delay);
        let usual = samples.came(onset, USUAL_NANOS);
        let mean_frame = usual.and_then(|usual| {
            let frames = usual.last.frames - usual.first.frames;
            let bytes = usual.last.frame_bytes - usual.first.frame_bytes;
            (frames >= MIN_FRAMES).then(|| bytes as f64 / frames as f64)
        });
        let usual_in_200_ms = usual.map(|usual| {
            (usual.last.bytes - usual.first.bytes) as f64 * (200 * MS) as f64 / usual.nanos as f64
        });
        let recent = samples.came(at, USUAL_NANOS);
        let late_share = recent.map_or(0.0, |recent| {
            let packets = recent.last.packets - recent.first.packets;
            (recent.last.late - recent.first.late) as f64 / packets.max(1) as f64
        });
        let mut open = Self {
            began: at,
            sender_pauses: 0,
            is_path: around.stepped.is_some_and(|stepped| at.nanos_since(stepped) <= super::PATH_NANOS),
            frame,
            last: at,
            from,
            to: from,
            decreases: 0,
            is_silence: at.nanos_since(around.last_packet) >= SILENCE_NANOS,
            is_anew,
            incoming: None,
            gradient_ms: delay.map(|delay| delay.modified_offset_ms),
            threshold_ms: delay.map(|delay| delay.threshold_ms),
            onset,
            before: samples.sums_at(onset),
            queue_before,
            came: samples.came(onset, CAME_NANOS).map(|came| came.rate()),
            burst: None,
            mean_frame,
            sent_ratio: usual_in_200_ms.map(|usual| around.most_sent as f64 / usual.max(1.0)),
            peak: None,
            most: None,
            least_since: None,
            highest_since: from,
            after: None,
            recorded,
            knew_link,
            around,
            late_share,
        };
        open.look_at_frame(around.frame_bytes);
        for slot in samples.within(onset.saturating_add_nanos(-BURST_NANOS), at) {
            open.look_at_frame(slot.largest_frame);
        }
        samples.within(onset, at).for_each(|slot| open.grow(slot));
        open
    }

    pub(super) fn decrease(&mut self, at: CaptureTime, now: Bitrate, step: &Step, samples: &Samples) {
        // What came between is of it, now that it goes on.
        samples.within(self.last.saturating_add_nanos(AFTER_NANOS), at).for_each(|slot| self.grow(slot));
        self.decreases += 1;
        self.to = self.to.min(now);
        self.last = at;
        let throughput = step.rate_control.and_then(|run| run.throughput);
        self.incoming = throughput.or(step.incoming).or(self.incoming);
        let over_use = step.rate_control.is_some_and(|run| run.usage == BandwidthUsage::Overusing);
        self.is_silence &= !over_use || step.packet.is_none();
        self.least_since = None;
        self.highest_since = now;
        self.after = None;
    }

    #[inline]
    pub(super) fn rise(&mut self, now: Bitrate) {
        self.highest_since = self.highest_since.max(now);
    }

    pub(super) fn recorded(&mut self, at: CaptureTime, bitrate: Option<Bitrate>) {
        match bitrate {
            Some(bitrate) if at.nanos_since(self.last) <= RECORDED_NANOS => {
                self.recorded.next(at, self.began, bitrate);
            }
            Some(_) => {}
            None => self.recorded = RembsAround::default(),
        }
    }

    /// Since the last decrease, ns.
    pub(super) fn since(&self, at: CaptureTime) -> i64 {
        at.nanos_since(self.last)
    }

    /// Whether a decrease at `at` would belong to it.
    pub(super) fn goes_on(&self, at: CaptureTime) -> bool {
        let stays = match (self.least_since, self.peak) {
            (Some(least), Some((peak, _))) => peak >= STANDS_NANOS && least >= peak / QUEUE_STAYS,
            _ => false,
        };
        let rose = self.highest_since.as_bps() as f64 > RISE * self.to.as_bps() as f64;
        self.since(at) < APART_NANOS || (stays && !rose)
    }

    /// The share by which it fell.
    pub(super) fn depth(&self) -> f64 {
        1.0 - self.to.as_bps() as f64 / self.from.as_bps().max(1) as f64
    }

    /// Takes a slot that is complete.
    pub(super) fn slot(&mut self, slot: &Slot, samples: &Samples) {
        if self.since(slot.at) <= AFTER_NANOS {
            self.grow(slot);
        } else if self.after.is_none() {
            self.after = Some(samples.sums());
        }
        if slot.at.nanos_since(self.began) <= AFTER_NANOS {
            self.look_at_frame(slot.largest_frame);
        }
        if let Some(standing) = slot.standing {
            self.least_since = Some(self.least_since.map_or(standing, |least| least.min(standing)));
        }
    }

    fn grow(&mut self, slot: &Slot) {
        if let Some(standing) = slot.standing
            && self.peak.is_none_or(|(peak, _)| standing > peak)
        {
            self.peak = Some((standing, slot.at));
        }
        self.most = self.most.max(slot.waits.most());
    }

    fn look_at_frame(&mut self, bytes: u64) {
        let Some(mean) = self.mean_frame else { return };
        if bytes > 0 && self.burst.is_none_or(|burst| burst.bytes < bytes) {
            self.burst = Some(Burst { bytes, ratio: bytes as f64 / mean.max(1.0) });
        }
    }

    /// The event, if it fell far enough; and whether it tells what the link carries.
    pub(super) fn close(self, samples: &Samples) -> (Option<Found>, bool) {
        let after = self.after.unwrap_or_else(|| samples.sums());
        let link = after.link_since(&self.before);
        let ms = |queue: Option<i64>| queue.map(nanos_to_ms);
        let facts = Facts {
            is_path: self.is_path,
            after_gap: self.around.gap_ended.is_some_and(|end| self.began.nanos_since(end) <= SECOND),
            late_share: self.late_share,
            gradient_ms: self.gradient_ms.unwrap_or(0.0),
            standing_ms: ms(self.peak.map(|(peak, _)| peak)),
            before_ms: ms(self.queue_before),
            most_ms: ms(self.most),
            frame_ratio: self.burst.map(|burst| burst.ratio),
            sent_ratio: self.sent_ratio,
            is_start: self.around.began.is_some_and(|began| self.began.nanos_since(began) <= 5 * SECOND)
                && (!self.knew_link || self.came.is_none()),
            link: link.map(Bitrate::as_bps),
            came: self.came.map(Bitrate::as_bps),
        };
        let cause = match (self.is_anew, self.is_silence) {
            (true, _) => FallCause::Reset,
            (false, true) => FallCause::Silence,
            (false, false) => FallCause::OverUse(why(&facts)),
        };
        let depth = self.depth();
        let window = self.peak.map(|(_, at)| TimeDelta::from_micros(at.nanos_since(self.onset) / 1000));
        let fall = Fall {
            from: self.from,
            to: self.to,
            decreases: self.decreases,
            cause,
            incoming: self.incoming,
            gradient_ms: self.gradient_ms,
            threshold_ms: self.threshold_ms,
            queue_before_ms: facts.before_ms,
            queue_ms: facts.standing_ms,
            packet_queue_ms: facts.most_ms,
            window,
            link,
            came: self.came,
            lost: (after.missing - self.before.missing).max(0).unsigned_abs(),
            burst: self.burst,
            sender_pauses: self.sender_pauses,
            recorded: self.recorded.fell(),
        };
        let found = Found {
            at: self.began,
            until: Some(self.last).filter(|last| *last > self.began),
            frame: self.frame,
            is_detail: depth < LEAST_SHOWN,
            what: Happening::Fall(fall),
        };
        (Some(found).filter(|_| depth >= LEAST_FALL), link.is_some() && depth >= LEAST_FALL)
    }
}

/// When the queue began to grow, and what it was then.
fn onset(at: CaptureTime, samples: &Samples) -> (CaptureTime, Option<i64>) {
    let from = at.saturating_add_nanos(-ONSET_NANOS);
    let now = samples.standing().unwrap_or(0);
    let empty = EMPTY_NANOS.max(now / EMPTY_SHARE);
    let mut least: Option<(i64, CaptureTime)> = None;
    for slot in samples.within(from, at).rev() {
        let Some(standing) = slot.standing else { continue };
        if least.is_none_or(|(least, _)| standing < least) {
            least = Some((standing, slot.at));
        }
        if standing <= empty {
            break;
        }
    }
    least.map_or((at, None), |(standing, at)| (at, Some(standing)))
}
