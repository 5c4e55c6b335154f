//! RTCP datagrams that are in the capture twice, byte for byte, as where two interfaces were captured: each counts once.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::decode::Datagram;
use crate::decode::FiveTuple;
use crate::rtp::Blocks;
use crate::units::{CaptureTime, TimeDelta};

/// The latest datagrams.
#[derive(Debug, Default)]
pub(super) struct RtcpCopies {
    recent: VecDeque<(CaptureTime, u64)>,
}

const REMEMBERED: usize = 64;
/// What has time stamps of its own is never the same again.
const MAX_APART_TIMED: TimeDelta = TimeDelta::from_secs(1);
/// A loss or a REMB may be reported in the same words again, but not as soon. Where the snaplen cut it off the words are
/// not known.
const MAX_APART: TimeDelta = TimeDelta::from_millis(1);

impl RtcpCopies {
    /// Whether a datagram is a copy of a recent one.
    pub(super) fn is_copy(&mut self, at: CaptureTime, flow: &FiveTuple, datagram: &Datagram<'_>) -> bool {
        let identity = identity(flow, datagram);
        let is_cut = datagram.payload.len() < datagram.payload_len;
        let max_apart = match is_timed(datagram) {
            true => MAX_APART_TIMED,
            false if is_cut => return false,
            false => MAX_APART,
        };
        let max_nanos = max_apart.as_micros().unsigned_abs() * 1000;
        let is_near = |then: CaptureTime| at.nanos_since(then).unsigned_abs() <= max_nanos;
        if self.recent.iter().any(|(then, known)| *known == identity && is_near(*then)) {
            return true;
        }
        if self.recent.len() >= REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((at, identity));
        false
    }
}

fn identity(flow: &FiveTuple, datagram: &Datagram<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (flow, datagram.payload, datagram.payload_len).hash(&mut hasher);
    hasher.finish()
}

fn is_timed(datagram: &Datagram<'_>) -> bool {
    let reports = Blocks::new(datagram.payload, datagram.payload_len).filter_map(|block| block.report());
    reports.into_iter().any(|report| report.requests().next().is_some() || report.echoes().next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Carrier, Ends};

    /// A report with a time stamp, and one of a loss.
    const TIMED: [u8; 28] =
        [0x80, 200, 0, 6, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const LOSS: [u8; 16] = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0];

    fn is_copy(copies: &mut RtcpCopies, micros: i64, flow: &str, payload: &[u8]) -> bool {
        is_copy_of(copies, micros, flow, (payload, payload.len()))
    }

    fn is_copy_of(
        copies: &mut RtcpCopies,
        micros: i64,
        flow: &str,
        (payload, payload_len): (&[u8], usize),
    ) -> bool {
        let flow: FiveTuple = flow.parse().unwrap();
        let (source, destination) = (flow.source, flow.destination);
        let ends = Ends { source, destination, ethernet: None, mark: None };
        let datagram = Datagram { ends: &ends, payload, payload_len, carrier: Carrier::Udp, direction: None };
        copies.is_copy(CaptureTime::from_nanos(i128::from(micros) * 1000).unwrap(), &flow, &datagram)
    }

    #[test]
    fn the_same_bytes_on_the_same_flow_are_a_copy_if_they_are_soon() {
        let [there, back] = ["10.0.0.1:5004-10.0.0.2:5004", "10.0.0.2:5004-10.0.0.1:5004"];
        let mut copies = RtcpCopies::default();
        assert!(!is_copy(&mut copies, 0, there, &TIMED));
        assert!(!is_copy(&mut copies, 0, back, &TIMED), "the other way");
        let mut other = TIMED;
        other[27] = 1;
        assert!(!is_copy(&mut copies, 0, there, &other), "another byte");
        assert!(is_copy(&mut copies, 1_000_000, there, &TIMED));
        assert!(!is_copy(&mut copies, 1_000_001, there, &TIMED));
        assert!(!is_copy(&mut copies, 0, there, &LOSS));
        assert!(is_copy(&mut copies, 1000, there, &LOSS));
        assert!(!is_copy(&mut copies, 1001, there, &LOSS), "lost again");
    }

    #[test]
    fn what_the_snaplen_cut_is_a_copy_by_its_time_stamp_alone() {
        let (mut copies, flow) = (RtcpCopies::default(), "10.0.0.1:5004-10.0.0.2:5004");
        let mut twice = |cut| [0, 10].map(|micros| is_copy_of(&mut copies, micros, flow, cut));
        assert_eq!(twice((&LOSS[..12], 16)), [false, false]);
        assert_eq!(twice((&TIMED, 60)), [false, true]);
    }

    #[test]
    fn only_the_latest_datagrams_are_remembered() {
        let (mut copies, flow) = (RtcpCopies::default(), "10.0.0.1:5004-10.0.0.2:5004");
        (0..=64).for_each(|n| assert!(!is_copy(&mut copies, 0, flow, &[0x80, 201, 0, 1, 0, 0, 0, n])));
        assert!(!is_copy(&mut copies, 0, flow, &[0x80, 201, 0, 1, 0, 0, 0, 0]));
        assert!(is_copy(&mut copies, 0, flow, &[0x80, 201, 0, 1, 0, 0, 0, 64]));
        assert_eq!(copies.recent.len(), REMEMBERED);
    }
}
