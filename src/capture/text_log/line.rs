//! One line of a text packet log: direction, time of day, an offset of zeros, the bytes, and a producer's marks around them (text
//! logs section 1).

use std::ops::Range;

use super::super::Direction;

/// Who wrote a line, as its marks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Producer {
    /// Chrome and whatever else has libwebrtc; the mark is behind the bytes.
    Libwebrtc,
    Firefox,
    /// With the mark behind the bytes: payloads are zeros.
    OldFirefox,
    Janus,
    /// re and baresip have no mark.
    Other,
}

/// What a mark says that a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Media,
    /// Of data channels.
    Data,
}

/// A line with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) direction: Direction,
    pub(super) time: TimeOfDay,
    /// The bytes as text, by where they are in the line.
    pub(super) bytes: Range<usize>,
    pub(super) producer: Producer,
    pub(super) content: Content,
}

/// As written: what the digits behind the point mean is told by all lines together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    /// Of the day.
    pub(super) seconds: u32,
    pub(super) fraction: u32,
    pub(super) digits: u32,
}

/// The packet of a line: nothing where there is none, an error where it is damaged.
pub(super) fn parse(line: &[u8]) -> Option<Result<Line, ()>> {
    let (mut found, mut has_broken_time) = (None, false);
    for start in 0..line.len() {
        let Some(direction) = direction_at(line, start) else { continue };
        let Some((time, len)) = time_of_day(line.get(start + 2..)?) else {
            // It looked like a time of day and is none.
            has_broken_time = true;
            continue;
        };
        let Some(bytes) = bytes_at(line, start + 2 + len) else { continue };
        let is_packet = !bytes.is_empty();
        if is_packet || found.is_none() {
            found = Some((start, direction, time, bytes));
        }
        if is_packet {
            break;
        }
    }
    let Some((start, direction, time, bytes)) = found else {
        return (has_broken_time && is_like_a_packet(line)).then_some(Err(()));
    };
    let (producer, content) = marks(line.get(..start)?, line.get(bytes.end..)?);
    Some(Ok(Line { direction, time, bytes, producer, content }))
}

/// Which way a packet went that may begin there.
fn direction_at(line: &[u8], start: usize) -> Option<Direction> {
    let direction = match line.get(start..)? {
        [b'I', b' ', b'0'..=b'9', b'0'..=b'9', b':', ..] => Direction::Inbound,
        [b'O', b' ', b'0'..=b'9', b'0'..=b'9', b':', ..] => Direction::Outbound,
        _ => return None,
    };
    let before = start.checked_sub(1).and_then(|before| line.get(before));
    before.is_none_or(|before| !before.is_ascii_alphanumeric()).then_some(direction)
}

/// Where the bytes are behind a time that ends at `at`, none perhaps; `None` without the offset that comes before them.
fn bytes_at(line: &[u8], at: usize) -> Option<Range<usize>> {
    let spaces = |at: usize| line.iter().skip(at).take_while(|byte| **byte == b' ').count();
    let zeros = |at: usize| line.iter().skip(at).take_while(|byte| **byte == b'0').count();
    let gap = spaces(at);
    let offset = zeros(at + gap);
    if gap == 0 || !(4..=8).contains(&offset) {
        return None;
    }
    let first = at + gap + offset;
    let mut end = first;
    loop {
        let gap = spaces(end);
        match line.get(end + gap..).unwrap_or_default() {
            [high, low, rest @ ..]
                if gap > 0
                    && high.is_ascii_hexdigit()
                    && low.is_ascii_hexdigit()
                    && rest
                        .first()
                        .is_none_or(|next| next.is_ascii_whitespace() || *next == b'"' || *next == b'\\') =>
            {
                end += gap + 2;
            }
            _ => return Some(first..end),
        }
    }
}

/// Puts a line's bytes behind what `out` has.
pub(super) fn append_bytes(text: &[u8], out: &mut Vec<u8>) {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = match tail {
            [second, tail @ ..] if *first != b' ' => {
                out.push(digit(*first) << 4 | digit(*second));
                tail
            }
            tail => tail,
        };
    }
}

/// `HH:MM:SS.fraction`, and its length.
fn time_of_day(text: &[u8]) -> Option<(TimeOfDay, usize)> {
    let two = |at: usize| match text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    };
    let (hours, minutes, seconds) = (two(0)?, two(3)?, two(6)?);
    let is_separated = [(2, b':'), (5, b':'), (8, b'.')].iter().all(|(at, byte)| text.get(*at) == Some(byte));
    let digits = text.iter().skip(9).take_while(|byte| byte.is_ascii_digit()).count();
    let is_time = is_separated && hours < 24 && minutes < 60 && seconds <= 60 && (1..=9).contains(&digits);
    let fraction = std::str::from_utf8(text.get(9..9 + digits)?).ok()?.parse().ok()?;
    let time = TimeOfDay { seconds: hours * 3600 + minutes * 60 + seconds, fraction, digits: digits as u32 };
    is_time.then_some((time, 9 + digits))
}

/// Whether a line without a time that could be one has a mark of those that write packets.
fn is_like_a_packet(line: &[u8]) -> bool {
    [&b"# RTP_DUMP"[..], b"RTP_PACKET", b"RTCP_PACKET", JANUS].iter().any(|mark| contains(line, mark))
}

const JANUS: &[u8] = b"JANUS_TEXT2PCAP_";

fn marks(before: &[u8], behind: &[u8]) -> (Producer, Content) {
    let behind_trimmed = behind.trim_ascii_start();
    if contains(before, b"RTP_PACKET|>>") || contains(before, b"RTCP_PACKET|>>") {
        (Producer::Firefox, Content::Media)
    } else if behind_trimmed.starts_with(b"# RTP_DUMP") {
        (Producer::Libwebrtc, Content::Media)
    } else if behind_trimmed.starts_with(b"# SCTP_PACKET") {
        (Producer::Libwebrtc, Content::Data)
    } else if let Some(what) = behind_trimmed.strip_prefix(JANUS) {
        (Producer::Janus, if what.starts_with(b"DATA") { Content::Data } else { Content::Media })
    } else if behind_trimmed.starts_with(b"RTP_PACKET") || behind_trimmed.starts_with(b"RTCP_PACKET") {
        (Producer::OldFirefox, Content::Media)
    } else {
        (Producer::Other, Content::Media)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The time of Chrome's own prefix before a packet, `[pid:tid:MMDD/HHMMSS.uuuuuu:VERBOSE1:…/pc/srtp_session.cc:NNN]`, as
/// microseconds since 1970 had it been in 1972.
pub(super) fn prefix_time(line: &[u8]) -> Option<i64> {
    if !line.starts_with(b"[") || !contains(line, b"srtp_session.cc") {
        return None;
    }
    let slash = line.iter().position(|byte| *byte == b'/')?;
    let stamp = line.get(slash.checked_sub(4)?..)?;
    let number = |range: Range<usize>| std::str::from_utf8(stamp.get(range)?).ok()?.parse::<i64>().ok();
    let [month, day] = [number(0..2)?, number(2..4)?];
    let [hour, minute, second, micros] = [number(5..7)?, number(7..9)?, number(9..11)?, number(12..18)?];
    let date = jiff::civil::Date::new(YEAR, month.try_into().ok()?, 1).ok()?;
    let is_time =
        stamp.get(11) == Some(&b'.') && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    is_time.then(|| {
        let days = DAYS_BEFORE_YEAR + i64::from(date.day_of_year()) - 1 + day - 1;
        ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros
    })
}

/// Which year it was is not said; this one has all days of any.
const YEAR: i16 = 1972;
const DAYS_BEFORE_YEAR: i64 = 730;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Line, Vec<u8>) {
        let line = parse(text.as_bytes()).unwrap().unwrap();
        let mut bytes = Vec::new();
        append_bytes(&text.as_bytes()[line.bytes.clone()], &mut bytes);
        (line, bytes)
    }

    #[test]
    fn each_producers_line_is_read() {
        for (text, producer) in [
            ("I 00:00:18.042 0000 b0 61 ff # RTP_DUMP", Producer::Libwebrtc),
            (
                "[1:2:1127/100620.1:VERBOSE1:srtp_session.cc(1)] I 00:00:18.042 000000 b0 61 ff # RTP_DUMP\r",
                Producer::Libwebrtc,
            ),
            (
                "[Socket Process 1: Socket Thread]: D/RtpLogger Receive video RTP_PACKET|>> I 00:00:18.042  000000 b0 61 ff",
                Producer::Firefox,
            ),
            ("D/RtpLogger I 00:00:18.042  000000 b0 61 ff RTCP_PACKET Receive video", Producer::OldFirefox),
            ("I 00:00:18.042 000000  B0 61 FF JANUS_TEXT2PCAP_RTP handle\r", Producer::Janus),
            ("{\"pcap\": \"I 00:00:18.042 000000 b0 61 ff\"}", Producer::Other),
            ("I 00:00:18.042 000000 b0 61 ff tx-1", Producer::Other),
        ] {
            let (line, bytes) = read(text);
            assert_eq!((line.direction, line.producer), (Direction::Inbound, producer), "{text}");
            assert_eq!(line.time, TimeOfDay { seconds: 18, fraction: 42, digits: 3 }, "{text}");
            assert_eq!(bytes, [0xb0, 0x61, 0xff], "{text}");
        }
        assert_eq!(read("O 23:59:59.9 0000 80 # SCTP_PACKET").0.content, Content::Data);
    }

    #[test]
    fn a_packet_is_looked_for_anywhere_in_the_line() {
        for text in [
            "O 12:00 meeting; I 00:00:18.042 0000 b0 61 ff # RTP_DUMP",
            "I 12:00:00.5 of O 12:00:01.5 and I 00:00:18.042 0000 b0 61 ff # RTP_DUMP",
            "I 12:00:00.5 0000 of app: I 00:00:18.042 0000 b0 61 ff # RTP_DUMP",
            "O 00:61:18.042 0000 I 00:00:18.042 0000 b0 61 ff # RTP_DUMP",
            "xI 00:00:17.042 0000 b0 I 00:00:18.042 0000 b0 61 ff # RTP_DUMP",
        ] {
            let (line, bytes) = read(text);
            assert_eq!((line.direction, line.producer), (Direction::Inbound, Producer::Libwebrtc), "{text}");
            assert_eq!(line.time, TimeOfDay { seconds: 18, fraction: 42, digits: 3 }, "{text}");
            assert_eq!(bytes, [0xb0, 0x61, 0xff], "{text}");
        }
    }

    /// What stands before and behind a packet is looked at once, or the work would grow with the square of the length.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "what it costs is of the clock on the wall")]
    fn a_line_of_many_starts_costs_what_its_length_does() {
        let cost = |starts| {
            let line = b"I 00:00:00.0 0000 ".repeat(starts);
            let time = |_| {
                let began = std::time::Instant::now();
                assert!(parse(&line).unwrap().unwrap().bytes.is_empty());
                began.elapsed()
            };
            (0..20).map(time).min().unwrap()
        };
        let (short, long) = (cost(875), cost(14_000));
        // 16 times the length; were it the length's square, 256 times the time.
        assert!(long < 64 * short, "{long:?} and {short:?}");
    }

    #[test]
    fn other_lines_are_none_and_a_broken_time_is_damage() {
        for text in
            ["", "INFO 00:00:18.042 0000 b0", "I am 12", "I 00:00:18.042 b0 61", "I 00:00:18 0000 b0 61"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"I 00:61:18.042 0000 b0 61 # RTP_DUMP"), Some(Err(())));
    }

    #[test]
    fn chromes_prefix_has_month_day_and_time() {
        let line = b"[12:34:1127/090620.250001:VERBOSE1:../../third_party/webrtc/pc/srtp_session.cc:307] ";
        let days = 730 + 305 + 26;
        assert_eq!(prefix_time(line), Some((days * 86_400 + 9 * 3600 + 6 * 60 + 20) * 1_000_000 + 250_001));
        assert_eq!(prefix_time(b"[12:34:1127/090620.250001:INFO:x.cc:307] "), None);
    }
}
