//! A counted reason for every frame that did not reach the estimator.

use std::collections::BTreeMap;

use crate::capture::LinkType;
use crate::decode;
use crate::model::Encapsulation;
use crate::units::{Count, FrameNumber};

/// Why a packet was not fed. What is no datagram has the reasons of [`decode::Skip`], what is no frame those of
/// [`crate::capture::Skip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// Looked like RTP, but was no stream.
    NotRtp,
    /// By `--flow`, `--ssrc` or `--exclude-ssrc`.
    NotSelected,
    /// libwebrtc does not count audio.
    Audio,
    /// With a transport-wide sequence number it counts for the sender's estimate.
    TransportCc,
    /// By `--from` or `--to`.
    OutsideRange,
    /// No readable send time.
    NoSendTime,
    /// The snaplen cut the header of a stream's packet.
    HeaderCut,
    /// The snaplen cut the header before its length could be read: what it is of is not known.
    CutShort,
    /// A copy of another, by `--copies`.
    Duplicate,
    /// A header that does not fit its packet.
    Malformed,
    /// Over `--max-flows` or `--max-ssrcs`.
    Limit,
    /// Over the number of flows that are estimated.
    EstimatedLimit,
    /// RTCP that is in the capture twice.
    RtcpCopy,
    /// RTCP, STUN, DTLS and the like.
    NotRtpClass,
}

impl Skip {
    /// All, in the order of their numbers.
    const ALL: [Self; 14] = [
        Self::NotRtp,
        Self::NotSelected,
        Self::Audio,
        Self::TransportCc,
        Self::OutsideRange,
        Self::NoSendTime,
        Self::HeaderCut,
        Self::CutShort,
        Self::Duplicate,
        Self::Malformed,
        Self::Limit,
        Self::EstimatedLimit,
        Self::RtcpCopy,
        Self::NotRtpClass,
    ];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotRtp => "not-rtp",
            Self::NotSelected => "not-selected",
            Self::Audio => "audio",
            Self::TransportCc => "transport-cc",
            Self::OutsideRange => "outside-from-to",
            Self::NoSendTime => "no-send-time",
            Self::HeaderCut => "header-cut",
            Self::CutShort => "rtp-cut-short",
            Self::Duplicate => "duplicate",
            Self::Malformed => "malformed-rtp",
            Self::Limit => "limit",
            Self::EstimatedLimit => "estimated-flows-limit",
            Self::RtcpCopy => "rtcp-copy",
            Self::NotRtpClass => "other-protocol",
        }
    }
}

/// The counters.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    skip: [Count; Skip::ALL.len()],
    skipped: [Count; decode::Skip::ALL.len()],
    /// Link types that are not read; of many, the first.
    link_types: Vec<(LinkType, Count)>,
}

/// Link types that are told apart.
const MAX_LINK_TYPES: usize = 64;

impl Ledger {
    /// An RTP packet that is not fed.
    pub(super) fn skip_packet(&mut self, reason: Skip, frame: FrameNumber) {
        if let Some(count) = self.skip.get_mut(reason as usize) {
            count.add(frame.0);
        }
    }

    /// A frame that is no datagram.
    pub(super) fn skip_frame(&mut self, skip: decode::Skip, frame: FrameNumber) {
        if let Some(count) = self.skipped.get_mut(skip as usize) {
            count.add(frame.0);
        }
    }

    /// How many, and the first.
    pub(super) fn get(&self, reason: Skip) -> Count {
        self.skip.get(reason as usize).copied().unwrap_or_default()
    }

    /// A frame of a link type that is not read.
    #[cold]
    pub(super) fn unread_link(&mut self, link_type: LinkType, frame: FrameNumber) {
        let place = self.link_types.iter().position(|(known, _)| *known == link_type).unwrap_or_else(|| {
            if self.link_types.len() < MAX_LINK_TYPES {
                self.link_types.push((link_type, Count::default()));
            }
            self.link_types.len() - 1
        });
        if let Some((_, count)) = self.link_types.get_mut(place) {
            count.add(frame.0);
        }
    }

    /// Link types and encapsulations whose content was not read.
    pub(super) fn unread_encapsulations(&self) -> Vec<(Encapsulation, Count)> {
        let links =
            self.link_types.iter().map(|(link_type, count)| (Encapsulation::Link(*link_type), *count));
        let skipped = decode::Skip::ALL.iter().zip(self.skipped);
        let unread = skipped.filter(|(skip, count)| skip.is_unread_encapsulation() && count.count > 0);
        links.chain(unread.map(|(skip, count)| (Encapsulation::Layer(*skip), count))).collect()
    }

    /// All that happened, by name.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, Count> {
        let skip = Skip::ALL.iter().map(|reason| reason.name()).zip(self.skip);
        let skipped = decode::Skip::ALL.iter().map(|skip| skip.name()).zip(self.skipped);
        skip.chain(skipped).filter(|(_, count)| count.count > 0).collect()
    }
}
