//! What sequence numbers tell: loss, reordering, repeats, restarts (after RFC 3550 appendix A.1).

use crate::units::SeqNum;

/// Follows the sequence numbers of one SSRC in a fixed amount of memory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SequenceTracker {
    segment: Segment,
    lost_before: u64,
    reordered: u64,
    duplicates: u64,
    /// Follows a number that fits nowhere; if this is the next one, the sender has restarted.
    expected_after_jump: Option<SeqNum>,
}

/// A run of numbers without a restart.
#[derive(Debug, Clone, Copy)]
struct Segment {
    lowest: i64,
    highest: i64,
    /// Up to here `recent` and `distinct` are true; all numbers behind it, up to the highest, were seen. Most packets come
    /// in order and are counted by the highest number alone.
    settled: i64,
    /// Bit n: `settled - n` was seen.
    recent: u128,
    /// Numbers that were seen; none before the first.
    distinct: u64,
}

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Above all before it.
    New,
    /// Below the highest, and not seen before as far as the window tells.
    Late,
    /// Seen before, within the last 128 numbers.
    Duplicate,
}

/// A larger step forward is a restart and no loss (RFC 3550: MAX_DROPOUT).
const MAX_DROPOUT: i16 = 3000;
/// A larger step back is a restart and no reordering. RFC 3550 has 100; real links are later than that.
const MAX_MISORDER: i16 = 1000;

impl SequenceTracker {
    #[inline]
    pub(crate) fn observe(&mut self, number: SeqNum) -> Arrival {
        let step = number.steps_since(self.segment.highest_number());
        if step == 1 {
            self.observe_next();
            return Arrival::New;
        }
        self.observe_out_of_order(number, step)
    }

    /// Takes the number that is behind the highest.
    #[inline(always)]
    pub(crate) fn observe_next(&mut self) {
        self.expected_after_jump = None;
        self.segment.take_next();
    }

    /// Whether the number is the one behind the highest.
    #[inline]
    pub(crate) fn continues_with(&self, number: SeqNum) -> bool {
        number.steps_since(self.segment.highest_number()) == 1
    }

    /// Whether the number follows the highest, after no more than a loss.
    #[inline]
    pub(super) fn is_ahead(&self, number: SeqNum) -> bool {
        self.segment.distinct() > 0
            && (1..=MAX_DROPOUT).contains(&number.steps_since(self.segment.highest_number()))
    }

    fn observe_out_of_order(&mut self, number: SeqNum, step: i16) -> Arrival {
        self.segment.settle();
        if self.segment.distinct == 0 {
            self.segment = Segment::expecting(number);
            self.segment.take_next();
            return Arrival::New;
        }
        if (-MAX_MISORDER..=MAX_DROPOUT).contains(&step) {
            self.expected_after_jump = None;
            let arrival = self.segment.take(step);
            match arrival {
                Arrival::New => {}
                Arrival::Late => self.reordered += 1,
                Arrival::Duplicate => self.duplicates += 1,
            }
            return arrival;
        }
        if self.expected_after_jump.take() == Some(number) {
            self.lost_before += self.segment.lost();
            self.segment = Segment::expecting(SeqNum(number.0.wrapping_sub(1)));
            self.segment.take_next();
            self.segment.take_next();
        } else {
            self.expected_after_jump = Some(SeqNum(number.0.wrapping_add(1)));
        }
        Arrival::New
    }

    /// Numbers between the lowest and the highest that never came; a restart begins anew.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + self.segment.lost()
    }

    /// The lowest and the highest number since the last restart.
    pub(super) fn range(&self) -> (SeqNum, SeqNum) {
        // The low 16 bits are meant.
        (SeqNum(self.segment.lowest as u16), self.segment.highest_number())
    }

    pub(super) const fn reordered(&self) -> u64 {
        self.reordered
    }

    pub(super) const fn duplicates(&self) -> u64 {
        self.duplicates
    }
}

impl Default for Segment {
    fn default() -> Self {
        Self::expecting(SeqNum(0))
    }
}

impl Segment {
    fn expecting(first: SeqNum) -> Self {
        let first = i64::from(first.0);
        Self { lowest: first, highest: first - 1, settled: first - 1, recent: 0, distinct: 0 }
    }

    const fn highest_number(&self) -> SeqNum {
        // The low 16 bits are meant.
        SeqNum(self.highest as u16)
    }

    #[inline]
    fn take_next(&mut self) {
        self.highest += 1;
    }

    /// Numbers behind `settled`.
    const fn in_order(&self) -> u64 {
        (self.highest - self.settled).unsigned_abs()
    }

    const fn distinct(&self) -> u64 {
        self.distinct + self.in_order()
    }

    fn settle(&mut self) {
        let shift = u32::try_from(self.in_order()).unwrap_or(u32::MAX);
        let before = self.recent.checked_shl(shift).unwrap_or(0);
        self.recent = before | !u128::MAX.checked_shl(shift).unwrap_or(0);
        self.distinct = self.distinct();
        self.settled = self.highest;
    }

    /// Takes a number that is not the next one, after [`settle`](Self::settle).
    fn take(&mut self, step: i16) -> Arrival {
        if step > 0 {
            self.highest += i64::from(step);
            self.settled = self.highest;
            self.recent = self.recent.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0) | 1;
            self.distinct += 1;
            return Arrival::New;
        }
        let bit = 1_u128.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0);
        if self.recent & bit != 0 {
            return Arrival::Duplicate;
        }
        self.recent |= bit;
        self.lowest = self.lowest.min(self.highest + i64::from(step));
        self.distinct += 1;
        Arrival::Late
    }

    fn lost(&self) -> u64 {
        (self.highest - self.lowest + 1).unsigned_abs().saturating_sub(self.distinct())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: impl IntoIterator<Item = u16>) -> SequenceTracker {
        let mut tracker = SequenceTracker::default();
        numbers.into_iter().for_each(|n| {
            tracker.observe(SeqNum(n));
        });
        tracker
    }

    fn counts(numbers: impl IntoIterator<Item = u16>) -> (u64, u64, u64) {
        let tracker = after(numbers);
        (tracker.lost(), tracker.reordered(), tracker.duplicates())
    }

    #[test]
    fn gaps_are_lost_until_they_are_filled() {
        assert_eq!(counts([1, 2, 5]), (2, 0, 0));
        assert_eq!(counts([1, 2, 5, 3, 4]), (0, 2, 0));
    }

    #[test]
    fn it_counts_over_the_wrap() {
        assert_eq!(counts([65534, 65535, 1, 0]), (0, 1, 0));
        assert_eq!(counts((0..200_000_u32).map(|n| n as u16)), (0, 0, 0));
    }

    #[test]
    fn repeats_do_not_hide_a_loss() {
        assert_eq!(counts([1, 1, 2, 4, 4, 2]), (1, 0, 3));
    }

    #[test]
    fn a_packet_from_before_the_first_is_not_lost_nor_negative() {
        assert_eq!(counts([5, 4, 6]), (0, 1, 0));
    }

    #[test]
    fn beyond_the_window_a_late_packet_is_counted_once_and_without_panic() {
        assert_eq!(counts([1000, 1300, 1100]), (298, 1, 0));
    }

    #[test]
    fn a_restart_is_no_loss_and_needs_two_packets_in_order() {
        assert_eq!(counts([1, 2, 4, 40_000, 40_001, 40_003]), (2, 0, 0));
        assert_eq!(counts([1, 2, 40_000, 3, 4]), (0, 0, 0), "a stray packet");
    }
}
