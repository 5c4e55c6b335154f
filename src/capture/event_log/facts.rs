//! What the log says beside packets: configs of streams, ICE, DTLS, and what the sending side made of its own rate (event log
//! section 5).

use super::wire::{Broken, Fields, Value};
use crate::capture::log_facts::{
    EventLogFacts, IcePair, LogEvidence, LogKind, LogStream, MAX_PAIRS, MAX_STATES, MAX_STREAMS,
    SendEstimates,
};

/// Numbers of a message by field; of one that is there twice the last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbers([Option<u64>; 16]);

impl Numbers {
    pub(super) fn of(message: &[u8]) -> Result<Self, Broken> {
        let mut numbers = Self::default();
        for field in Fields::new(message) {
            let (number, value) = field?;
            let value = match value {
                Value::Varint(value) => value,
                Value::Fixed32(value) => value.into(),
                Value::Fixed64 | Value::Bytes(_) => continue,
            };
            if let Some(place) = usize::try_from(number).ok().and_then(|place| numbers.0.get_mut(place)) {
                *place = Some(value);
            }
        }
        Ok(numbers)
    }

    pub(super) fn get(&self, field: usize) -> Option<u64> {
        self.0.get(field).copied().flatten()
    }

    /// The time that every event has, ms.
    pub(super) fn time(&self) -> Result<i64, Broken> {
        self.get(1).map(u64::cast_signed).ok_or(Broken("an event without a time"))
    }

    fn word(&self, field: usize) -> u32 {
        // Numbers of 32 bits are their low 32 bits.
        self.get(field).unwrap_or(0) as u32
    }
}

/// Facts while a session is read; times are still those of the log, ms.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) streams: Vec<LogStream>,
    pub(super) log: EventLogFacts,
}

impl Gathered {
    /// Takes a single event; gives its time.
    pub(super) fn event(&mut self, record: u64, message: &[u8]) -> Result<i64, Broken> {
        let numbers = Numbers::of(message)?;
        let time = numbers.time()?;
        match record {
            101 => self.stream(numbers.word(2), true, LogKind::Audio, time),
            102 => self.stream(numbers.word(2), false, LogKind::Audio, time),
            103 => {
                self.stream(numbers.word(2), true, LogKind::Video, time);
                self.rtx(numbers.word(4), numbers.word(2), true, time);
            }
            104 => {
                self.stream(numbers.word(2), false, LogKind::Video, time);
                self.rtx(numbers.word(3), numbers.word(2), false, time);
            }
            21 => count(&mut self.log.probes, 0),
            22 => count(&mut self.log.probes, 1),
            23 => count(&mut self.log.probes, 2),
            25 => self.ice_pair(&numbers),
            26 => count(&mut self.log.ice_checks, numbers.word(2).wrapping_sub(1) as usize),
            27 if self.log.dtls.len() < MAX_STATES => {
                let states = ["unknown", "new", "connecting", "connected", "closed", "failed"];
                self.log.dtls.push(name(&states, numbers.word(2)));
            }
            28 => self.log.dtls_writable = Some(numbers.word(2) != 0),
            _ => {}
        }
        Ok(time)
    }

    /// Takes a batch of estimates of the sending side's own rate; gives its first time.
    pub(super) fn estimates(&mut self, record: u64, message: &[u8]) -> Result<i64, Broken> {
        let numbers = Numbers::of(message)?;
        let (estimates, further) = match record {
            18 => (&mut self.log.loss_estimates, numbers.get(5)),
            _ => (&mut self.log.delay_estimates, numbers.get(4)),
        };
        let rate = numbers.word(2);
        let SendEstimates { count, first_and_last } = estimates;
        *count = count.saturating_add(1).saturating_add(further.unwrap_or(0).min(1_000_000));
        *first_and_last = Some((first_and_last.map_or(rate, |(first, _)| first), rate));
        numbers.time()
    }

    /// SSRC 0 is what Chromium writes for the video that it sends.
    fn stream(&mut self, ssrc: u32, is_received: bool, kind: LogKind, time: i64) {
        self.add(LogStream { ssrc, is_received, kind, by: LogEvidence::Config, since: Some(time) });
    }

    fn rtx(&mut self, ssrc: u32, of: u32, is_received: bool, time: i64) {
        if ssrc != 0 {
            self.stream(ssrc, is_received, LogKind::Rtx(Some(of).filter(|of| *of != 0)), time);
        }
    }

    /// Takes what is said of a stream, unless it was said before.
    pub(super) fn add(&mut self, stream: LogStream) {
        let is_known =
            |known: &LogStream| (known.ssrc, known.is_received) == (stream.ssrc, stream.is_received);
        if self.streams.len() < MAX_STREAMS && !self.streams.iter().any(is_known) {
            self.streams.push(stream);
        }
    }

    fn ice_pair(&mut self, numbers: &Numbers) {
        let (id, is_selected) = (numbers.word(3), numbers.word(2) == 4);
        let known = self.log.ice_pairs.iter_mut().find(|pair| pair.id == id);
        if let Some(pair) = known {
            pair.is_selected |= is_selected;
            return;
        }
        if self.log.ice_pairs.len() < MAX_PAIRS {
            let types = ["unknown", "host", "srflx", "prflx", "relay"];
            let families = ["unknown", "IPv4", "IPv6"];
            let protocols = ["unknown", "UDP", "TCP", "SSLTCP", "TLS"];
            self.log.ice_pairs.push(IcePair {
                id,
                types: [4, 8].map(|field| name(&types, numbers.word(field))),
                families: [7, 9].map(|field| name(&families, numbers.word(field))),
                protocol: name(&protocols, numbers.word(10)),
                is_selected,
            });
        }
    }
}

fn count(counts: &mut [u64], place: usize) {
    counts.iter_mut().skip(place).take(1).for_each(|count| *count += 1);
}

fn name(names: &[&str], number: u32) -> String {
    names.get(number as usize).or(names.first()).map(|name| (*name).to_owned()).unwrap_or_default()
}
