//! The estimator in a live stack: packets in, REMBs out, timers when they are due; here on a link of 1 Mbit/s that a
//! sender of 1.5 Mbit/s fills.
//!
//! `cargo run -p remb --example live_estimator`
#![allow(clippy::print_stdout, reason = "an example prints")]

use remb::bwe::PacketArrival;
use remb::units::{AbsSendTime, DataSize, Ssrc, Timestamp};
use remb::{Remb, RembInterceptor, RembReport, RtcpWriter, WriteError};

/// Where RTCP goes: a socket in a live stack, a line of text here.
struct Printer(Vec<u8>);

impl RtcpWriter for Printer {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        self.0.clear();
        Remb::encode(remb.sender_ssrc, remb.bitrate, remb.ssrcs, &mut self.0)?;
        println!(
            "{:8.3} s  {} ({:?}), {} bytes",
            now.as_micros() as f64 / 1e6,
            remb.bitrate,
            remb.reason,
            self.0.len()
        );
        Ok(())
    }
}

const PACKET_BYTES: i64 = 1200;
const LINK_BPS: i64 = 1_000_000;
const SENT_BPS: i64 = 1_500_000;

fn main() -> Result<(), WriteError> {
    let ssrc = Ssrc(0x1234);
    let mut interceptor = RembInterceptor::new(Default::default())?;
    interceptor.bind_remote_stream(ssrc);
    interceptor.bind_rtcp_writer(Printer(Vec::new()), Timestamp::from_micros(0));

    let mut link_is_free_at = 0;
    for packet in 0..1000 {
        let sent_at = packet * PACKET_BYTES * 8 * 1_000_000 / SENT_BPS;
        link_is_free_at = sent_at.max(link_is_free_at) + PACKET_BYTES * 8 * 1_000_000 / LINK_BPS;
        let now = Timestamp::from_micros(link_is_free_at);

        // What is due before the packet comes first; a live stack sleeps until then.
        while let Some(due) = interceptor.poll_timeout().filter(|due| *due <= now) {
            interceptor.handle_timeout(due, &mut ())?;
        }
        let abs_send_time = AbsSendTime::from_raw(((sent_at << 18) / 1_000_000) as u32 & 0x00ff_ffff);
        let arrival = PacketArrival {
            at: now,
            now,
            ssrc,
            send_time: abs_send_time.into(),
            size: DataSize::from_bytes(PACKET_BYTES),
            ..PacketArrival::default()
        };
        interceptor.handle_rtp(&arrival, &mut ())?;
    }
    Ok(())
}
