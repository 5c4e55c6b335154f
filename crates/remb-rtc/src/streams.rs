//! Which streams count, and what is to be read of their packets.

use remb::bwe::EstimatorChoice;
use remb::units::{AbsSendTimeElement, Ssrc, Timestamp};
use rtc_interceptor::StreamInfo;
use rtp::Header;

const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const TRANSMISSION_OFFSET: &str = "urn:ietf:params:rtp-hdrext:toffset";
const TRANSPORT_SEQUENCE_NUMBER: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// More than any call has; what a peer announces beyond is not estimated.
const MAX_STREAMS: usize = 1024;

/// The connection's remote streams, ascending by SSRC.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    ascending: Vec<Stream>,
    /// Where the last packet's stream was.
    recent: usize,
}

/// A stream that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    ssrc: u32,
    /// Ids of the header extensions; 0 where one was not negotiated.
    send_time: u8,
    transmission_offset: u8,
    role: Role,
    has_begun: bool,
}

/// What a stream is to its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It has an RTP module of its own.
    Media,
    /// It repeats or protects another: RTX, FEC.
    Repair,
}

impl Stream {
    /// Whether this is the first packet of a stream with media.
    pub(crate) fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.has_begun, true) && self.role == Role::Media
    }

    pub(crate) fn send_time(&self, header: &Header) -> AbsSendTimeElement {
        AbsSendTimeElement::from_element(element(header, self.send_time))
    }

    /// RTP ticks; 0 where there is none.
    pub(crate) fn transmission_offset(&self, header: &Header) -> i32 {
        match element(header, self.transmission_offset) {
            Some(&[high, middle, low]) => i32::from_be_bytes([high, middle, low, 0]) >> 8,
            _ => 0,
        }
    }
}

fn element(header: &Header, id: u8) -> Option<&[u8]> {
    let elements = if header.extension && id != 0 { header.extensions.as_slice() } else { &[] };
    elements.iter().find(|element| element.id == id).map(|element| element.payload.as_ref())
}

impl Streams {
    /// Takes a stream in, with those that repeat or protect it, if REMBs are to steer it: video whose negotiated header
    /// extensions leave the estimate to the receiver. `begin` is given the SSRCs that are new.
    pub(crate) fn bind(&mut self, info: &StreamInfo, choice: EstimatorChoice, mut begin: impl FnMut(Ssrc)) {
        let id = |uri| extension_id(info, uri);
        let is_video = info.mime_type.get(..6).is_some_and(|kind| kind.eq_ignore_ascii_case("video/"));
        let has_send_time = id(ABS_SEND_TIME) != 0 || choice == EstimatorChoice::RtpTimestamp;
        if !is_video || !has_send_time || id(TRANSPORT_SEQUENCE_NUMBER) != 0 {
            return;
        }
        let (send_time, transmission_offset) = (id(ABS_SEND_TIME), id(TRANSMISSION_OFFSET));
        let repair = [info.ssrc_rtx, info.ssrc_fec].into_iter().flatten();
        for (ssrc, role) in
            std::iter::once((info.ssrc, Role::Media)).chain(repair.map(|ssrc| (ssrc, Role::Repair)))
        {
            let stream = Stream { ssrc, send_time, transmission_offset, role, has_begun: false };
            match self.place(ssrc) {
                // The stack binds RTX and FEC a second time, as if they were media.
                Ok(place) => {
                    let known = self.ascending.get_mut(place).filter(|_| role == Role::Repair);
                    known.into_iter().for_each(|known| known.role = role);
                }
                Err(place) if self.ascending.len() < MAX_STREAMS => {
                    self.ascending.insert(place, stream);
                    begin(Ssrc(ssrc));
                }
                Err(_) => {}
            }
        }
    }

    /// Takes a stream out; `end` is given the SSRCs that were in.
    pub(crate) fn unbind(&mut self, info: &StreamInfo, mut end: impl FnMut(Ssrc)) {
        for ssrc in [Some(info.ssrc), info.ssrc_rtx, info.ssrc_fec].into_iter().flatten() {
            if let Ok(place) = self.place(ssrc) {
                self.ascending.remove(place);
                end(Ssrc(ssrc));
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.ascending.clear();
    }

    /// The stream of a packet, if it counts.
    #[inline]
    pub(crate) fn of_packet(&mut self, ssrc: u32) -> Option<&mut Stream> {
        if self.ascending.get(self.recent).is_none_or(|stream| stream.ssrc != ssrc) {
            self.recent = self.place(ssrc).ok()?;
        }
        self.ascending.get_mut(self.recent)
    }

    fn place(&self, ssrc: u32) -> Result<usize, usize> {
        self.ascending.binary_search_by_key(&ssrc, |stream| stream.ssrc)
    }
}

/// 0 where it was not negotiated; 0 is no id.
fn extension_id(info: &StreamInfo, uri: &str) -> u8 {
    let negotiated = info.rtp_header_extensions.iter().find(|extension| extension.uri == uri);
    negotiated.and_then(|extension| u8::try_from(extension.id).ok()).unwrap_or(0)
}

/// The streams that we send, whose sender reports the peer answers.
#[derive(Debug, Default)]
pub(crate) struct OwnStreams {
    /// By SSRC.
    ascending: Vec<OwnStream>,
}

#[derive(Debug, Clone, Copy)]
struct OwnStream {
    ssrc: u32,
    /// When its first packet was sent.
    first_packet: Option<Timestamp>,
    /// Whether a sender report was sent of it, that could be answered.
    has_reported: bool,
}

impl OwnStreams {
    pub(crate) fn bind(&mut self, ssrc: u32) {
        if let Err(place) = self.place(ssrc)
            && self.ascending.len() < MAX_STREAMS
        {
            self.ascending.insert(place, OwnStream { ssrc, first_packet: None, has_reported: false });
        }
    }

    pub(crate) fn unbind(&mut self, ssrc: u32) {
        if let Ok(place) = self.place(ssrc) {
            self.ascending.remove(place);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.ascending.clear();
    }

    /// Notes that a packet is sent.
    pub(crate) fn sends(&mut self, ssrc: u32, at: impl FnOnce() -> Option<Timestamp>) {
        if let Some(own) = self.get_mut(ssrc).filter(|own| own.first_packet.is_none()) {
            own.first_packet = at();
        }
    }

    /// Notes that a sender report is sent; whether it is of a stream of ours.
    pub(crate) fn reports(&mut self, ssrc: u32) -> bool {
        self.get_mut(ssrc).map(|own| own.has_reported = true).is_some()
    }

    /// When a stream of which a report was sent began, if it did; `None` for any other.
    pub(crate) fn reported(&self, ssrc: u32) -> Option<Option<Timestamp>> {
        let own = self.ascending.get(self.place(ssrc).ok()?)?;
        own.has_reported.then_some(own.first_packet)
    }

    fn get_mut(&mut self, ssrc: u32) -> Option<&mut OwnStream> {
        let place = self.place(ssrc).ok()?;
        self.ascending.get_mut(place)
    }

    fn place(&self, ssrc: u32) -> Result<usize, usize> {
        self.ascending.binary_search_by_key(&ssrc, |own| own.ssrc)
    }
}
