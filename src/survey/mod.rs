//! What is in a capture: flows and streams, what must be inferred of them, and what their RTCP says. What counts for an
//! estimate is fed on, packet by packet.
//!
//! A survey knows nothing of estimators. One survey may feed none ([`NoFeed`]), one, or many at once.
//!
//! ```
//! use remb_replay::capture::Capture;
//! use remb_replay::survey::{NoFeed, Survey, SurveyConfig};
//!
//! let mut reader = Capture::open("testdata/captures/s12-bidir.pcap.gz")?.into_reader()?;
//! let mut survey = Survey::new(SurveyConfig::default());
//! while let Some(frame) = reader.next_frame()? {
//!     survey.handle_frame(&frame, &mut NoFeed);
//! }
//! survey.finish(&mut NoFeed);
//! assert_eq!(survey.findings().flows.len(), 2);
//! # Ok::<(), remb_replay::capture::CaptureError>(())
//! ```

mod capture_point;
mod clock_grain;
mod config;
mod conversation;
mod conversations;
mod copies;
mod deciding;
mod delay_line;
mod doubts;
mod early;
mod extensions;
mod fed_with;
mod feed;
mod findings;
mod holdback;
mod intake;
mod late;
mod layout;
mod learned;
mod learning;
mod ledger;
mod lookup;
mod modules;
mod places;
mod recorded;
mod release;
mod rtcp;
mod rtcp_copies;
mod seen;
mod sender_clocks;
mod session;
mod sessions;
mod several;
mod several_flows;
mod shapes;
mod stream;
mod streams;
mod tally;
mod unmatched;
mod unusable;
mod verdict;

use std::collections::VecDeque;

pub use crate::model::CopyPolicy;
pub use config::{MediaFilter, NoTime, SurveyConfig, TimeBound};
pub use feed::{FedPacket, Feed, FlowInfo, NoFeed};
pub use findings::Findings;
pub use learned::Learned;
pub use ledger::Skip;

use crate::capture::Frame;
use crate::decode::{self, Decoder, unread_link_type};
use crate::survey::holdback::HoldBack;
use crate::units::{CaptureTime, TimeDelta};

use config::TimeRange;
use conversations::Conversations;
use copies::Copies;
use delay_line::{DelayLine, Waiting};
use intake::Flows;
use ledger::Ledger;
use rtcp_copies::RtcpCopies;
use session::{PacketNote, Session, SessionContext};
use sessions::Sessions;
use tally::Tally;

/// The longest that a packet waits.
const MAX_HOLD: TimeDelta = HoldBack::<PacketNote>::MAX_TIME;
/// So many that have ended are never worth a search.
const MIN_HOLDS: usize = 1024;
/// Headers that wait in all flows together, bytes; beyond this flows decide early.
const MAX_HELD_BYTES: usize = 8 << 20;

/// A capture that is being looked at, frame by frame.
#[derive(Debug)]
pub struct Survey {
    decoder: Decoder,
    state: SurveyState,
    /// Where the last of several copies is to count.
    delay: Option<Box<DelayLine>>,
}

/// Everything behind the decoder.
#[derive(Debug)]
struct SurveyState {
    config: SurveyConfig,
    sessions: Sessions,
    flows: Flows,
    conversations: Conversations,
    ledger: Ledger,
    copies: Copies,
    rtcp_copies: RtcpCopies,
    tally: Tally,
    first_at: Option<CaptureTime>,
    /// When packets count; known with the first frame.
    range: TimeRange,
    /// The latest frame time so far.
    clock: CaptureTime,
    /// When flows began to hold packets back, in order; some may have ended since.
    holds: VecDeque<(CaptureTime, usize)>,
    /// Memory of all packets that wait, bytes.
    held_bytes: usize,
}

impl Survey {
    /// Before the first frame.
    pub fn new(config: SurveyConfig) -> Self {
        Self {
            decoder: Decoder::default(),
            delay: (config.copies == CopyPolicy::Last).then(|| Box::new(DelayLine::new(config.merge_flows))),
            state: SurveyState {
                sessions: Sessions::default(),
                flows: Flows::default(),
                conversations: Conversations::default(),
                ledger: Ledger::default(),
                copies: Copies::new(config.copies),
                rtcp_copies: RtcpCopies::default(),
                tally: Tally::default(),
                first_at: None,
                range: config.range(CaptureTime::default()),
                config,
                clock: CaptureTime::default(),
                holds: VecDeque::new(),
                held_bytes: 0,
            },
        }
    }

    /// Takes the next frame. As a call of its own it costs 20 instructions a packet.
    #[inline(always)]
    pub fn handle_frame<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        match self.delay {
            None => self.take(frame, feed),
            Some(_) => self.delay(frame, feed),
        }
    }

    #[cold]
    fn delay<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        let Some(mut delay) = self.delay.take() else { return };
        self.state.note_log(frame);
        delay.push(frame);
        while let Some(due) = delay.pop_due(frame.at) {
            self.take_delayed(&due, feed);
        }
        self.delay = Some(delay);
    }

    #[inline(never)]
    fn take_delayed<F: Feed>(&mut self, waited: &Waiting, feed: &mut F) {
        self.state.copies.superseded = waited.superseded;
        self.take(&waited.frame(), feed);
        self.state.copies.superseded = None;
    }

    #[inline(always)]
    fn take<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        let Self { decoder, state, .. } = self;
        state.follow_clock(frame, feed);
        if !state.holds.is_empty() {
            state.end_holds(frame.number.0, feed);
        }
        feed.time(state.range.until(frame.at));
        // By reference: moved, it waits for its last bytes to be written (7 % of inspect's time).
        match &decoder.plain(frame) {
            Some(datagram) => state.handle_datagram(frame, datagram, feed),
            None => self.handle_in_full(frame, feed),
        }
    }

    #[cold]
    fn handle_in_full<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        let Self { decoder, state, .. } = self;
        let decoded =
            decoder.decode_in_full(frame, &mut |datagram| state.handle_datagram(frame, datagram, feed));
        if let Err(skip) = decoded {
            state.ledger.skip_frame(skip, frame.number);
            if skip == decode::Skip::LinkType {
                state.ledger.unread_link(unread_link_type(frame), frame.number);
            }
        }
    }

    /// Decides what still waits; after the last frame.
    pub fn finish<F: Feed>(&mut self, feed: &mut F) {
        let delay = self.delay.take();
        for waited in delay.into_iter().flat_map(|mut delay| std::iter::from_fn(move || delay.pop())) {
            self.take_delayed(&waited, feed);
        }
        for index in 0..self.state.sessions.places() {
            self.state.with_session(index, feed, |session, context, feed| session.finish(context, feed));
        }
        // Timers of flows that were on hold have not run to the end.
        feed.time(self.state.range.until(self.state.tally.last_at));
    }

    /// Whatever is fed from now on is not earlier than this, as far as time does not step back.
    #[inline]
    pub fn watermark(&mut self) -> CaptureTime {
        self.state.oldest_hold().map_or(self.state.clock, |(since, _)| since)
    }

    /// The first frame's time, from which times count.
    pub fn first_at(&self) -> Option<CaptureTime> {
        self.state.first_at
    }

    /// The latest frame's time.
    pub fn last_at(&self) -> CaptureTime {
        self.state.clock
    }

    /// The grain of the capture's clock, if it is a millisecond or more as far as is seen.
    pub fn clock_grain(&self) -> Option<TimeDelta> {
        self.state.tally.grain.found()
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.state.tally.frames
    }
}

impl SurveyState {
    #[inline]
    fn follow_clock<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        self.tally.frame(frame);
        if self.first_at.is_none() || frame.at < self.tally.last_at {
            self.begin_or_step_back(frame, feed);
        }
        self.tally.last_at = frame.at;
        self.clock = self.clock.max(frame.at);
    }

    #[cold]
    fn begin_or_step_back<F: Feed>(&mut self, frame: &Frame<'_>, feed: &mut F) {
        if self.first_at.is_none() {
            self.note_log(frame);
            self.first_at = Some(frame.at);
            self.range = self.config.range(frame.at);
            self.clock = frame.at;
            return;
        }
        self.tally.time_steps_back.add(frame.number.0);
        let step = self.tally.last_at.nanos_since(frame.at);
        self.tally.largest_step_back = self.tally.largest_step_back.max(step);
        feed.step_back(self.range.until(self.tally.last_at));
    }

    /// What a log says is known before its first packet.
    fn note_log(&mut self, frame: &Frame<'_>) {
        if self.config.log.is_none() {
            self.config.log = frame.log.cloned();
        }
    }

    /// Calls a session, and keeps the books on what it holds back.
    fn with_session<F: Feed, R>(
        &mut self,
        index: usize,
        feed: &mut F,
        call: impl FnOnce(&mut Session, &mut SessionContext<'_>, &mut F) -> R,
    ) -> Option<R> {
        let Self { config, sessions, conversations, ledger, holds, held_bytes, .. } = self;
        let session = sessions.get_mut(index)?;
        let (held_before, holding_before) = (session.held_bytes(), session.holding_since());
        let result = call(session, &mut SessionContext { config, ledger, conversations }, feed);
        session.note_steadiness();
        *held_bytes = (*held_bytes + session.held_bytes()).saturating_sub(held_before);
        let holding = session.holding_since();
        if holding != holding_before {
            if session.is_announced {
                feed.hold(index, holding.is_some());
            }
            if let Some(since) = holding {
                // Of a flow of which some packets wait on, the time is not the latest.
                let place = holds.partition_point(|(known, _)| *known <= since);
                holds.insert(place, (since, index));
            }
            self.forget_ended_holds();
        }
        Some(result)
    }

    /// Where most of what began to hold has ended since, only the rest is kept.
    fn forget_ended_holds(&mut self) {
        let Self { holds, sessions, .. } = self;
        if holds.len() > 2 * sessions.places() + MIN_HOLDS {
            holds.retain(|(since, index)| {
                sessions.get(*index).and_then(Session::holding_since) == Some(*since)
            });
        }
    }

    /// Flows whose packets have waited long enough decide; and while all together hold too much, the ones that began
    /// first.
    #[cold]
    fn end_holds<F: Feed>(&mut self, frame: u64, feed: &mut F) {
        while let Some((since, index)) = self.oldest_hold() {
            let waited = self.clock.to_timestamp() - since.to_timestamp();
            let clock = self.clock;
            if self.held_bytes > MAX_HELD_BYTES {
                self.tally.decided_early.add(frame);
                self.with_session(index, feed, |session, context, feed| session.flush(context, feed));
            } else if waited > MAX_HOLD {
                self.with_session(index, feed, |session, context, feed| {
                    session.release_ready(Some(clock), context, feed);
                });
            } else {
                return;
            }
        }
    }

    #[inline]
    fn oldest_hold(&mut self) -> Option<(CaptureTime, usize)> {
        while let Some((since, index)) = self.holds.front().copied() {
            if self.sessions.get(index).and_then(Session::holding_since) == Some(since) {
                return Some((since, index));
            }
            self.holds.pop_front();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;
    use crate::units::FrameNumber;

    /// The first packet of a flow: it waits to be understood.
    fn packet(port: u8) -> Vec<u8> {
        let ip = [0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        let udp = [0x13, port, 0x17, 0x74, 0, 40, 0, 0];
        [&ip[..], &udp, &[0x80, 96], &[0; 30]].concat()
    }

    /// One flow holds on; another's time is up each time that the clock comes back.
    #[test]
    fn holds_that_have_ended_are_forgotten() {
        let config = SurveyConfig { copies: CopyPolicy::Keep, ..SurveyConfig::default() };
        let mut survey = Survey::new(config);
        let mut frame = |number: u64, nanos: i64, data: &[u8]| {
            let frame = Frame {
                number: FrameNumber(number),
                at: CaptureTime::from_nanos((10_000_000_000 + nanos).into()).unwrap_or_default(),
                nanoseconds: true,
                link_type: LinkType(101),
                data,
                original_len: 60,
                direction: None,
                log: None,
            };
            survey.handle_frame(&frame, &mut NoFeed);
            survey.state.holds.len()
        };
        frame(1, 0, &packet(1));
        let other = packet(2);
        let lens = (1..20_000).flat_map(|turn| [frame(2, turn, &other), frame(3, -3_000_000_000, &other)]);
        let longest = lens.max().unwrap_or(0);
        assert!((100..=2 * 2 + MIN_HOLDS).contains(&longest), "{longest}");
    }
}
