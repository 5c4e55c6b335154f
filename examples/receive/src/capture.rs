//! What comes and goes, decrypted, as a pcap of raw IP. Padding was taken off by the stack before and is not in it. Beside it
//! what was answered, which says what the payload types and header extensions are.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use etherparse::PacketBuilder;
use rtc_interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc_shared::error::Error;
use rtc_shared::marshal::Marshal;
use sansio::Protocol;

const NANOSECOND_MAGIC: u32 = 0xa1b2_3c4d;
const SNAPLEN: u32 = 65_535;
const LINKTYPE_RAW: u32 = 101;
/// The chain is told no addresses: these are of those for documentation (RFC 5737), and a connection has a port.
const PEER: [u8; 4] = [192, 0, 2, 1];
const OWN: [u8; 4] = [192, 0, 2, 2];
const FIRST_PORT: u16 = 5004;

/// The file, shared by all connections.
#[derive(Clone)]
pub struct Capture {
    path: PathBuf,
    file: Arc<Mutex<BufWriter<File>>>,
}

impl Capture {
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create_new(path).with_context(|| path.display().to_string())?;
        let mut file = BufWriter::new(file);
        file.write_all(&NANOSECOND_MAGIC.to_le_bytes())?;
        file.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        file.write_all(&[SNAPLEN.to_le_bytes(), LINKTYPE_RAW.to_le_bytes()].concat())?;
        Ok(Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)) })
    }

    /// Writes the answer of connection `number`: the first one's beside FILE as FILE.sdp, the next as FILE.2.sdp.
    pub fn note_answer(&self, number: usize, sdp: &str) -> anyhow::Result<()> {
        let suffix = if number == 0 { ".sdp".to_owned() } else { format!(".{}.sdp", number + 1) };
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        let path = PathBuf::from(path);
        let written = File::create_new(&path).and_then(|mut file| file.write_all(sdp.as_bytes()));
        written.with_context(|| path.display().to_string())
    }

    /// What stands in the chain of connection `number`; its clock shows `since_epoch` at `base`.
    pub fn tap(&self, number: usize, base: Instant, since_epoch: Duration) -> Tap {
        let port = FIRST_PORT + (number % 1000) as u16;
        let (read, write) = (VecDeque::new(), VecDeque::new());
        Tap { capture: self.clone(), base, since_epoch, port, read, write }
    }
}

/// Writes what passes it.
pub struct Tap {
    capture: Capture,
    base: Instant,
    since_epoch: Duration,
    port: u16,
    read: VecDeque<TaggedPacket>,
    write: VecDeque<TaggedPacket>,
}

impl Tap {
    fn note(&mut self, message: &TaggedPacket, is_outgoing: bool) {
        let (from, to) = if is_outgoing { (OWN, PEER) } else { (PEER, OWN) };
        let (payload, is_rtcp) = match &message.message.packet {
            Packet::Rtp(packet) => {
                let mut packet = packet.clone();
                packet.header.padding = false;
                (packet.marshal(), false)
            }
            Packet::Rtcp(messages) => (rtc_rtcp::packet::marshal(messages), true),
            _ => return,
        };
        let at = self.since_epoch + message.now.saturating_duration_since(self.base);
        // A full disk ends the capture, and not the call.
        if let Ok(payload) = payload {
            let _ = self.write_record(at, from, to, &payload, is_rtcp);
        }
    }

    fn write_record(
        &self,
        at: Duration,
        from: [u8; 4],
        to: [u8; 4],
        payload: &[u8],
        flush: bool,
    ) -> anyhow::Result<()> {
        let builder = PacketBuilder::ipv4(from, to, 64).udp(self.port, self.port);
        let mut datagram = Vec::new();
        builder.write(&mut datagram, payload)?;
        let length = u32::try_from(datagram.len())?.to_le_bytes();
        let seconds = u32::try_from(at.as_secs())?.to_le_bytes();
        let mut file = self.capture.file.lock().expect("no panic while it is held");
        let header = [seconds, at.subsec_nanos().to_le_bytes(), length, length].concat();
        // In one piece: what the buffer passes on, then, are whole records, whenever the program is ended.
        file.write_all(&[header, datagram].concat())?;
        // Whoever ends the program loses no more than a second.
        if flush { Ok(file.flush()?) } else { Ok(()) }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.note(&message, false);
        self.read.push_back(message);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.note(&message, true);
        self.write.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.write.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
