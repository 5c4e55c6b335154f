//! The interceptor: what passes through the chain, handed to those who are to know of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use remb::bwe::{EstimatorChoice, PacketArrival};
use remb::units::{DataSize, Ssrc, Timestamp};
use rtc_interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc_shared::error::Error;
use sansio::Protocol;

use crate::ReceivedAt;
use crate::builder::{OnRemb, RembBuilder};
use crate::clock::Clock;
use crate::round_trips::{ReferenceTimes, RoundTrips, reference_time};
use crate::stats::{RembHandle, RembStats};
use crate::streams::Streams;
use crate::timeline::Timeline;

/// Estimates what a connection's video streams may use, and sends it to their sender as REMBs.
///
/// In a chain it stands at [`SLOT`](crate::SLOT); packets pass through it unchanged. Nothing that a peer sends makes it fail.
pub struct RembInterceptor {
    choice: EstimatorChoice,
    sender_ssrc: Ssrc,
    timeline: Timeline,
    streams: Streams,
    round_trips: RoundTrips,
    /// `None`: the peer is not asked.
    reference_times: Option<ReferenceTimes>,
    /// Once there was a packet, if the application told none.
    clock: Option<Clock>,
    /// The latest that the stack said.
    now: Option<Instant>,
    /// Of the round trip times that the handle was told.
    heard_rtt: u64,
    handle: RembHandle,
    on_remb: Option<OnRemb>,
    sent: u64,
    read_queue: VecDeque<TaggedPacket>,
    write_queue: VecDeque<TaggedPacket>,
}

impl RembInterceptor {
    pub(crate) fn new(builder: RembBuilder) -> Self {
        let RembBuilder { config, asks_no_rtt, rtt, wall_clock, handle, on_remb } = builder;
        Self {
            choice: config.estimator.controller.estimator,
            sender_ssrc: config.sender_ssrc,
            timeline: Timeline::new(config, rtt),
            streams: Streams::default(),
            round_trips: RoundTrips::default(),
            reference_times: (!asks_no_rtt && rtt.is_none()).then(ReferenceTimes::default),
            clock: wall_clock.map(|(at, since_unix_epoch)| Clock::new(at, since_unix_epoch)),
            now: None,
            heard_rtt: 0,
            handle,
            on_remb,
            sent: 0,
            read_queue: VecDeque::new(),
            write_queue: VecDeque::new(),
        }
    }

    #[inline]
    fn clock(&mut self, now: Instant) -> Clock {
        *self.clock.get_or_insert_with(|| Clock::new(now, Duration::ZERO))
    }

    fn observe_rtp(&mut self, packet: &rtp::Packet, received_at: Option<Instant>, now: Instant) {
        let Some(stream) = self.streams.of_packet(packet.header.ssrc) else { return };
        let begins = stream.begins();
        let (send_time, transmission_offset) =
            (stream.send_time(&packet.header), stream.transmission_offset(&packet.header));
        let clock = self.clock(now);
        let at = clock.timestamp(now);
        let arrival = PacketArrival {
            at: received_at.map_or(at, |received| clock.timestamp(received)),
            now: at,
            ssrc: Ssrc(packet.header.ssrc),
            send_time,
            rtp_timestamp: packet.header.timestamp,
            transmission_offset,
            // The stack has taken padding off, and its length with it.
            size: DataSize::from_bytes(i64::try_from(packet.payload.len()).unwrap_or(i64::MAX)),
        };
        self.run_timers(at);
        if self.timeline.handle_packet(&arrival, begins) {
            self.publish();
        }
        if self.reference_times.as_mut().is_some_and(|times| times.due_at_packet(at)) {
            self.ask();
        }
    }

    fn observe_rtcp(&mut self, messages: &[Box<dyn rtcp::Packet>], now: Instant) {
        // Before a packet there is nothing to be estimated.
        let Some(clock) = self.clock else { return };
        let Self { timeline, round_trips, sender_ssrc, .. } = self;
        let at = (clock.timestamp(now), clock.ntp(now));
        for message in messages {
            round_trips
                .observe_incoming(message.as_ref(), *sender_ssrc, at, |sample| timeline.add_sample(sample));
        }
    }

    /// Runs what is due at or before `now`, each at its time.
    #[inline]
    fn run_timers(&mut self, now: Timestamp) {
        if let Some(rtt) = self.handle.rtt_since(&mut self.heard_rtt) {
            self.timeline.set_rtt(rtt);
            self.reference_times = None;
        }
        while self.timeline.is_due(now) && self.timeline.run_next(now).is_some() {
            self.publish();
        }
    }

    /// Tells of the REMB that was just written, if one was.
    fn publish(&mut self) {
        let Some(clock) = self.clock else { return };
        let Some(outbox) = self.timeline.outbox() else { return };
        let (dropped, Some(written)) = (outbox.dropped(), outbox.take_written()) else { return };
        let Some(at) = clock.instant(written.at) else { return };
        self.sent += 1;
        let estimator = self.timeline.estimator();
        let stats = RembStats {
            at,
            estimate: written.bitrate,
            reason: written.reason,
            streams: written.streams,
            incoming: estimator.incoming_bitrate(written.at),
            usage: estimator.usage(),
            rtt: self.timeline.rtt(),
            sent: self.sent,
            dropped,
        };
        self.handle.set_stats(stats);
        if let Some(on_remb) = &mut self.on_remb {
            on_remb(&stats);
        }
    }

    /// Asks the peer for the round trip time.
    fn ask(&mut self) {
        if let Some(outbox) = self.timeline.outbox() {
            // A full outbox has counted what it dropped.
            let _ = outbox.ask();
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for RembInterceptor {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.now = Some(message.now);
        match &message.message.packet {
            Packet::Rtp(packet) => {
                let received_at = message.message.custom::<ReceivedAt>().map(|received| received.0);
                self.observe_rtp(packet, received_at, message.now);
            }
            Packet::Rtcp(messages) => self.observe_rtcp(messages, message.now),
            _ => {}
        }
        self.read_queue.push_back(message);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read_queue.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        let clock = self.clock;
        match (&message.message.packet, clock) {
            (Packet::Rtp(packet), _) => {
                let at = || clock.map(|clock| clock.timestamp(message.now));
                self.round_trips.own.sends(packet.header.ssrc, at);
            }
            (Packet::Rtcp(messages), Some(clock)) => {
                let at = clock.ntp(message.now);
                messages.iter().for_each(|sent| self.round_trips.observe_outgoing(sent.as_ref(), at));
            }
            _ => {}
        }
        self.write_queue.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        let Self { write_queue, timeline, clock, now, sender_ssrc, .. } = self;
        write_queue.pop_front().or_else(|| {
            let (clock, now) = ((*clock)?, (*now)?);
            timeline.outbox()?.pop(now, || reference_time(*sender_ssrc, clock.ntp(now)))
        })
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        let Some(clock) = self.clock else { return Ok(()) };
        self.now = Some(now);
        let at = clock.timestamp(now);
        self.run_timers(at);
        if self.reference_times.as_mut().is_some_and(|times| times.due_at_timer(at)) {
            self.ask();
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        let asks = self.reference_times.as_ref().and_then(ReferenceTimes::poll_timeout);
        let due = self.timeline.poll_timeout().into_iter().chain(asks).min()?;
        self.clock?.instant(due)
    }

    /// Ends everything; packets still pass. May be called again.
    fn close(&mut self) -> Result<(), Error> {
        self.timeline.close();
        self.streams.clear();
        self.round_trips.own.clear();
        self.reference_times = None;
        Ok(())
    }
}

impl Interceptor for RembInterceptor {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.round_trips.own.bind(info.ssrc);
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.round_trips.own.unbind(info.ssrc);
    }

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        let Self { streams, timeline, choice, .. } = self;
        streams.bind(info, *choice, |ssrc| timeline.bind(ssrc));
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        let Self { streams, timeline, .. } = self;
        streams.unbind(info, |ssrc| timeline.unbind(ssrc));
    }
}
