//! What the page shows of one flow.

use super::packed::Packed;
use super::rembs::Rembs;
use super::row::Row;
use super::rows::Rows;
use crate::report::receivers::Receivers;
use crate::units::Ssrc;

/// Where the replays at all phases of the receiver's clock lie, from one time up to another (microseconds, bit/s).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Since the capture's first frame.
    pub from_us: i64,
    /// Since the capture's first frame.
    pub to_us: i64,
    /// The least.
    pub min_bps: i64,
    /// The greatest.
    pub max_bps: i64,
}

/// The series of one flow, taken as the replay goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlowPage {
    pub(super) rows: Rows,
    pub(super) replayed: Rembs,
    pub(super) receivers: Receivers,
    /// By receiver.
    pub(super) recorded: Vec<Rembs>,
    pub(super) band: [Packed; 4],
    pub(super) band_count: usize,
}

impl FlowPage {
    /// Takes a step of the estimator.
    #[inline]
    pub fn row(&mut self, row: &Row) {
        self.rows.push(row);
    }

    /// Takes a REMB that was replayed.
    pub fn replayed(&mut self, at_us: i64, bps: i64) {
        self.replayed.push(at_us, bps);
    }

    /// Takes a REMB that a receiver sent, with the streams that it lists; none where they are not known.
    pub fn recorded(&mut self, at_us: i64, bps: i64, ssrcs: &[Ssrc]) {
        let place = self.receivers.place(at_us as f64 / 1e6, ssrcs);
        if self.recorded.len() <= place {
            self.recorded.resize_with(place + 1, Rembs::default);
        }
        if let Some(rembs) = self.recorded.get_mut(place) {
            rembs.push(at_us, bps);
        }
    }

    /// Takes a stretch of the band.
    pub fn band(&mut self, band: Band) {
        let Band { from_us, to_us, min_bps, max_bps } = band;
        let values = [from_us, to_us, min_bps, max_bps];
        self.band.iter_mut().zip(values).for_each(|(column, value)| column.push(Some(value)));
        self.band_count += 1;
    }

    /// Bytes that its rows take.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
    }
}
