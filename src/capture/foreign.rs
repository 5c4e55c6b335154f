//! Files that are known and not read, by their first bytes: what each is, and what makes a capture of it.

/// So many first bytes tell.
pub(super) const LOOKED_AT: usize = 512;

/// A compression, its first bytes, and the command that unpacks it.
const PACKED: [(&[u8], &str, &str); 8] = [
    (b"\xfd7zXZ\0", "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4 -dc"),
    (b"LZIP", "lzip", "lzip -dc"),
    (b"\x1f\x9d", "compress", "gzip -dc"),
    (b"PK\x03\x04", "zip", "unzip -p"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z e -so"),
    (b"\x89LZO\0\r\n\x1a\n", "lzop", "lzop -dc"),
];
/// Captures in formats that Wireshark's editcap converts.
const CAPTURES: [(&[u8], &str); 13] = [
    (b"snoop\0\0\0", "snoop"),
    (b"RTSS", "Microsoft Network Monitor 1"),
    (b"GMBU", "Microsoft Network Monitor 2"),
    (b"TRSNIFF data    \x1a", "Sniffer"),
    (b"XCP\0", "NetXray"),
    (b"iptrace 1.0", "iptrace"),
    (b"iptrace 2.0", "iptrace"),
    (b"btsnoop\0", "btsnoop"),
    (b"\x7fver", "EtherPeek"),
    (b"ObserverPktBuf", "Network Instruments Observer"),
    (b"\xaa\xaa\xaa\xaa", "5Views"),
    (b"\x01\x10\x4c\x00", "LANalyzer"),
    (b"\x05VNF", "Visual Networks"),
];
/// Texts of other things, and what is to be done with each.
const TEXTS: [(&str, &str); 8] = [
    (
        "time_s,",
        "a table (CSV), as of REMBs: compare takes two of them, or one by --recorded beside a capture",
    ),
    ("unix_time_s,", "a table (CSV): compare takes two of them, or one by --recorded beside a capture"),
    ("v=0", "an SDP: --sdp takes it, beside a capture"),
    ("CLIENT_RANDOM ", KEY_LOG),
    ("# SSL/TLS secrets log", KEY_LOG),
    ("<!DOCTYPE", "a web page: perhaps that of a login, in the place of a download"),
    ("<html", "a web page: perhaps that of a login, in the place of a download"),
    ("{", "JSON, as of chrome://webrtc-internals or getStats: statistics, and no packets"),
];
const KEY_LOG: &str =
    "a TLS key log: no keys are needed, RTP headers are readable without; give the capture alone";
/// Where the header of an archive says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// So many bytes of a text are shown.
const MAX_SHOWN: usize = 24;

/// What a person would say of a file that is no capture.
pub(super) fn what_it_is(start: &[u8]) -> String {
    if start.is_empty() {
        return "the file is empty".to_owned();
    }
    if let Some(what) = recognised(start) {
        return what;
    }
    let start = start.get(..MAX_SHOWN).unwrap_or(start);
    if start.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return format!("it begins with the text '{}'", String::from_utf8_lossy(start).escape_debug());
    }
    let hex: Vec<_> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("it begins with the bytes {}", hex.join(" "))
}

/// What a file is that is no capture; `None` where nothing tells.
fn recognised(start: &[u8]) -> Option<String> {
    let packed = PACKED.iter().find(|(magic, ..)| start.starts_with(magic));
    if let Some((_, name, command)) = packed {
        return Some(format!(
            "it is packed with {name}, which is not read: {command} FILE | remb-replay inspect - (or replay -)"
        ));
    }
    if let Some((_, name)) = CAPTURES.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Some(format!(
            "it is a capture in the format of {name}: editcap -F pcapng FILE call.pcapng converts it"
        ));
    }
    if start.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Some("it is a tar archive: tar -xf FILE unpacks it".to_owned());
    }
    if is_etl(start) {
        return Some(
            "it is an event trace of Windows (ETL): etl2pcapng FILE call.pcapng converts one of netsh, \
             pktmon etl2pcap FILE --out call.pcapng one of pktmon"
                .to_owned(),
        );
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let text = TEXTS.iter().find(|(begin, _)| start.starts_with(begin.as_bytes()));
    text.map(|(_, what)| format!("it is {what}"))
}

/// The header of the first buffer, 72 bytes, begins with the buffers' size; behind it stands a trace header: type 1 or 2, of
/// 32 or 64 bits, marked by 0xc0.
fn is_etl(start: &[u8]) -> bool {
    let (Some(size), Some(marker)) = (start.first_chunk::<4>(), start.get(72..76)) else { return false };
    let size = u32::from_le_bytes(*size);
    let is_size = size.is_power_of_two() && (0x400..=0x0100_0000).contains(&size);
    is_size && matches!(marker, [_, _, 1 | 2, 0xc0])
}
