//! The least delay that steps up for good: another route, or a clock that was set.

use crate::model::{Happening, PathStep};
use crate::survey::FedPacket;
use crate::units::{CaptureTime, TimeDelta};

use super::log::{Found, Log};
use super::quantities::Seen;
use super::samples::Samples;
use super::stretches::Stretches;
use super::{MS, PACKET_BITS, SECOND};

const BLOCK_NANOS: i64 = SECOND / 2;
/// Blocks of half a second on either side of the one in which it steps.
const SIDE: usize = 8;
const BLOCKS: usize = 2 * SIDE + 1;
const LEAST_STEP_NANOS: i64 = 20 * MS;
/// The least delays of a side are this close, or within a fifth of the step.
const FLAT_NANOS: i64 = 4 * MS;
/// A queue that others keep holds a packet or two.
const PACKET_TIMES: f64 = 1.2;
/// What the link carries is looked at over so long before it.
const LINK_NANOS: i64 = 10 * SECOND;

/// Half a second: the least delay above the floor, and packets missing in it.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    number: i64,
    least: i64,
    missing: i64,
    packets: u32,
}

/// Finds steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    blocks: [Block; BLOCKS],
    current: Block,
    numbers: Stretches<BLOCK_NANOS>,
    last: Option<CaptureTime>,
}

impl Steps {
    /// Takes a packet; the step that it made certain, ns, and when that was.
    #[inline]
    pub(super) fn packet(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        samples: &Samples,
        log: &mut Log,
    ) -> Option<(CaptureTime, i64)> {
        let queue = seen.queue_nanos?;
        let number = self.numbers.number(packet.at.as_nanos());
        let mut found = None;
        if number > self.current.number {
            found = self.end_block(samples, log);
            self.current = Block { number, least: queue, missing: 0, packets: 0 };
        }
        self.current.missing += seen.missing.max(0);
        self.add(queue);
        found
    }

    /// The same of a packet that is known to be in the present half second, with nothing missing before it.
    #[inline]
    pub(super) fn add(&mut self, queue_nanos: i64) {
        self.current.least = self.current.least.min(queue_nanos);
        self.current.packets += 1;
    }

    /// When the present half second ends, ns.
    pub(super) const fn block_ends(&self) -> i64 {
        self.current.number.saturating_add(1).saturating_mul(BLOCK_NANOS)
    }

    /// When it last stepped.
    pub(super) const fn last(&self) -> Option<CaptureTime> {
        self.last
    }

    fn end_block(&mut self, samples: &Samples, log: &mut Log) -> Option<(CaptureTime, i64)> {
        self.blocks.rotate_left(1);
        *self.blocks.last_mut()? = self.current;
        let (before, rest) = self.blocks.split_at(SIDE);
        let (middle, after) = rest.split_first()?;
        let first = before.first()?.number;
        let is_whole =
            (first..).zip(&self.blocks).all(|(number, block)| block.number == number && block.packets > 0);
        let has_loss =
            before.iter().rev().take(2).chain([middle]).chain(after).any(|block| block.missing > 0);
        if !is_whole || has_loss {
            return None;
        }
        let range = |side: &[Block]| {
            let least = side.iter().map(|block| block.least).min().unwrap_or(0);
            (least, side.iter().map(|block| block.least).max().unwrap_or(0))
        };
        let (low, high) = (range(before), range(after));
        let step = high.0 - low.0;
        let is_flat = |(least, most): (i64, i64)| most - least <= FLAT_NANOS.max(step / 5);
        if step < LEAST_STEP_NANOS || !is_flat(low) || !is_flat(high) {
            return None;
        }
        let from = CaptureTime::from_nanos((i128::from(middle.number) - 1) * i128::from(BLOCK_NANOS))?;
        let to = from.saturating_add_nanos(3 * BLOCK_NANOS);
        let half = low.1 + step / 2;
        let slot =
            samples.within(from, to).find(|slot| slot.waits.least().is_some_and(|least| least >= half))?;
        let came = samples.came(slot.at, LINK_NANOS)?;
        let link = came.last.link_since(&came.first).unwrap_or_default().max(came.rate());
        let packet_nanos = PACKET_BITS * 1e9 / (link.as_bps() as f64).max(1.0);
        if (step as f64) < PACKET_TIMES * packet_nanos {
            return None;
        }
        let at = slot.at;
        self.last = Some(at);
        log.push(Found {
            at,
            until: None,
            frame: Some(slot.frame),
            is_detail: false,
            what: Happening::Path(PathStep { step: TimeDelta::from_micros(step / 1000) }),
        });
        // From here on the blocks are above the new floor.
        for block in &mut self.blocks {
            block.least = (block.least - step).max(0);
        }
        Some((at, step))
    }
}
