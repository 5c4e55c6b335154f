//! The round trip time of one media flow's receiver (specification 1.11): samples from a capture's RTCP. What becomes of
//! them is [`remb::rtt`].

use std::collections::VecDeque;

use crate::rtp::{Block, NtpTime, Report};
use crate::units::{CaptureTime, Ssrc};
use remb::rtt::{RttClock, RttSample, SampleOf};

/// Round trip times of one media flow's receiver, from RTCP in both directions. RTCP that is encrypted must not be
/// given to it.
///
/// What comes back is held against the capture's clock, put forward by the most that the receiver's own reports were
/// ahead of it, and not against the time when the request was captured: the snaplen often cuts requests off.
#[derive(Debug, Clone, Default)]
pub struct RttSampler {
    own_ssrcs: VecDeque<OwnSsrc>,
    /// The receiver's, by the capture's.
    clock: RttClock,
    discarded: u64,
}

/// An SSRC that the receiver sends RTCP with.
#[derive(Debug, Clone, Copy)]
struct OwnSsrc {
    ssrc: Ssrc,
    sends_rembs: bool,
}

/// Of Chromium's audio receiver, which hands over no round trip time.
const AUDIO_RECEIVER: Ssrc = Ssrc(0xfa17_fa17);
/// SSRCs remembered as the receiver's own: the newest.
const MAX_OWN_SSRCS: usize = 64;

impl RttSampler {
    /// RTCP that the receiver sent: the reverse of the media's direction.
    pub fn observe_outgoing(&mut self, block: &Block<'_>, at: CaptureTime) {
        if let Some(ssrc) = block.sender_ssrc() {
            self.note_own(OwnSsrc { ssrc, sends_rembs: block.is_remb() });
        }
        for ntp in block.report().into_iter().flat_map(|report| report.requests()) {
            self.clock.note_request(ntp, ntp_time(at));
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
                false => SampleOf::Sender { ssrc: echo.ssrc, since: at.to_timestamp() },
            };
            match self.clock.round_trip(echo, ntp_time(at)) {
                Some(rtt) => samples.push(RttSample { at: at.to_timestamp(), rtt, of }),
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
}

/// What a clock that agrees with the capture's shows.
fn ntp_time(at: CaptureTime) -> NtpTime {
    NtpTime::at_unix_nanos(at.as_nanos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::Blocks;
    use crate::rtp::test_rtcp::{dlrr, receiver_report, reference_time, rtcp, sender_report, single};
    use crate::units::TimeDelta;
    use remb::rtt::RttSmoother;

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
        assert!(samples.iter().all(|sample| sample.at == at.to_timestamp()));
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
        let (at, rtt) = (after(50_000).to_timestamp(), TimeDelta::from_millis(50));
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
        assert_eq!(samples, [RttSample { at: after(7000).to_timestamp(), rtt, of: SampleOf::Receiver }]);
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
                smoother.add(sample.at, sample.rtt);
                let delivered = smoother.deliver(sample.at).unwrap();
                for rtt in [sample.rtt, delivered] {
                    prop_assert!((1_000..=10_000_000).contains(&rtt.as_micros()));
                }
            }
        }
    }
}
