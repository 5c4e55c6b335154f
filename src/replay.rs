//! The loop that knows the whole line: frames in, events out, on virtual time taken from the capture.
//!
//! Each directed flow with RTP is a session with a timeline of its own. Frames are taken in capture order; timers due at
//! or before a frame's time run first. Packets whose kind is not yet known wait in their session, and the events of all
//! flows leave in order of time whatever was held back.

mod capture_point;
mod conversation;
mod dedup;
mod event;
mod extensions;
mod intake;
mod ledger;
mod rtt_samples;
mod session;
mod settings;
mod stream;
mod summarise;
mod timeline;
mod warnings;

use std::collections::{HashMap, VecDeque};

pub use event::{Event, SentRemb};
pub use settings::{ReplayConfig, TimeBound};
pub use stream::MediaFilter;
pub use summarise::{Outcome, RembTally};

use crate::capture::Frame;
use crate::decode;
use crate::flow::{FiveTuple, HoldBack};
use crate::units::{CaptureTime, TimeDelta};

use conversation::{Conversations, From};
use dedup::Dedup;
use event::{EventQueue, Stamped};
use intake::Counts;
use ledger::Ledger;
use rtt_samples::RttSamples;
use session::{PacketNote, Session, Surroundings};

/// At most so many flows are estimated.
pub const MAX_ESTIMATED_FLOWS: usize = 256;
/// The longest that a packet waits.
const MAX_HOLD: TimeDelta = HoldBack::<PacketNote>::MAX_TIME;
/// Headers that wait in all flows together, bytes; beyond this flows decide early.
const MAX_HELD_BYTES: usize = 8 << 20;

/// A flow, for those who write its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowInfo {
    /// Place in order of appearance, among the flows that are estimated.
    pub index: usize,
    /// Source and destination of the media.
    pub flow: FiveTuple,
    /// Source and destination addresses, if it came on Ethernet.
    pub ethernet: Option<[[u8; 6]; 2]>,
}

/// Takes a replay's events, in order of time.
pub trait Sink {
    /// What may go wrong.
    type Error;

    /// Something happened in a flow at `at`, in capture time.
    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error>;
}

/// A replay in progress.
#[derive(Debug)]
pub struct Replay {
    config: ReplayConfig,
    sessions: Vec<Session>,
    infos: Vec<FlowInfo>,
    by_flow: HashMap<FiveTuple, Option<usize>>,
    last_flow: Option<(FiveTuple, Option<usize>)>,
    streams: usize,
    conversations: Conversations,
    queue: EventQueue,
    ledger: Ledger,
    dedup: Dedup,
    counts: Counts,
    first_at: Option<CaptureTime>,
    /// The latest frame time so far.
    clock: CaptureTime,
    /// No timer of any flow is due before.
    earliest_timer: Option<CaptureTime>,
    /// When flows began to hold packets back, in order; some may have ended since.
    holds: VecDeque<(CaptureTime, usize)>,
    /// Memory of all packets that wait, bytes.
    held_bytes: usize,
}

impl Replay {
    /// Before the first frame.
    pub fn new(config: ReplayConfig) -> Self {
        Self {
            config,
            sessions: Vec::new(),
            infos: Vec::new(),
            by_flow: HashMap::new(),
            last_flow: None,
            streams: 0,
            conversations: Conversations::default(),
            queue: EventQueue::default(),
            ledger: Ledger::default(),
            dedup: Dedup::default(),
            counts: Counts::default(),
            first_at: None,
            clock: CaptureTime::default(),
            earliest_timer: None,
            holds: VecDeque::new(),
            held_bytes: 0,
        }
    }

    /// Takes the next frame; events that it makes certain go to `sink`.
    pub fn handle_frame<S: Sink>(&mut self, frame: &Frame<'_>, sink: &mut S) -> Result<(), S::Error> {
        self.follow_clock(frame);
        self.end_holds(frame);
        self.run_timers(frame.at);
        match decode::decode(frame) {
            Ok(datagram) => self.handle_datagram(frame, &datagram),
            Err(skip) => self.ledger.skip(skip, frame.number),
        }
        self.give_out(sink)
    }

    /// Ends the replay: decides what still waits and gives out all events. After the last frame no timer runs.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        for index in 0..self.sessions.len() {
            self.with_session(index, |session, around| session.flush(around));
        }
        while let Some(stamped) = self.queue.pop() {
            self.give(&stamped, sink)?;
        }
        Ok(())
    }

    /// The first frame's time, from which times count.
    pub fn first_at(&self) -> Option<CaptureTime> {
        self.first_at
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.counts.frames
    }

    fn follow_clock(&mut self, frame: &Frame<'_>) {
        self.counts.frames += 1;
        self.counts.truncated +=
            u64::from(frame.data.len() < usize::try_from(frame.original_len).unwrap_or(usize::MAX));
        if self.first_at.is_none() {
            self.first_at = Some(frame.at);
            self.clock = frame.at;
        }
        if self.counts.last_at.is_some_and(|last| frame.at < last) {
            self.counts.time_steps_back.add(frame.number.0);
        }
        self.counts.last_at = Some(frame.at);
        self.clock = self.clock.max(frame.at);
    }

    /// Calls a session, whose events go to the queue.
    fn with_session(&mut self, index: usize, call: impl FnOnce(&mut Session, &mut Surroundings<'_>)) {
        let Self {
            config, sessions, conversations, queue, ledger, earliest_timer, holds, held_bytes, ..
        } = self;
        let Some(session) = sessions.get_mut(index) else { return };
        let (held_before, holding_before) = (session.held_bytes(), session.holding_since());
        let mut no_samples = RttSamples::default();
        let conversation = session.conversation.and_then(|place| conversations.get_mut(place));
        let srtp = conversation.as_ref().and_then(|conversation| conversation.srtp.verdict());
        let rtt = conversation
            .map_or(&mut no_samples, |conversation| &mut conversation.media(From::of(&session.flow)).rtt);
        let emit = &mut |order, at, event| queue.push(order, Stamped { at, flow: index, event });
        call(session, &mut Surroundings { config, ledger, rtt, srtp, emit });
        *held_bytes = (*held_bytes + session.held_bytes()).saturating_sub(held_before);
        match session.holding_since() {
            Some(since) if holding_before != Some(since) => holds.push_back((since, index)),
            _ => {}
        }
        if let Some(due) = session.next_timer() {
            *earliest_timer = Some(earliest_timer.map_or(due, |earliest| earliest.min(due)));
        }
    }

    /// Timers of all flows that are due at or before a frame's time.
    fn run_timers(&mut self, at: CaptureTime) {
        if self.earliest_timer.is_none_or(|due| due > at) {
            return;
        }
        self.earliest_timer = None;
        for index in 0..self.sessions.len() {
            self.with_session(index, |session, around| session.advance(at, around));
        }
    }

    /// Flows whose packets have waited long enough decide; and while all together hold too much, the ones that began first.
    fn end_holds(&mut self, frame: &Frame<'_>) {
        while let Some((since, index)) = self.oldest_hold() {
            let waited = self.clock.to_timestamp() - since.to_timestamp();
            if self.held_bytes > MAX_HELD_BYTES {
                self.counts.decided_early.add(frame.number.0);
            } else if waited <= MAX_HOLD {
                return;
            }
            self.with_session(index, |session, around| session.flush(around));
        }
    }

    fn oldest_hold(&mut self) -> Option<(CaptureTime, usize)> {
        while let Some((since, index)) = self.holds.front().copied() {
            if self.sessions.get(index).and_then(Session::holding_since) == Some(since) {
                return Some((since, index));
            }
            self.holds.pop_front();
        }
        None
    }

    /// Gives out the events that nothing can precede any more.
    fn give_out<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let watermark = self.oldest_hold().map_or(self.clock, |(since, _)| since);
        while let Some(stamped) = self.queue.pop_before(watermark) {
            self.give(&stamped, sink)?;
        }
        Ok(())
    }

    fn give<S: Sink>(&self, stamped: &Stamped, sink: &mut S) -> Result<(), S::Error> {
        match self.infos.get(stamped.flow) {
            Some(info) => sink.event(info, stamped.at, &stamped.event),
            None => Ok(()),
        }
    }
}
