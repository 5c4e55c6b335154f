//! Which header extension is abs-send-time: the 3-byte element that advances at 2¹⁸ a second of capture time.
//!
//! The elements of each stream and id are followed from packet to packet. Constants (playout-delay), small numbers
//! around zero (transmission offsets), counters and noise advance at other rates or not forward.

use crate::rtp::RtpPacket;
use crate::units::{AbsSendTime, CaptureTime, Ssrc};

const UNITS_PER_SECOND: f64 = AbsSendTime::UNITS_PER_SECOND as f64;
const MAX_FOLLOWED: usize = 128;
/// The evidence that settles it at once.
const SOLID: Demands = Demands { steps: 10, seconds: 0.5, slowest: 0.8, fastest: 1.25 };
/// The evidence that must do when packets cannot wait longer: a growing queue slows the send clock down.
const ENOUGH: Demands = Demands { steps: 5, seconds: 0.2, slowest: 0.5, fastest: 1.6 };
/// The share of steps that must go forward by about the capture's time.
const MIN_SANE_SHARE: f64 = 0.9;
/// A send time may run ahead of or behind the capture by so much from one packet to the next.
const MAX_STRAY_SECONDS: f64 = 1.0;

struct Demands {
    steps: u32,
    seconds: f64,
    slowest: f64,
    fastest: f64,
}

/// The id, and by what it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct InferredId {
    /// The extension id.
    pub id: u8,
    /// Elements that were followed.
    pub elements: u32,
    /// Over so much capture time.
    pub seconds: f64,
    /// How fast the value advanced, as a multiple of 2¹⁸ a second of capture time.
    pub relative_rate: f64,
}

impl InferredId {
    /// In a sentence.
    pub fn evidence(&self) -> String {
        format!(
            "3-byte element that advanced at {:.3} × 2^18 per second over {} packets in {:.2} s",
            self.relative_rate, self.elements, self.seconds
        )
    }
}

/// Follows all 3-byte elements of a flow.
#[derive(Debug, Clone, Default)]
pub struct AbsSendTimeFit {
    followed: Vec<Followed>,
}

/// One stream's elements of one id.
#[derive(Debug, Clone)]
struct Followed {
    ssrc: Ssrc,
    id: u8,
    last: AbsSendTime,
    last_at: CaptureTime,
    steps: u32,
    sane_steps: u32,
    advanced_seconds: f64,
    elapsed_seconds: f64,
}

impl AbsSendTimeFit {
    /// Takes a packet into account.
    pub fn observe(&mut self, at: CaptureTime, packet: &RtpPacket<'_>) {
        for element in packet.elements() {
            let Ok(bytes) = element.value.try_into() else { continue };
            let (ssrc, id, value) = (packet.ssrc(), element.id, AbsSendTime::from_be_bytes(bytes));
            let known = self.followed.iter_mut().find(|followed| followed.ssrc == ssrc && followed.id == id);
            if let Some(followed) = known {
                followed.step(at, value);
            } else if self.followed.len() < MAX_FOLLOWED {
                self.followed.push(Followed::new(ssrc, id, at, value));
            }
        }
    }

    /// The id, once the evidence is solid.
    pub fn solid(&self) -> Option<InferredId> {
        self.best(&SOLID)
    }

    /// The id by what evidence there is.
    pub fn at_last(&self) -> Option<InferredId> {
        self.best(&ENOUGH)
    }

    /// Of the ids that meet the demands, the one with the most elements.
    fn best(&self, demands: &Demands) -> Option<InferredId> {
        let candidates = self.followed.iter().filter_map(|followed| {
            let all = self.followed.iter().filter(|other| other.id == followed.id);
            let (mut steps, mut sane, mut advanced, mut elapsed) = (0, 0, 0.0, 0.0);
            for one in all {
                steps += one.steps;
                sane += one.sane_steps;
                advanced += one.advanced_seconds;
                elapsed += one.elapsed_seconds;
            }
            let relative_rate = advanced / elapsed;
            let meets = steps >= demands.steps
                && elapsed >= demands.seconds
                && f64::from(sane) >= MIN_SANE_SHARE * f64::from(steps)
                && (demands.slowest..=demands.fastest).contains(&relative_rate);
            meets.then_some(InferredId {
                id: followed.id,
                elements: steps + 1,
                seconds: elapsed,
                relative_rate,
            })
        });
        candidates.max_by_key(|candidate| (candidate.elements, std::cmp::Reverse(candidate.id)))
    }
}

impl Followed {
    fn new(ssrc: Ssrc, id: u8, at: CaptureTime, value: AbsSendTime) -> Self {
        Self {
            ssrc,
            id,
            last: value,
            last_at: at,
            steps: 0,
            sane_steps: 0,
            advanced_seconds: 0.0,
            elapsed_seconds: 0.0,
        }
    }

    fn step(&mut self, at: CaptureTime, value: AbsSendTime) {
        let advanced = signed_units(value.units_since(self.last)) / UNITS_PER_SECOND;
        let elapsed = (at.as_nanos() - self.last_at.as_nanos()) as f64 / 1e9;
        self.steps += 1;
        self.sane_steps += u32::from((advanced - elapsed).abs() < MAX_STRAY_SECONDS);
        self.advanced_seconds += advanced;
        self.elapsed_seconds += elapsed;
        self.last = value;
        self.last_at = at;
    }
}

/// 24 bits as a signed number.
fn signed_units(units: u32) -> f64 {
    f64::from((units << 8).cast_signed() >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets each 20 ms with one element of each kind; ids 1: constant, 2: send time, 3: offset, 4: counter, 5: noise.
    fn fit(packets: u32, queue_growth: f64) -> AbsSendTimeFit {
        let mut fit = AbsSendTimeFit::default();
        let mut noise = 1_u32;
        for k in 0..packets {
            let sent = f64::from(k) * 0.02;
            let send_time = ((sent + 63.9) * UNITS_PER_SECOND) as u32;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut bytes = vec![0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xbe, 0xde, 0, 5];
            for (id, value) in [(1, 0x0a_0064), (2, send_time), (3, k % 3), (4, k), (5, noise >> 8)] {
                let [_, high, middle, low] = value.to_be_bytes();
                bytes.extend([id << 4 | 2, high, middle, low]);
            }
            let arrived = (1e9 * (1.0 + queue_growth) * sent) as i128;
            fit.observe(CaptureTime::from_nanos(arrived).unwrap(), &RtpPacket::parse(&bytes, 1000).unwrap());
        }
        fit
    }

    #[test]
    fn the_send_time_is_found_within_half_a_second_across_a_wrap() {
        assert_eq!(fit(10, 0.0).solid(), None);
        let found = fit(30, 0.0).solid().unwrap();
        assert_eq!((found.id, found.elements), (2, 30));
        assert!((found.relative_rate - 1.0).abs() < 0.001);
    }

    #[test]
    fn a_queue_that_grows_by_half_a_second_a_second_is_not_solid_but_enough() {
        assert_eq!(fit(50, 0.5).solid(), None);
        assert_eq!(fit(50, 0.5).at_last().map(|found| found.id), Some(2));
    }

    #[test]
    fn without_a_send_time_none_is_invented() {
        let mut without = fit(100, 0.0);
        without.followed.retain(|followed| followed.id != 2);
        assert_eq!((without.solid(), without.at_last()), (None, None));
    }
}
