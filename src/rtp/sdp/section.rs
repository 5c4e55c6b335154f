//! One m-section: its m= line, and the attributes that say something of RTP. The others are passed over.

use super::error::SdpError;
use super::extmap::Extmap;
use super::line::Line;
use super::static_codec::static_codec;
use super::{RtxPair, SdpMedia, SdpPayload};
use crate::units::{PayloadType, Ssrc};

/// What a section says.
#[derive(Debug)]
pub(super) struct Section {
    pub kind: SdpMedia,
    pub formats: Vec<Format>,
    pub extensions: Vec<Extmap>,
    pub ssrcs: Vec<Ssrc>,
    pub rtx: Vec<RtxPair>,
    pub has_goog_remb: bool,
    pub has_transport_cc: bool,
    is_rtp: bool,
    port: u16,
    is_bundle_only: bool,
}

/// A payload type of the m= line and what its attributes say.
#[derive(Debug)]
pub(super) struct Format {
    pub payload_type: PayloadType,
    codec: Option<(String, u32)>,
    apt: Option<PayloadType>,
}

impl Section {
    /// From the value of an m= line.
    pub(super) fn open(line: Line<'_>, value: &str) -> Result<Self, SdpError> {
        let mut words = value.split_whitespace();
        let (Some(media), Some(port), Some(protocol)) = (words.next(), words.next(), words.next()) else {
            return Err(line.wrong("m= needs a medium, a port and a protocol"));
        };
        let (port, _count) = port.split_once('/').unwrap_or((port, ""));
        let port = port.parse().map_err(|_| line.wrong("the port is not a number up to 65535"))?;
        let mut section = Self {
            kind: match media {
                _ if media.eq_ignore_ascii_case("audio") => SdpMedia::Audio,
                _ if media.eq_ignore_ascii_case("video") => SdpMedia::Video,
                _ => SdpMedia::Other,
            },
            formats: Vec::new(),
            extensions: Vec::new(),
            ssrcs: Vec::new(),
            rtx: Vec::new(),
            has_goog_remb: false,
            has_transport_cc: false,
            is_rtp: protocol.split('/').any(|word| word.eq_ignore_ascii_case("RTP")),
            port,
            is_bundle_only: false,
        };
        if section.is_rtp {
            for word in words {
                let payload_type = payload_type(line, word)?;
                if section.format(payload_type).is_none() {
                    section.formats.push(Format { payload_type, codec: None, apt: None });
                }
            }
        }
        Ok(section)
    }

    /// Whether the section carries RTP and is not rejected.
    pub(super) const fn counts(&self) -> bool {
        self.is_rtp && (self.port != 0 || self.is_bundle_only)
    }

    pub(super) fn is_video(&self) -> bool {
        self.kind == SdpMedia::Video
    }

    /// Takes an attribute of the section.
    pub(super) fn read_attribute(&mut self, line: Line<'_>, name: &str, value: &str) -> Result<(), SdpError> {
        match name {
            _ if !self.is_rtp => Ok(()),
            "bundle-only" => {
                self.is_bundle_only = true;
                Ok(())
            }
            "extmap" => {
                self.extensions.extend(Extmap::read(line, value)?);
                Ok(())
            }
            "rtpmap" => self.read_rtpmap(line, value),
            "fmtp" => self.read_fmtp(line, value),
            "rtcp-fb" => self.read_feedback(line, value),
            "ssrc" => {
                self.ssrcs.push(ssrc(line, value.split_whitespace().next().unwrap_or_default())?);
                Ok(())
            }
            "ssrc-group" => self.read_ssrc_group(line, value),
            _ => Ok(()),
        }
    }

    /// `96 VP8/90000`
    fn read_rtpmap(&mut self, line: Line<'_>, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_whitespace();
        let payload_type = payload_type(line, words.next().unwrap_or_default())?;
        let mut parts = words.next().unwrap_or_default().split('/');
        let name = parts.next().filter(|name| !name.is_empty()).ok_or_else(|| line.wrong("no codec"))?;
        let clock_hz = parts.next().and_then(|clock| clock.parse().ok()).filter(|&clock: &u32| clock > 0);
        let clock_hz = clock_hz.ok_or_else(|| line.wrong("no clock rate"))?;
        // The m= line is the list; an answerer strikes a codec out there.
        let Some(format) = self.format(payload_type) else { return Ok(()) };
        match &format.codec {
            Some((known, known_hz)) if *known_hz != clock_hz || !known.eq_ignore_ascii_case(name) => {
                Err(line.wrong("the section's second codec for this payload type"))
            }
            _ => {
                format.codec = Some((name.to_owned(), clock_hz));
                Ok(())
            }
        }
    }

    /// `97 apt=96;rtx-time=3000`
    fn read_fmtp(&mut self, line: Line<'_>, value: &str) -> Result<(), SdpError> {
        let (format, parameters) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let apt = parameters
            .split(';')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("apt"));
        if let Some((_, apt)) = apt {
            let apt = payload_type(line, apt.trim())?;
            if let Some(format) = self.format(payload_type(line, format)?) {
                format.apt = Some(apt);
            }
        }
        Ok(())
    }

    /// `96 goog-remb`, or `* goog-remb` for all payload types.
    fn read_feedback(&mut self, line: Line<'_>, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_whitespace();
        let (Some(format), Some(feedback)) = (words.next(), words.next()) else { return Ok(()) };
        let is = |name| feedback.eq_ignore_ascii_case(name);
        if is("goog-remb") || is("transport-cc") {
            let applies = match format {
                "*" => !self.formats.is_empty(),
                _ => self.format(payload_type(line, format)?).is_some(),
            };
            self.has_goog_remb |= applies && is("goog-remb");
            self.has_transport_cc |= applies && is("transport-cc");
        }
        Ok(())
    }

    /// `FID 1234 5678`: media, then its retransmissions.
    fn read_ssrc_group(&mut self, line: Line<'_>, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_whitespace();
        let semantics = words.next().unwrap_or_default();
        let members = words.map(|word| ssrc(line, word)).collect::<Result<Vec<_>, _>>()?;
        if let &[media, rtx] = members.as_slice()
            && semantics.eq_ignore_ascii_case("FID")
            && media != rtx
        {
            self.rtx.push(RtxPair { media, rtx });
        }
        self.ssrcs.extend(members);
        Ok(())
    }

    fn format(&mut self, payload_type: PayloadType) -> Option<&mut Format> {
        self.formats.iter_mut().find(|format| format.payload_type == payload_type)
    }
}

impl Format {
    /// The payload in a section of this kind; `None` for a dynamic payload type without `a=rtpmap`.
    pub(super) fn payload(&self, kind: SdpMedia) -> Option<SdpPayload> {
        let (codec, clock_hz) = match &self.codec {
            Some((codec, clock_hz)) => (codec.as_str(), *clock_hz),
            None => static_codec(self.payload_type)?,
        };
        let rtx_of = self.apt.filter(|_| codec.eq_ignore_ascii_case("rtx"));
        Some(SdpPayload { kind, codec: codec.to_owned(), clock_hz, rtx_of })
    }
}

fn payload_type(line: Line<'_>, word: &str) -> Result<PayloadType, SdpError> {
    let number = word.parse().ok().filter(|&number| number < 128);
    number.map(PayloadType).ok_or_else(|| line.wrong("a payload type is a number up to 127"))
}

fn ssrc(line: Line<'_>, word: &str) -> Result<Ssrc, SdpError> {
    word.parse().map(Ssrc).map_err(|_| line.wrong("an SSRC is a decimal number of 32 bits"))
}
