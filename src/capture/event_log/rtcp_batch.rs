//! Batches of RTCP packets: times, and whole compounds (event log 3.3).

use std::ops::Range;

use super::delta::Column;
use super::rtp_batch::{further_of, within};
use super::wire::{Broken, Fields, Value, varint};

/// A batch that is being read.
#[derive(Debug, Clone)]
pub(super) struct RtcpBatch {
    times: Column,
    first: Option<Range<usize>>,
    /// Where the length of the next packet is, and where its bytes are.
    lengths: usize,
    bodies: usize,
    end: usize,
    left: usize,
}

const WRONG: Broken = Broken("a batch of RTCP whose lengths do not fit its bytes");
/// The largest datagram's payload.
const MAX_DATAGRAM: usize = 65_535 - 28;

impl RtcpBatch {
    /// The batch that lies in `store` there.
    pub(super) fn new(store: &[u8], place: Range<usize>) -> Result<Self, Broken> {
        let message = store.get(place.clone()).unwrap_or_default();
        let (mut time, mut first, mut further) = (None, None, 0);
        let (mut times, mut blobs) = (0..0, 0..0);
        for field in Fields::new(message) {
            match field? {
                (1, Value::Varint(base)) => time = Some(base),
                (2, Value::Bytes(bytes)) => first = Some(within(message, bytes, place.start)),
                (3, Value::Varint(count)) => further = count,
                (101, Value::Bytes(block)) => times = within(message, block, place.start),
                (102, Value::Bytes(block)) => blobs = within(message, block, place.start),
                (1..=3 | 101 | 102, _) => {
                    return Err(Broken("a field of a batch that has not the form it should have"));
                }
                _ => {}
            }
        }
        let further = further_of(further, message.len())?;
        let (time, first) = time.zip(first).ok_or(Broken("a batch of RTCP without a time or a packet"))?;
        let (mut bodies, mut total) = (blobs.start, 0_usize);
        for _ in 0..further {
            let (len, taken) = length(store, bodies, blobs.end)?;
            bodies += taken;
            total = total.saturating_add(len);
        }
        if bodies.saturating_add(total) != blobs.end || first.len() > MAX_DATAGRAM {
            return Err(WRONG);
        }
        let times = Column::new(Some(time), times, further, store)?;
        Ok(Self {
            times,
            first: Some(first),
            lengths: blobs.start,
            bodies,
            end: blobs.end,
            left: further + 1,
        })
    }

    /// The next packet's time and where in `store` it is; `None` behind the last.
    pub(super) fn next(&mut self, store: &[u8]) -> Result<Option<(i64, Range<usize>)>, Broken> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        if let Some(first) = self.first.take() {
            return Ok(Some((self.times.base().unwrap_or(0).cast_signed(), first)));
        }
        let time = self.times.next(store)?.ok_or(Broken("RTCP without a time"))?;
        let (len, taken) = length(store, self.lengths, self.end)?;
        let packet = self.bodies..self.bodies + len;
        (self.lengths, self.bodies) = (self.lengths + taken, packet.end);
        Ok(Some((time.cast_signed(), packet)))
    }
}

fn length(store: &[u8], place: usize, end: usize) -> Result<(usize, usize), Broken> {
    let (len, taken) = varint(store.get(place..end).unwrap_or_default())?.ok_or(WRONG)?;
    match usize::try_from(len) {
        Ok(len) if len <= MAX_DATAGRAM => Ok((len, taken)),
        _ => Err(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Result<Vec<(i64, Vec<u8>)>, Broken> {
        let mut batch = RtcpBatch::new(message, 0..message.len())?;
        let mut packets = Vec::new();
        while let Some((time, packet)) = batch.next(message)? {
            packets.push((time, message[packet].to_vec()));
        }
        Ok(packets)
    }

    /// Times 5, 6, 7; packets of two, none and one byte.
    const BATCH: [u8; 18] =
        [0x08, 5, 0x12, 2, 0x80, 0xc9, 0x18, 2, 0xaa, 0x06, 2, 0x00, 0xc0, 0xb2, 0x06, 3, 0, 1];

    #[test]
    fn lengths_come_first_and_then_the_packets() {
        let message = [&BATCH[..], &[0x81]].concat();
        assert_eq!(read(&message), Ok(vec![(5, vec![0x80, 0xc9]), (6, vec![]), (7, vec![0x81])]));
    }

    #[test]
    fn lengths_that_do_not_fit_are_an_error() {
        assert!(read(&BATCH).is_err(), "a byte is missing");
        let mut message = [&BATCH[..], &[0x81, 0x82]].concat();
        message[15] = 4;
        assert_eq!(read(&message), Err(WRONG), "a byte is left over");
    }
}
