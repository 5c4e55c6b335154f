//! What the interceptor costs a packet: nanoseconds and allocations in a chain with and without it, and how much of one
//! core 1,000 connections of 2 Mbit/s take.
//!
//! `cargo bench -p remb-rtc`. Time is virtual: the figures are of the work alone, without sockets, SRTP and waiting. They are
//! medians over pieces of 1,000 packets, so that what else the machine does falls out.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time"
)]

use std::time::{Duration, Instant};

use allocation_counter::measure;
use remb_rtc::{RembBuilder, SLOT};
use rtc_interceptor::{
    AttributedPacket, Interceptor, Packet, RTPHeaderExtension, ReceiverReportBuilder, Registry, Slot,
    StreamInfo, TaggedPacket,
};
use rtc_shared::TransportContext;

const SSRC: u32 = 7;
const PAYLOAD: usize = 1000;
/// 2 Mbit/s.
const GAP: Duration = Duration::from_millis(4);
const WARM: u32 = 5_000;
const PACKETS: u32 = 200_000;
const CONNECTIONS: u32 = 1_000;
const SECONDS: u32 = 20;

/// A chain, and the time in it.
struct Connection {
    chain: Box<dyn Interceptor>,
    now: Instant,
    number: u32,
    sent: u64,
}

impl Connection {
    fn new(with_remb: bool, start: Instant) -> Self {
        let mut registry = Registry::new().with(Slot::ReceiverReport, ReceiverReportBuilder::new().build());
        if with_remb {
            registry = registry.with(SLOT, RembBuilder::new().build().unwrap());
        }
        let mut chain = Box::new(registry.build());
        let uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time".to_owned();
        chain.bind_remote_stream(&StreamInfo {
            ssrc: SSRC,
            mime_type: "video/VP8".to_owned(),
            clock_rate: 90_000,
            rtp_header_extensions: vec![RTPHeaderExtension { uri, id: 3 }],
            ..StreamInfo::default()
        });
        Self { chain, now: start, number: 0, sent: 0 }
    }

    fn packet(&self, payload: &rtp::Packet) -> TaggedPacket {
        let mut packet = payload.clone();
        packet.header.sequence_number = self.number as u16;
        packet.header.timestamp = self.number / 8 * 2_880;
        let micros = u64::from(self.number) * GAP.as_micros() as u64;
        let send_time = ((micros << 18) / 1_000_000) as u32;
        packet.header.extensions[0].payload = send_time.to_be_bytes()[1..].to_vec().into();
        let message = AttributedPacket::new(Packet::Rtp(packet));
        TaggedPacket { now: self.now, transport: TransportContext::default(), message }
    }

    /// The timers until the packet, the packet, and what they make due, as the stack drives a chain.
    fn handle(&mut self, packet: TaggedPacket) {
        while let Some(due) = self.chain.poll_timeout().filter(|due| *due <= packet.now) {
            self.chain.handle_timeout(due).unwrap();
            self.fetch();
        }
        self.chain.handle_read(packet).unwrap();
        while self.chain.poll_read().is_some() {}
        self.fetch();
        self.number += 1;
        self.now += GAP;
    }

    fn fetch(&mut self) {
        while self.chain.poll_write().is_some() {
            self.sent += 1;
        }
    }
}

fn template() -> rtp::Packet {
    let mut packet = rtp::Packet {
        header: rtp::Header { version: 2, payload_type: 96, ssrc: SSRC, ..rtp::Header::default() },
        payload: vec![0; PAYLOAD].into(),
    };
    packet.header.set_extension(3, vec![0; 3].into()).unwrap();
    packet
}

/// Nanoseconds and allocations a packet, the making of packets left out.
fn one_connection(with_remb: bool, start: Instant) -> (f64, f64, u64) {
    let template = template();
    let mut connection = Connection::new(with_remb, start);
    for _ in 0..WARM {
        let packet = connection.packet(&template);
        connection.handle(packet);
    }
    let (mut spent, mut allocations, before) = (Vec::new(), 0, connection.sent);
    for _ in 0..PACKETS / 1000 {
        let mut packets = Vec::new();
        for ahead in 0..1000 {
            connection.number += ahead;
            connection.now += GAP * ahead;
            packets.push(connection.packet(&template));
            connection.number -= ahead;
            connection.now -= GAP * ahead;
        }
        let from = Instant::now();
        allocations +=
            measure(|| packets.into_iter().for_each(|packet| connection.handle(packet))).count_total;
        spent.push(from.elapsed());
    }
    (
        median(spent).as_nanos() as f64 / 1000.0,
        allocations as f64 / f64::from(PACKETS),
        connection.sent - before,
    )
}

/// Seconds of work for so many seconds of all connections.
fn many_connections(with_remb: bool, start: Instant) -> f64 {
    let template = template();
    let mut connections: Vec<_> = (0..CONNECTIONS)
        .map(|n| Connection::new(with_remb, start + Duration::from_micros(n.into())))
        .collect();
    let (mut spent, rounds) = (Vec::new(), SECONDS * 1000 / GAP.as_millis() as u32);
    for _ in 0..rounds {
        let packets: Vec<_> = connections.iter().map(|connection| connection.packet(&template)).collect();
        let from = Instant::now();
        connections.iter_mut().zip(packets).for_each(|(connection, packet)| connection.handle(packet));
        spent.push(from.elapsed());
    }
    median(spent).as_secs_f64() * f64::from(rounds)
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}

fn main() {
    let start = Instant::now();
    let mut rounds: Vec<_> =
        (0..5).map(|_| [true, false].map(|with_remb| one_connection(with_remb, start))).collect();
    rounds.sort_by(|one, other| (one[0].0 - one[1].0).total_cmp(&(other[0].0 - other[1].0)));
    let [with, without] = rounds[rounds.len() / 2];
    println!("a packet in a chain that sends receiver reports, median of 5 rounds of {PACKETS} packets:");
    for (name, (nanos, allocations, sent)) in [("with REMB", with), ("without", without)] {
        println!("  {name:<10} {nanos:7.1} ns, {allocations:.4} allocations, {sent} RTCP messages");
    }
    println!("  {:<10} {:7.1} ns, {:.4} allocations", "more", with.0 - without.0, with.1 - without.1);
    let [with, without] = [true, false].map(|with_remb| many_connections(with_remb, start));
    println!("{CONNECTIONS} connections of 2 Mbit/s, {SECONDS} s of virtual time on one core:");
    for (name, seconds) in [("with REMB", with), ("without", without)] {
        println!("  {name:<10} {:5.2} % of the core", 100.0 * seconds / f64::from(SECONDS));
    }
}
