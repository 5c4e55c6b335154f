//! The round trip time of one media flow's receiver (specification 1.11): samples from a capture's RTCP, smoothed as
//! libwebrtc's `call_stats2` smooths its reports.

use std::collections::VecDeque;

use crate::rtp::{Block, Echo, NtpTime, Report};
use crate::units::{CaptureTime, Ssrc, TimeDelta, Timestamp};

/// Round trip times of one media flow's receiver, from RTCP in both directions. RTCP that is encrypted must not be
/// given to it.
///
/// What comes back is held against the capture's clock, put forward by the most that the receiver's own reports were
/// ahead of it, and not against the time when the request was captured: the snaplen often cuts requests off.
#[derive(Debug, Clone, Default)]
pub struct RttSampler {
    own_ssrcs: VecDeque<OwnSsrc>,
    /// The receiver's clock less the capture's, in units of 2⁻³² s.
    clock_ahead: Option<i64>,
    discarded: u64,
}

/// An SSRC that the receiver sends RTCP with.
#[derive(Debug, Clone, Copy)]
struct OwnSsrc {
    ssrc: Ssrc,
    sends_rembs: bool,
}

/// A round trip that ended with the capture of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RttSample {
    /// When the answer was captured.
    pub at: CaptureTime,
    /// The round trip time: whole milliseconds, at least one.
    pub rtt: TimeDelta,
    /// Whose question was answered.
    pub of: SampleOf,
}

/// Who asked for a round trip time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleOf {
    /// The receiver of the media, by a reference time that a DLRR block sends back.
    Receiver,
    /// A stream that the receiver sends itself, by a sender report that a report block sends back.
    Sender {
        /// The stream.
        ssrc: Ssrc,
        /// When its first packet was captured; the sample's own time where there is none.
        since: CaptureTime,
    },
}

/// Of Chromium's audio receiver, which hands over no round trip time.
const AUDIO_RECEIVER: Ssrc = Ssrc(0xfa17_fa17);
/// SSRCs remembered as the receiver's own: the newest.
const MAX_OWN_SSRCS: usize = 64;
/// Both limits are outside what is taken.
const TOO_SHORT_MS: i64 = -20;
const TOO_LONG_MS: i64 = 10_000;

impl RttSampler {
    /// RTCP that the receiver sent: the reverse of the media's direction.
    pub fn observe_outgoing(&mut self, block: &Block<'_>, at: CaptureTime) {
        if let Some(ssrc) = block.sender_ssrc() {
            self.note_own(OwnSsrc { ssrc, sends_rembs: block.is_remb() });
        }
        for ntp in block.report().into_iter().flat_map(|report| report.requests()) {
            let ahead = ntp.units_since(NtpTime::at(at));
            // The difference is the shorter way round too: which of two is greater does not hang on the era.
            if self.clock_ahead.is_none_or(|most| ahead.wrapping_sub(most) > 0) {
                self.clock_ahead = Some(ahead);
            }
        }
    }

    /// RTCP that reached the receiver: the media's direction. Appends a sample for each time stamp of the receiver's
    /// that it sends back; before any of the receiver's own RTCP, whose it is cannot be known and all count. Of reference
    /// times only those of who sends the REMBs count, once there was one.
    pub fn observe_incoming(&mut self, block: &Block<'_>, at: CaptureTime, samples: &mut Vec<RttSample>) {
        let Some(report) = block.report() else { return };
        let answers_receiver = matches!(report, Report::Extended(_));
        for echo in report.echoes() {
            let counts = match answers_receiver {
                true => self.asks_as_receiver(echo.ssrc),
                false => self.own_ssrcs.is_empty() || self.is_own(echo.ssrc),
            };
            if !counts {
                continue;
            }
            let of = match answers_receiver {
                true => SampleOf::Receiver,
                false => SampleOf::Sender { ssrc: echo.ssrc, since: at },
            };
            match self.round_trip(echo, at) {
                Some(rtt) => samples.push(RttSample { at, rtt, of }),
                None => self.discarded += 1,
            }
        }
    }

    fn note_own(&mut self, own: OwnSsrc) {
        if let Some(known) = self.own_ssrcs.iter_mut().find(|known| known.ssrc == own.ssrc) {
            known.sends_rembs |= own.sends_rembs;
            return;
        }
        if self.own_ssrcs.len() == MAX_OWN_SSRCS {
            self.own_ssrcs.pop_front();
        }
        self.own_ssrcs.push_back(own);
    }

    fn is_own(&self, ssrc: Ssrc) -> bool {
        self.own_ssrcs.iter().any(|own| own.ssrc == ssrc)
    }

    fn asks_as_receiver(&self, ssrc: Ssrc) -> bool {
        let mut of_rembs = self.own_ssrcs.iter().filter(|own| own.sends_rembs).peekable();
        match of_rembs.peek() {
            Some(_) => of_rembs.any(|own| own.ssrc == ssrc),
            None => ssrc != AUDIO_RECEIVER && (self.own_ssrcs.is_empty() || self.is_own(ssrc)),
        }
    }

    /// Answers that gave no sample because the time was impossible: at most −20 ms, or at least 10 s.
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    fn round_trip(&self, echo: Echo, at: CaptureTime) -> Option<TimeDelta> {
        let arrived = NtpTime::at(at).plus_units(self.clock_ahead.unwrap_or(0)).middle();
        let units = arrived.0.wrapping_sub(echo.request.0).wrapping_sub(echo.held).cast_signed();
        let ms_65536ths = i64::from(units) * 1000;
        if ms_65536ths <= TOO_SHORT_MS << 16 || ms_65536ths >= TOO_LONG_MS << 16 {
            return None;
        }
        let nearest_ms = (ms_65536ths + (1 << 15)) >> 16;
        Some(TimeDelta::from_millis(nearest_ms.max(1)))
    }
}

/// Smooths round trip times as libwebrtc's `call_stats2` does: the mean of the reports that are at most 1500 ms old,
/// blended into the output before.
///
/// Of the reports of the last 1500 ms the newest 1,024 are kept, which no sender of RTCP comes near; if one does, the
/// mean is of these.
#[derive(Debug, Clone, Default)]
pub struct RttSmoother {
    reports: VecDeque<(Timestamp, i64)>,
    previous_ms: Option<i64>,
}

const MAX_REPORTS: usize = 1024;
const MAX_AGE: TimeDelta = TimeDelta::from_millis(1500);
/// Single precision, as libwebrtc has it (specification 13.1 item 5).
const WEIGHT: f32 = 0.3;

impl RttSmoother {
    /// Takes a report of whole milliseconds; time does not step back.
    pub fn add(&mut self, at: Timestamp, rtt: TimeDelta) {
        if self.reports.len() == MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((at, rtt.as_micros() / 1000));
    }

    /// The smoothed round trip time in whole milliseconds, after each report and once a second. `None`: nothing
    /// is delivered, and the next output starts afresh.
    pub fn deliver(&mut self, now: Timestamp) -> Option<TimeDelta> {
        self.reports.retain(|&(at, _)| now - at <= MAX_AGE);
        self.previous_ms = self.mean_ms().map(|mean| match self.previous_ms {
            None => mean,
            Some(previous) => ((1.0 - WEIGHT) * previous as f32 + WEIGHT * mean as f32) as i64,
        });
        self.previous_ms.map(TimeDelta::from_millis)
    }

    /// Whether nothing is left to be smoothed or forgotten.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.previous_ms.is_none()
    }

    fn mean_ms(&self) -> Option<i64> {
        let sum = self.reports.iter().fold(0_i64, |sum, &(_, ms)| sum.saturating_add(ms));
        let count = i64::try_from(self.reports.len()).ok()?;
        sum.checked_div(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::Blocks;
    use crate::rtp::test_rtcp::{dlrr, receiver_report, reference_time, rtcp, sender_report, single};

    /// 2,208,988,800 s + 2,000,000,000 s = 0xfae0_1280 s, of which the middle keeps 0x1280 and 16 bits below.
    const SECS: i128 = 2_000_000_000;
    const NTP_SECS: u64 = 4_208_988_800;

    fn after(micros: i128) -> CaptureTime {
        CaptureTime::from_nanos(SECS * 1_000_000_000 + micros * 1000).unwrap()
    }

    /// Milliseconds of the samples that one incoming block gives at `at`.
    fn incoming(sampler: &mut RttSampler, bytes: &[u8], at: CaptureTime) -> Vec<i64> {
        let mut samples = Vec::new();
        sampler.observe_incoming(&single(bytes), at, &mut samples);
        assert!(samples.iter().all(|sample| sample.at == at));
        samples.iter().map(|sample| sample.rtt.as_micros() / 1000).collect()
    }

    /// So many units of 2⁻¹⁶ s after those seconds.
    fn request(units: i32) -> u32 {
        ((NTP_SECS << 16) as u32).wrapping_add_signed(units)
    }

    #[test]
    fn a_round_trip_is_arrival_less_request_less_what_it_was_held() {
        let mut sampler = RttSampler::default();
        assert_eq!(request(0), 0x1280_0000);
        // Asked at 0, held for 0.5 s, back at 0.6 s.
        assert_eq!(incoming(&mut sampler, &dlrr(9, &[(1, request(0), 32_768)]), after(600_000)), [100]);
        let report = receiver_report(9, &[(1, 0, request(0), 32_768), (1, 0, 0, 0)]);
        assert_eq!(incoming(&mut sampler, &report, after(600_000)), [100], "an LSR of 0 gives none");
        let report = sender_report(9, 77 << 32, &[(1, 0, request(0), 32_768)]);
        assert_eq!(incoming(&mut sampler, &report, after(600_000)), [100]);
        assert_eq!(sampler.discarded(), 0);
    }

    #[test]
    fn milliseconds_are_the_nearest_with_halves_up_and_at_least_one() {
        let mut sampler = RttSampler::default();
        // 4096 units are 62.5 ms; the capture's time falls on a whole unit.
        for (units, ms) in [(4095, 62), (4096, 63), (4097, 63), (98, 1), (99, 2), (0, 1), (-1310, 1)] {
            let echo = dlrr(9, &[(1, request(65_536 - units), 0)]);
            assert_eq!(incoming(&mut sampler, &echo, after(1_000_000)), [ms], "{units} units");
        }
    }

    #[test]
    fn impossible_times_are_discarded_and_counted() {
        let mut sampler = RttSampler::default();
        for (units, count) in [(-1311_i32, 1), (655_359, 1), (655_360, 2), (i32::MAX, 3), (i32::MIN, 4)] {
            let echo = dlrr(9, &[(1, request(0_i32.wrapping_sub(units)), 0)]);
            let samples = incoming(&mut sampler, &echo, after(0));
            assert_eq!((samples.is_empty(), sampler.discarded()), (units != 655_359, count), "{units} units");
        }
    }

    #[test]
    fn the_receivers_clock_is_the_farthest_ahead_that_its_reports_showed() {
        let mut sampler = RttSampler::default();
        // The receiver's clock is 5 s behind the capture's. It asks at 1 s and has the answer 100 ms later.
        let answer = dlrr(9, &[(1, request(-4 * 65_536), 0)]);
        let clock = (NTP_SECS - 5) << 32;
        let mut after_own = |report: &[u8], captured| {
            sampler.observe_outgoing(&single(report), after(captured));
            (incoming(&mut sampler, &answer, after(1_100_000)), sampler.discarded())
        };
        assert_eq!(after_own(&receiver_report(1, &[]), 0), (vec![5100], 0), "its clock is not known yet");
        assert_eq!(after_own(&reference_time(1, clock), 30_000), (vec![70], 0), "captured 30 ms late");
        assert_eq!(after_own(&sender_report(1, clock, &[]), 10_000), (vec![90], 0));
        assert_eq!(after_own(&reference_time(1, clock), 20_000), (vec![90], 0), "the most counts");
        assert_eq!(after_own(&sender_report(1, 0, &[]), 20_000), (vec![90], 0), "a clock of 0 is none");
        assert_eq!(after_own(&reference_time(1, clock), -6_000_000), (vec![6100], 0), "a clock that was set");
        assert_eq!(after_own(&reference_time(1, clock), -10_000_000), (vec![], 1));
    }

    #[test]
    fn only_the_receivers_own_time_stamps_count_once_it_was_heard() {
        let mut sampler = RttSampler::default();
        let answers = dlrr(9, &[(1, request(0), 0), (2, request(0), 0)]);
        assert_eq!(incoming(&mut sampler, &answers, after(50_000)), [50, 50]);
        sampler.observe_outgoing(&single(&rtcp(1, 202, &[0, 0, 0, 2])), after(0));
        assert_eq!(incoming(&mut sampler, &answers, after(50_000)), [50, 50], "SDES has no sender");
        sampler.observe_outgoing(&single(&rtcp(15, 206, &[0, 0, 0, 2])), after(0));
        let second = dlrr(9, &[(1, request(0), 0), (2, request(655), 0)]);
        assert_eq!(incoming(&mut sampler, &second, after(50_000)), [40]);
        let others = receiver_report(9, &[(1, 0, request(1 << 30), 0)]);
        assert_eq!(incoming(&mut sampler, &others, after(50_000)), [] as [i64; 0]);
        assert_eq!(sampler.discarded(), 0, "what is not its own is not discarded either");
    }

    #[test]
    fn of_reference_times_only_those_of_who_sends_the_rembs_count() {
        let mut sampler = RttSampler::default();
        let answers = dlrr(9, &[(0xfa17_fa17, request(0), 0), (1, request(655), 0), (2, request(1311), 0)]);
        assert_eq!(
            incoming(&mut sampler, &answers, after(50_000)),
            [40, 30],
            "never those of Chromium's audio"
        );
        for own in [1, 2, 0xfa17_fa17] {
            sampler.observe_outgoing(&single(&receiver_report(own, &[])), after(0));
        }
        assert_eq!(incoming(&mut sampler, &answers, after(50_000)), [40, 30]);
        let remb = [&[0, 0, 0, 2, 0, 0, 0, 0][..], b"REMB", &[0, 0, 0, 1]].concat();
        sampler.observe_outgoing(&single(&rtcp(15, 206, &remb)), after(0));
        assert_eq!(incoming(&mut sampler, &answers, after(50_000)), [30]);
        let report = receiver_report(9, &[(1, 0, request(0), 0)]);
        let mut samples = Vec::new();
        sampler.observe_incoming(&single(&report), after(50_000), &mut samples);
        let (at, rtt) = (after(50_000), TimeDelta::from_millis(50));
        let of = SampleOf::Sender { ssrc: Ssrc(1), since: at };
        assert_eq!(samples, [RttSample { at, rtt, of }], "what it sends itself counts by report blocks");
    }

    #[test]
    fn the_newest_64_ssrcs_are_the_receivers_own() {
        let mut sampler = RttSampler::default();
        for ssrc in (1..=64).chain([1, 65]) {
            sampler.observe_outgoing(&single(&receiver_report(ssrc, &[])), after(0));
        }
        let mut counts =
            |ssrc| !incoming(&mut sampler, &dlrr(9, &[(ssrc, request(0), 0)]), after(0)).is_empty();
        assert_eq!((counts(1), counts(2), counts(65)), (false, true, true));
        assert_eq!(sampler.own_ssrcs.len(), 64);
    }

    #[test]
    fn a_round_trip_over_the_end_of_the_era_in_2036_is_one_like_any() {
        let mut sampler = RttSampler::default();
        let era_end = 2_085_978_496_i128 * 1_000_000_000;
        let at = |millis: i128| CaptureTime::from_nanos(era_end + millis * 1_000_000).unwrap();
        // The clock is 2 s ahead, so that it wraps before the capture's does; then both have.
        sampler.observe_outgoing(&single(&reference_time(1, 1 << 32)), at(-1000));
        sampler.observe_outgoing(&single(&reference_time(1, 1 << 31)), at(-1000));
        let answer = dlrr(9, &[(1, 1 << 16, 32_768)]);
        assert_eq!(incoming(&mut sampler, &answer, at(-250)), [250]);
        let answer = dlrr(9, &[(1, 1 << 16, 131_072)]);
        assert_eq!(incoming(&mut sampler, &answer, at(1250)), [250]);
    }

    #[test]
    fn cut_reports_give_what_is_whole() {
        let mut sampler = RttSampler::default();
        let answers = dlrr(9, &[(1, request(0), 0), (1, request(0), 0)]);
        let mut samples = Vec::new();
        let block = Blocks::new(&answers[..30], answers.len()).next().unwrap();
        sampler.observe_incoming(&block, after(7000), &mut samples);
        let rtt = TimeDelta::from_millis(7);
        assert_eq!(samples, [RttSample { at: after(7000), rtt, of: SampleOf::Receiver }]);
    }

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn rtt(millis: i64) -> TimeDelta {
        TimeDelta::from_millis(millis)
    }

    #[test]
    fn the_mean_is_truncated_and_blended_three_to_seven() {
        let mut smoother = RttSmoother::default();
        assert_eq!(smoother.deliver(ms(0)), None);
        smoother.add(ms(500), rtt(100));
        smoother.add(ms(600), rtt(101));
        assert_eq!(
            smoother.deliver(ms(1000)),
            Some(rtt(100)),
            "the first is the mean, 100.5 without its half"
        );
        smoother.add(ms(2500), rtt(203));
        assert_eq!(smoother.deliver(ms(3000)), Some(rtt(130)), "70 + 60.9");
        smoother.add(ms(3500), rtt(50));
        assert_eq!(smoother.deliver(ms(4000)), Some(rtt(128)), "91 + 0.3 x 126 is 128.8");
    }

    #[test]
    fn the_blend_is_in_single_precision() {
        // Exactly 10, 10 and 8. In double precision 9, 10 and 7 with 0.3, 10, 9 and 7 with the single 0.3.
        for (previous, mean, blended) in [(1, 31, 10), (13, 3, 9), (11, 1, 8)] {
            let mut smoother = RttSmoother::default();
            smoother.add(ms(0), rtt(previous));
            smoother.deliver(ms(1000));
            smoother.add(ms(1600), rtt(mean));
            assert_eq!(smoother.deliver(ms(2000)), Some(rtt(blended)), "{previous}, {mean}");
        }
    }

    #[test]
    fn reports_count_up_to_an_age_of_1500_ms() {
        for (age_micros, delivered) in [(1_500_000, Some(rtt(40))), (1_500_001, None)] {
            let mut smoother = RttSmoother::default();
            smoother.add(ms(0), rtt(40));
            assert_eq!(smoother.deliver(Timestamp::from_micros(age_micros)), delivered, "{age_micros} µs");
        }
    }

    #[test]
    fn after_silence_it_starts_afresh() {
        let mut smoother = RttSmoother::default();
        smoother.add(ms(0), rtt(400));
        assert_eq!(smoother.deliver(ms(1000)), Some(rtt(400)));
        assert_eq!(smoother.deliver(ms(2000)), None);
        smoother.add(ms(2500), rtt(20));
        assert_eq!(smoother.deliver(ms(3000)), Some(rtt(20)));
        assert_eq!(smoother.deliver(ms(4000)), Some(rtt(20)));
    }

    #[test]
    fn a_flood_of_reports_keeps_the_newest() {
        let mut smoother = RttSmoother::default();
        for n in 0..5000 {
            smoother.add(ms(0), rtt(if n < 5000 - 1024 { i64::MAX / 1000 } else { 30 }));
        }
        assert_eq!(smoother.reports.len(), 1024);
        assert_eq!(smoother.deliver(ms(0)), Some(rtt(30)));
    }

    proptest! {
        #[test]
        fn any_reports_give_possible_times(
            blocks in prop::collection::vec((any::<bool>(), any::<i64>(), any::<u64>(), any::<u32>()), 0..40),
        ) {
            let (mut sampler, mut smoother, mut samples) =
                (RttSampler::default(), RttSmoother::default(), Vec::new());
            for (outgoing, nanos, ntp, held) in blocks {
                let Some(at) = CaptureTime::from_nanos(i128::from(nanos)) else { continue };
                let bytes = sender_report(1, ntp, &[(1, 0, ntp as u32, held)]);
                if outgoing {
                    sampler.observe_outgoing(&single(&bytes), at);
                } else {
                    sampler.observe_incoming(&single(&bytes), at, &mut samples);
                }
            }
            for sample in samples {
                smoother.add(sample.at.to_timestamp(), sample.rtt);
                let delivered = smoother.deliver(sample.at.to_timestamp()).unwrap();
                for rtt in [sample.rtt, delivered] {
                    prop_assert!((1_000..=10_000_000).contains(&rtt.as_micros()));
                }
            }
        }

        #[test]
        fn any_numbers_are_smoothed(
            steps in prop::collection::vec((any::<i64>(), any::<i64>()), 0..20),
        ) {
            let mut smoother = RttSmoother::default();
            for (at, rtt) in steps {
                smoother.add(Timestamp::from_micros(at), TimeDelta::from_micros(rtt));
                smoother.deliver(Timestamp::from_micros(at));
            }
        }
    }
}
