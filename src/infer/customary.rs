//! The packet times of audio: how many ticks a packet lasts, at the clocks that audio has.

use std::ops::RangeInclusive;

/// The clocks of audio, the usual ones first: with these a step is read where several would do.
const CLOCKS_HZ: [u32; 7] = [48_000, 8_000, 16_000, 32_000, 44_100, 24_000, 12_000];
/// So many of the first are usual.
const USUAL: usize = 3;
/// Packet times in use, the usual ones first, in units of 0.1 ms.
const PACKET_TIMES: [u32; 10] = [200, 100, 600, 400, 300, 800, 1000, 1200, 50, 25];
/// Samples of an AAC frame, and of one with half the rate coded; usually at these clocks.
const AAC: [u32; 2] = [1024, 2048];
const AAC_CLOCKS_HZ: [u32; 3] = [48_000, 44_100, 16_000];
const OPUS_HZ: u32 = 48_000;
/// Opus in silence sends a packet for every 19 to 21 of its 20 ms.
const OPUS_PACKET: u32 = 960;
const OPUS_SILENCE: RangeInclusive<u32> = 19..=21;

/// Shorter packets are only those of Opus; in units of 0.1 ms.
const SHORT: u32 = 100;

/// The clocks by which so many ticks are a customary packet time, the usual one first.
pub(super) fn readings(ticks: u32) -> impl Iterator<Item = u32> {
    let of = move |clocks: &'static [u32]| {
        let lasts = move |hz: u32, time: u32| u64::from(hz) * u64::from(time) == u64::from(ticks) * 10_000;
        let occurs = |hz: u32, time: u32| time >= SHORT || hz == OPUS_HZ;
        let clocks_of =
            move |time: u32| clocks.iter().copied().filter(move |hz| occurs(*hz, time) && lasts(*hz, time));
        PACKET_TIMES.iter().flat_map(move |time| clocks_of(*time))
    };
    let (usual, others) = CLOCKS_HZ.split_at(USUAL);
    let aac = AAC_CLOCKS_HZ.into_iter().filter(move |_| AAC.contains(&ticks));
    of(usual).chain(of(others)).chain(aac)
}

/// The same of a stream that may be silent all the time: Opus then leaves out most packets.
pub(super) fn readings_with_silence(ticks: u32) -> impl Iterator<Item = u32> {
    let packets = ticks / OPUS_PACKET;
    let is_silence = ticks.is_multiple_of(OPUS_PACKET) && OPUS_SILENCE.contains(&packets);
    readings(ticks).chain(is_silence.then_some(OPUS_PACKET).into_iter().flat_map(readings))
}

/// Whether an audio packet may last so many ticks.
pub(super) fn is_customary(ticks: u32) -> bool {
    readings(ticks).next().is_some()
}

/// The same, or a packet in silence.
pub(super) fn is_customary_with_silence(ticks: u32) -> bool {
    readings_with_silence(ticks).next().is_some()
}

/// The greatest common divisor.
pub(super) const fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_by_its_usual_clock() {
        let usual = |ticks| readings(ticks).next();
        for (ticks, hz) in [
            (960, 48_000),
            (480, 48_000),
            (2880, 48_000),
            (1920, 48_000),
            (120, 48_000),
            (160, 8_000),
            (80, 8_000),
            (320, 16_000),
            (882, 44_100),
            (1024, 48_000),
        ] {
            assert_eq!(usual(ticks), Some(hz), "{ticks}");
        }
        assert!(readings(960).any(|hz| hz == 16_000), "60 ms");
    }

    #[test]
    fn steps_of_video_are_not_customary_for_audio() {
        for ticks in
            [0, 1, 90, 1500, 1800, 3000, 3003, 3600, 3750, 4500, 6000, 9000, 18_000, 90_000, u32::MAX]
        {
            assert!(!is_customary_with_silence(ticks), "{ticks}");
        }
    }

    #[test]
    fn opus_in_silence_steps_by_some_400_ms() {
        assert!(is_customary_with_silence(19_200) && !is_customary(19_200));
        assert_eq!(readings_with_silence(19_200).next(), Some(48_000));
        assert!(!is_customary_with_silence(960 * 25), "every second frame at 7.5 frames a second");
    }
}
