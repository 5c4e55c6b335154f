//! Two clocks brought together by the packets that both have.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::log::{LogIndex, Logged, key};
use super::spliced::Beside;
use crate::capture::{Direction, Frame, LogFacts};
use crate::decode::{Datagram, Decoder};
use crate::rtp::{PacketClass, RtpPacket, classify};

/// How the clocks of a capture and of its log stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fit {
    /// Packets that are in both.
    pub pairs: u64,
    /// RTP packets of the log that are not in the capture.
    pub missing: u64,
    /// The log's time less the capture's, nanoseconds: the median of what was received, if anything was. The way from the network
    /// to the log is in it.
    pub offset: i64,
    /// Between which the middle 98 % are, nanoseconds.
    pub spread: (i64, i64),
    /// Bytes that the capture's packets are longer by: their authentication tag.
    pub tag_len: usize,
    /// RTCP packets of the log that take the place of the capture's; 0 where those can be read.
    pub rtcp: u64,
}

/// What two have in common does not bring their clocks together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("have {pairs} RTP packets in common, where {MIN_PAIRS} of one direction are needed")]
pub struct TooFewPairs {
    /// Packets that are in both.
    pub pairs: u64,
}

/// Pairs beyond these change no median.
const MAX_PAIRS: usize = 1 << 20;
/// With fewer the log may be that of another call.
const MIN_PAIRS: usize = 10;
/// Pairs of addresses among which a flow is looked for.
const MAX_ENDS: usize = 4096;

type Ends = (SocketAddr, SocketAddr);

/// What was found of the packets of one direction.
#[derive(Debug, Default)]
struct Pairs {
    /// The log's time less the capture's, nanoseconds.
    offsets: Vec<i64>,
    count: u64,
    /// Between whom they go.
    ends: HashMap<Ends, u64>,
}

/// Holds a capture against a log, frame by frame.
#[derive(Debug)]
pub struct Fitting {
    log: LogIndex,
    decoder: Decoder,
    received: Pairs,
    sent: Pairs,
    longer_by: HashMap<usize, u64>,
    rtcp_cut: u64,
}

impl Fitting {
    /// Before the first frame.
    pub fn new(log: LogIndex) -> Self {
        Self {
            log,
            decoder: Decoder::default(),
            received: Pairs::default(),
            sent: Pairs::default(),
            longer_by: HashMap::new(),
            rtcp_cut: 0,
        }
    }

    /// Takes the capture's next frame.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        let Self { log, decoder, received, sent, longer_by, rtcp_cut } = self;
        let _ =
            decoder.decode(frame, &mut |datagram| match classify(datagram.payload, datagram.payload_len) {
                PacketClass::Rtcp => *rtcp_cut += u64::from(datagram.payload.len() < datagram.payload_len),
                PacketClass::Rtp => {
                    let Some(logged) = find(log, datagram) else { return };
                    let Some(longer) = datagram.payload_len.checked_sub(logged.len) else { return };
                    let pairs =
                        if logged.direction == Direction::Inbound { &mut *received } else { &mut *sent };
                    pairs.count += 1;
                    if pairs.offsets.len() < MAX_PAIRS {
                        pairs.offsets.push(logged.at.nanos_since(frame.at));
                    }
                    let ends = (datagram.ends.source, datagram.ends.destination);
                    if pairs.ends.len() < MAX_ENDS || pairs.ends.contains_key(&ends) {
                        *pairs.ends.entry(ends).or_default() += 1;
                    }
                    *longer_by.entry(longer).or_default() += 1;
                }
                _ => {}
            });
    }

    /// The log, ready to be put into the capture.
    ///
    /// # Errors
    /// If both have too few packets in common.
    pub fn finish(self) -> Result<Beside, TooFewPairs> {
        let pairs = self.received.count + self.sent.count;
        self.brought_together(pairs).ok_or(TooFewPairs { pairs })
    }

    fn brought_together(self, pairs: u64) -> Option<Beside> {
        let Self { log, received, sent, longer_by, rtcp_cut, .. } = self;
        let mut offsets = if received.offsets.len() >= MIN_PAIRS { received.offsets } else { sent.offsets };
        offsets.sort_unstable();
        let at = |percent: usize| offsets.get(offsets.len() * percent / 100).copied();
        let (offset, spread) = (at(50)?, (at(1)?, at(99)?));
        if offsets.len() < MIN_PAIRS {
            return None;
        }
        let (tag_len, _) =
            longer_by.into_iter().max_by_key(|(longer, count)| (*count, std::cmp::Reverse(*longer)))?;
        let most = |ends: HashMap<Ends, u64>| ends.into_iter().max_by_key(|(ends, count)| (*count, *ends));
        let from_remote = most(received.ends).map(|(ends, _)| ends);
        let from_local = most(sent.ends).map(|(ends, _)| ends);
        let back = |(source, destination)| (destination, source);
        let from_remote = from_remote.or(from_local.map(back))?;
        let is_replaced = tag_len > 0 || rtcp_cut > 0;
        let LogIndex { packets, rtcp, facts, .. } = log;
        let rtcp = if is_replaced { rtcp } else { Vec::new() };
        let missing = (packets.len() as u64).saturating_sub(pairs);
        let fit = Fit { pairs, missing, offset, spread, tag_len, rtcp: rtcp.len() as u64 };
        Some(Beside { fit, facts: facts_beside(facts, fit), rtcp, from_remote })
    }
}

/// The log's packet of which this is one.
fn find(log: &LogIndex, datagram: &Datagram<'_>) -> Option<Logged> {
    let packet = RtpPacket::parse(datagram.payload, datagram.payload_len).ok()?;
    log.packets.get(&key(&packet)).copied()
}

/// What of the log holds for the capture: its headers are its own, and its clock.
fn facts_beside(mut facts: LogFacts, fit: Fit) -> LogFacts {
    facts.has_made_headers = false;
    facts.srtp_tag_len = Some(fit.tag_len);
    for stream in &mut facts.streams {
        stream.since = stream.since.and_then(|since| since.checked_sub(fit.offset));
    }
    facts
}
