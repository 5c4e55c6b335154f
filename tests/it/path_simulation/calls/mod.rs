//! Calls drawn from a seed, as captures with the SDP that goes with them, and what a replay makes of each.
//!
//! ```text
//! seed ─▶ plan ─▶ sources ─▶ sender ─▶ path ─▶ packet ─▶ capture ─┬─▶ replay ────────┐
//!          │       encoders   pacer,            elements           └─▶ replay, told ──┴─▶ verdict
//!          └────────────────▶ sdp  RTX, probes                               ▲
//!                              └─────────────────────────────────────────────┘
//! ```
//!
//! The sender does not adapt, so a link below its rate is congested from the first packet on.

mod audio;
mod describe;
mod elements;
mod fixture;
mod packet;
mod plan;
mod proof;
mod random;
mod sdp;
mod sender;
mod sources;
mod twists;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use packet::{Role, pcap_header};
use plan::Plan;
use sender::{Arrival, Sent, send};

use super::call::SECOND;

/// The capture's first time, s since 1970.
const CAPTURED_FROM: i64 = 1_700_000_000;
/// A second interface has a packet so much later, µs.
const COPIED_AFTER: i64 = 12;

/// A call as it was captured, and what is true of it.
struct Call {
    plan: Plan,
    pcap: Arc<[u8]>,
    sdp: String,
    /// Packets in the capture by stream.
    captured: BTreeMap<(Role, u32), usize>,
    /// The longest wait in the bottleneck's queue, µs.
    longest_queue: i64,
    sent: Sent,
}

impl Call {
    fn from_seed(seed: u64) -> Self {
        let plan = Plan::draw(seed);
        let mut sent = send(&plan);
        sent.arrivals.retain(|arrival| (plan.before..plan.ends()).contains(&arrival.at));
        let mut pcap = pcap_header(plan.snaplen);
        let mut captured = BTreeMap::new();
        for Arrival { at, packet } in &sent.arrivals {
            let copies = if plan.is_copied { 2 } else { 1 };
            for copy in 0..copies {
                let at = (CAPTURED_FROM * SECOND + at + copy * COPIED_AFTER) as u64;
                packet.write(&plan, at, &mut pcap);
                if packet.role != Role::Report {
                    *captured.entry((packet.role, packet.ssrc)).or_default() += 1;
                }
            }
        }
        let (sdp, longest_queue) = (sdp::sdp(&plan), sent.path.longest_queue);
        Self { plan, pcap: pcap.into(), sdp, captured, longest_queue, sent }
    }

    /// What the proof needs no more.
    fn forget_packets(&mut self) {
        self.sent.arrivals = Vec::new();
        self.pcap = Arc::default();
    }
}
