//! Batches of RTP packets: a column for each header field (event log 3.2).

use std::ops::Range;

use super::delta::Column;
use super::wire::{Broken, Fields, Value};

/// What the log has of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RtpEvent {
    pub(super) time_ms: i64,
    pub(super) marker: bool,
    pub(super) payload_type: u8,
    pub(super) sequence_number: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
    /// Payload, header and padding, bytes.
    pub(super) payload: u16,
    pub(super) header: u16,
    pub(super) padding: u16,
    pub(super) transport_sequence_number: Option<u16>,
    pub(super) transmission_offset: Option<i32>,
    pub(super) abs_send_time: Option<u32>,
    pub(super) rotation: Option<u8>,
    pub(super) audio_level: Option<u8>,
    pub(super) voice_activity: Option<bool>,
    /// Of the packet that this one repeats.
    pub(super) original_sequence_number: Option<u16>,
}

/// Base fields in the order of the columns, and the fields of their deltas.
const FIELDS: [(usize, usize); COLUMNS] = [
    (1, 101),
    (2, 102),
    (3, 103),
    (4, 104),
    (5, 105),
    (6, 106),
    (8, 108),
    (9, 109),
    (10, 110),
    (15, 115),
    (16, 116),
    (17, 117),
    (18, 118),
    (19, 119),
    (20, 120),
    (22, 121),
];
const COLUMNS: usize = 16;
const NUMBER_OF_DELTAS: usize = 11;

/// What a field is.
#[derive(Debug, Clone, Copy)]
enum Part {
    NumberOfDeltas,
    Base(usize),
    Deltas(usize),
    Unknown,
}

/// Each field by its number: to search the columns for every field took half of the time of a log of small batches.
static PARTS: [Part; 122] = {
    let mut parts = [Part::Unknown; 122];
    parts[NUMBER_OF_DELTAS] = Part::NumberOfDeltas;
    let mut place = 0;
    while place < COLUMNS {
        let (base, deltas) = FIELDS[place];
        (parts[base], parts[deltas]) = (Part::Base(place), Part::Deltas(place));
        place += 1;
    }
    parts
};

impl Part {
    fn of(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|number| PARTS.get(number).copied()).unwrap_or(Self::Unknown)
    }
}

/// The largest datagram's payload: IP has 16 bits for all of a packet.
const MAX_DATAGRAM: u64 = 65_535 - 28;

/// A batch that is being read.
#[derive(Debug, Clone)]
pub(super) struct RtpBatch {
    columns: [Column; COLUMNS],
    is_first: bool,
    /// Packets that are still to be read.
    left: usize,
}

impl RtpBatch {
    /// The batch that lies in `store` there.
    pub(super) fn new(store: &[u8], lies: Range<usize>) -> Result<Self, Broken> {
        let message = store.get(lies.clone()).unwrap_or_default();
        let (mut bases, mut blocks) = ([None; COLUMNS], [const { 0..0 }; COLUMNS]);
        let mut further = 0;
        for field in Fields::new(message) {
            let (number, value) = field?;
            match (Part::of(number), value) {
                (Part::Unknown, _) => {}
                (Part::NumberOfDeltas, Value::Varint(count)) => further = count,
                (Part::Base(place), Value::Varint(value)) => bases[place] = Some(value),
                (Part::Base(place), Value::Fixed32(value)) => bases[place] = Some(u64::from(value)),
                (Part::Deltas(place), Value::Bytes(bytes)) => {
                    blocks[place] = within(message, bytes, lies.start);
                }
                _ => return Err(WRONG_FORM),
            }
        }
        let further = further_of(further, message.len())?;
        let mut columns: [Column; COLUMNS] = Default::default();
        for (column, (base, block)) in columns.iter_mut().zip(bases.into_iter().zip(blocks)) {
            *column = Column::new(base, block, further, store)?;
        }
        Ok(Self { columns, is_first: true, left: further + 1 })
    }

    /// The next packet; `None` behind the last.
    pub(super) fn next(&mut self, store: &[u8]) -> Result<Option<RtpEvent>, Broken> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let mut values = [None; COLUMNS];
        for (value, column) in values.iter_mut().zip(&mut self.columns) {
            *value = if self.is_first { column.base() } else { column.next(store)? };
        }
        (self.is_first, self.left) = (false, left);
        event(values).map(Some)
    }
}

const WRONG_FORM: Broken = Broken("a field of a batch that has not the form it should have");
const NO_VALUE: Broken = Broken("an RTP packet without a value that each has");
const OUT_OF_RANGE: Broken = Broken("an RTP packet with a value that no header has");

/// How many values a batch has behind its first: no more than it has bits, for a packet differs from the one before by a bit at
/// least.
pub(super) fn further_of(claimed: u64, message_len: usize) -> Result<usize, Broken> {
    let further = usize::try_from(claimed).ok().filter(|count| *count <= message_len * 8);
    further.ok_or(Broken("a batch that claims more packets than it has bits"))
}

/// Where in the store bytes of a message lie that begins there at `start`.
pub(super) fn within(message: &[u8], bytes: &[u8], start: usize) -> Range<usize> {
    let offset = bytes.as_ptr().addr().saturating_sub(message.as_ptr().addr());
    start + offset..start + offset + bytes.len()
}

fn event(values: [Option<u64>; COLUMNS]) -> Result<RtpEvent, Broken> {
    let [time, marker, payload_type, number, timestamp, ssrc, payload, header, padding, rest @ ..] = values;
    let [transport, offset, sent, rotation, level, voice, original] = rest;
    let (Some(payload), Some(header), Some(padding)) = (payload, header, padding) else {
        return Err(NO_VALUE);
    };
    // The largest first: the sum of three that are too large may be more than fits.
    if payload.max(header).max(padding) > MAX_DATAGRAM || payload + header + padding > MAX_DATAGRAM {
        return Err(Broken("an RTP packet larger than a datagram can be"));
    }
    Ok(RtpEvent {
        // Times are signed and go through the deltas as 64 bits.
        time_ms: time.ok_or(NO_VALUE)?.cast_signed(),
        marker: required::<u8>(marker)? != 0,
        payload_type: u8::try_from(required::<u64>(payload_type)?)
            .ok()
            .filter(|own| *own < 128)
            .ok_or(OUT_OF_RANGE)?,
        sequence_number: required(number)?,
        timestamp: required(timestamp)?,
        ssrc: required(ssrc)?,
        payload: payload as u16,
        header: header as u16,
        padding: padding as u16,
        transport_sequence_number: optional(transport)?,
        // Signed 32 bits: the base comes as 64, what follows as 32.
        transmission_offset: offset.map(|offset| (offset as u32).cast_signed()),
        abs_send_time: optional::<u32>(sent)?.map(|sent| sent & 0xff_ffff),
        rotation: optional(rotation)?,
        audio_level: optional::<u8>(level)?,
        voice_activity: optional::<u8>(voice)?.map(|voice| voice != 0),
        original_sequence_number: optional(original)?,
    })
}

fn required<T: TryFrom<u64>>(value: Option<u64>) -> Result<T, Broken> {
    T::try_from(value.ok_or(NO_VALUE)?).map_err(|_| OUT_OF_RANGE)
}

fn optional<T: TryFrom<u64>>(value: Option<u64>) -> Result<Option<T>, Broken> {
    value.map(T::try_from).transpose().map_err(|_| OUT_OF_RANGE)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Section 11.3, without tag and length.
    pub(in crate::capture::event_log) const WORKED: [u8; 72] = [
        0x08, 0xad, 0x89, 0x57, 0x10, 0x00, 0x18, 0x60, 0x20, 0x92, 0x10, 0x2d, 0xb5, 0xed, 0x92, 0x66, 0x35,
        0xf5, 0x11, 0x62, 0x07, 0x40, 0xf4, 0x08, 0x48, 0x18, 0x50, 0x00, 0x58, 0x08, 0x88, 0x01, 0xff, 0x95,
        0xab, 0x07, 0xaa, 0x06, 0x08, 0x06, 0x08, 0x12, 0x2c, 0x0a, 0x50, 0x20, 0xc5, 0xc2, 0x06, 0x02, 0x00,
        0xff, 0xe2, 0x06, 0x02, 0x00, 0x20, 0xaa, 0x07, 0x0c, 0x0a, 0x89, 0x50, 0xfe, 0x1a, 0x33, 0xf8, 0xe3,
        0x13, 0x5a, 0xdc, 0x64,
    ];

    fn read(message: &[u8]) -> Result<Vec<RtpEvent>, Broken> {
        let mut batch = RtpBatch::new(message, 0..message.len())?;
        let mut events = Vec::new();
        while let Some(event) = batch.next(message)? {
            events.push(event);
        }
        Ok(events)
    }

    #[test]
    fn the_worked_batch_has_nine_packets() {
        let events = read(&WORKED).unwrap();
        assert_eq!(events.len(), 9);
        let first = RtpEvent {
            time_ms: 1_426_605,
            marker: false,
            payload_type: 96,
            sequence_number: 2066,
            timestamp: 1_720_905_141,
            ssrc: 123_867_637,
            payload: 1140,
            header: 24,
            padding: 0,
            transport_sequence_number: None,
            transmission_offset: None,
            abs_send_time: Some(15_387_391),
            rotation: None,
            audio_level: None,
            voice_activity: None,
            original_sequence_number: None,
        };
        assert_eq!(events[0], first);
        let last = events[8];
        assert_eq!((last.time_ms, last.sequence_number, last.payload), (1_427_026, 2074, 1141));
        assert_eq!(last.abs_send_time, Some(15_395_704));
    }

    #[test]
    fn a_batch_without_what_each_packet_has_is_an_error() {
        // Field 9, the header size, becomes field 12, which is unknown.
        let mut message = WORKED.to_vec();
        let place = message.windows(2).position(|bytes| bytes == [0x48, 0x18]).unwrap();
        message[place] = 0x60;
        assert_eq!(read(&message), Err(NO_VALUE));
        // More packets than bits.
        let mut message = WORKED.to_vec();
        let place = message.windows(2).position(|bytes| bytes == [0x58, 0x08]).unwrap();
        message.splice(place + 1..place + 2, [0xff, 0xff, 0x03]);
        assert!(read(&message).unwrap_err().0.contains("more packets than it has bits"));
    }
}
