//! rtpdump files, as rtptools, libwebrtc's tools and Wireshark write them: what was received at one address, times in milliseconds
//! (text logs section 4).

use super::buffer::FillBuffer;
use super::log::{Log, LogNotes};
use super::log_facts::LogFacts;
use super::{CaptureError, Direction, MAX_RECORD, Packet, Record, Skip, made};
use crate::units::{CaptureTime, FrameNumber};

const MAGICS: [&[u8]; 2] = [b"#!rtpplay1.0 ", b"#!RTPencode1.0"];
/// The text line is no longer.
pub(super) const MAX_LINE: usize = 128;
const HEADER_LEN: usize = 16;
const RECORD_HEADER_LEN: usize = 8;

/// Gives the packets of a file.
#[derive(Debug)]
pub(super) struct Rtpdump {
    facts: LogFacts,
    start: CaptureTime,
    /// Offsets wrap after 49.7 days.
    last_offset: u32,
    turns: i64,
    frame: Vec<u8>,
}

/// Reads the file's header, if it is one.
pub(super) fn begin(buffer: &mut FillBuffer) -> Result<Option<Rtpdump>, CaptureError> {
    let line = buffer.peek(MAX_LINE)?;
    if !line.starts_with(b"#!") || !(line.starts_with(b"#!rtpplay") || line.starts_with(b"#!RTPencode")) {
        return Ok(None);
    }
    let len = line.iter().position(|byte| *byte == b'\n');
    if !MAGICS.iter().any(|magic| line.starts_with(magic)) {
        let name = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).escape_debug().to_string();
        return Err(CaptureError::NotACapture(format!(
            "an rtpdump file of another version, {name}; 1.0 is read"
        )));
    }
    let Some(len) = len else {
        return Err(CaptureError::NotACapture("an rtpdump file whose first line has no end".to_owned()));
    };
    let frame = FrameNumber(1);
    let whole = len + 1 + HEADER_LEN;
    let start = buffer.peek(whole)?;
    let (Some(seconds), Some(micros)) = (u32_at(start, len + 1), u32_at(start, len + 5)) else {
        return Err(CaptureError::CutOff { frame, offset: 0 });
    };
    if start.len() < whole {
        return Err(CaptureError::CutOff { frame, offset: 0 });
    }
    buffer.consume(whole);
    let start = i128::from(seconds) * 1_000_000_000 + i128::from(micros) * 1000;
    Ok(Some(Rtpdump {
        facts: LogFacts::of_packets("rtpdump", None),
        start: CaptureTime::from_nanos(start).unwrap_or_default(),
        last_offset: 0,
        turns: 0,
        frame: Vec::new(),
    }))
}

impl Log for Rtpdump {
    fn next_record(&mut self, buffer: &mut FillBuffer, number: FrameNumber) -> Result<Record, CaptureError> {
        let offset = buffer.offset();
        let header = buffer.peek(RECORD_HEADER_LEN)?;
        if header.is_empty() {
            return match buffer.ended_early() {
                true => Err(CaptureError::CutOff { frame: number, offset }),
                false => Ok(Record::End),
            };
        }
        let (Some(lengths), Some(millis)) = (u32_at(header, 0), u32_at(header, 4)) else {
            return Err(CaptureError::CutOff { frame: number, offset });
        };
        // Two halves.
        let (len, on_wire) = ((lengths >> 16) as usize, (lengths & 0xffff) as usize);
        if len < RECORD_HEADER_LEN {
            return Err(CaptureError::Damaged {
                frame: number,
                offset,
                what: format!("a record of {len} bytes"),
            });
        }
        let record = buffer.peek(len.min(MAX_RECORD))?;
        if record.len() < len {
            return Err(CaptureError::CutOff { frame: number, offset });
        }
        let packet = record.get(RECORD_HEADER_LEN..).unwrap_or_default();
        // Of RTCP no length on the wire is written. It is cut where that is longer, and has something behind it where shorter.
        let on_wire = if on_wire == 0 { packet.len() } else { on_wire };
        let captured = packet.get(..on_wire.min(packet.len())).unwrap_or_default();
        let on_wire = on_wire.min(made::MAX_PACKET);
        made::begin(&mut self.frame, Direction::Inbound, on_wire);
        self.frame.extend_from_slice(captured.get(..on_wire.min(captured.len())).unwrap_or_default());
        buffer.consume(len);
        if millis < self.last_offset && self.last_offset - millis > u32::MAX / 2 {
            self.turns += 1;
        }
        self.last_offset = millis;
        let since = i128::from(self.turns) * (1 << 32) + i128::from(millis);
        let at = CaptureTime::from_nanos(i128::from(self.start.as_nanos()) + since * 1_000_000);
        Ok(at.map_or(Record::Skipped(Skip::AbsurdTime), |at| {
            Record::Packet(Packet {
                at,
                link_type: made::LINK_TYPE,
                data: 0..self.frame.len(),
                original_len: (made::HEADERS_LEN + on_wire) as u32,
                direction: Some(Direction::Inbound),
            })
        }))
    }

    fn frame(&self) -> &[u8] {
        &self.frame
    }

    fn facts(&self) -> &LogFacts {
        &self.facts
    }

    fn name(&self) -> &'static str {
        "rtpdump"
    }

    fn notes(&self) -> LogNotes {
        LogNotes::default()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::capture::CaptureReader;

    fn file(records: &[(u16, u32, &[u8])]) -> Vec<u8> {
        let mut file = b"#!rtpplay1.0 10.0.0.1/5004\n".to_vec();
        for word in [1_700_000_000_u32, 250_000, 0x0a00_0001, 5004 << 16] {
            file.extend(word.to_be_bytes());
        }
        for (on_wire, millis, packet) in records {
            file.extend((packet.len() as u16 + 8).to_be_bytes());
            file.extend(on_wire.to_be_bytes());
            file.extend(millis.to_be_bytes());
            file.extend_from_slice(packet);
        }
        file
    }

    /// Time, length on the wire, bytes.
    type Found = (i64, u32, Vec<u8>);

    fn read(file: Vec<u8>) -> (Vec<Found>, Option<String>) {
        let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
        assert_eq!(reader.format(), "rtpdump");
        let mut frames = Vec::new();
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => {
                    frames.push((frame.at.as_nanos(), frame.original_len, frame.data[28..].to_vec()))
                }
                Ok(None) => return (frames, None),
                Err(error) => return (frames, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn packets_have_their_length_on_the_wire_and_their_time() {
        let (rtp, rtcp) = ([0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9], [0x80, 200, 0, 1, 0, 0, 0, 9]);
        let records: [(u16, u32, &[u8]); 4] = [(12, 0, &rtp), (0, 5, &rtcp), (1000, 7, &rtp), (8, 8, &rtp)];
        let (frames, error) = read(file(&records));
        assert_eq!(error, None);
        let start = 1_700_000_000_250_000_000;
        assert_eq!(frames[0], (start, 28 + 12, rtp.to_vec()));
        assert_eq!(frames[1], (start + 5_000_000, 28 + 8, rtcp.to_vec()), "RTCP has no length of its own");
        assert_eq!(frames[2], (start + 7_000_000, 28 + 1000, rtp.to_vec()), "cut to its header");
        assert_eq!(
            frames[3],
            (start + 8_000_000, 28 + 8, rtp[..8].to_vec()),
            "what stands behind is none of it"
        );
    }

    #[test]
    fn a_cut_or_damaged_file_has_what_was_before() {
        let rtp = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        let whole = file(&[(12, 0, &rtp), (12, 20, &rtp)]);
        let (frames, error) = read(whole[..whole.len() - 3].to_vec());
        assert!(frames.len() == 1 && error.unwrap().starts_with("cut off in frame 2"));
        let mut damaged = whole.clone();
        let second = damaged.len() - 20;
        damaged[second..second + 2].copy_from_slice(&[0, 7]);
        let (frames, error) = read(damaged);
        assert!(frames.len() == 1 && error.unwrap().contains("a record of 7 bytes"));
        let error = CaptureReader::new(Box::new(Cursor::new(b"#!rtpplay2.0 1.1.1.1/1\n".to_vec()))).err();
        assert!(error.unwrap().to_string().contains("another version, #!rtpplay2.0"));
    }

    #[test]
    fn offsets_turn_after_49_days() {
        let rtp = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        let (frames, _) = read(file(&[(12, u32::MAX, &rtp), (12, 9, &rtp)]));
        assert_eq!(frames[1].0 - frames[0].0, 10_000_000);
    }
}
