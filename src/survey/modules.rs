//! Which streams have an RTP module of their own in their receiver, by which round trip times are handed over
//! (specification 1.11): those with media, not those that repeat or protect another.

use crate::infer::MediaKind;
use crate::rtp::RtpPacket;
use crate::rtp::sdp::SessionDescription;

use super::Feed;
use super::session::{Session, SessionContext};
use super::stream::Stream;

/// Retransmissions and FEC take over the timestamps of what they are for (RFC 4588, RFC 8627), while those of another
/// medium begin anywhere: so near are they by chance once in 2,400 times. Ten seconds of 90 kHz.
const MAX_TICKS_APART: u32 = 900_000;

/// So many packets that may be padding alone, as a sender probes with on the SSRC of retransmissions, are media after all.
const MANY_PADDED: u64 = 50;

impl Session {
    /// Decides whether the stream at `index`, which is fed, has a module; of padding alone it cannot be told.
    #[cold]
    pub(super) fn decide_module<F: Feed>(
        &mut self,
        index: usize,
        packet: &RtpPacket<'_>,
        context: &SessionContext<'_>,
        feed: &mut F,
    ) {
        let is_open = |stream: &&Stream| stream.fed.count > 0 && stream.has_module.is_none();
        let Some(stream) = self.streams.get(index).filter(is_open) else { return };
        let sdp = context.config.sdp.as_ref();
        let is_helper = sdp.is_some_and(|sdp| repeats_by_sdp(sdp, packet))
            || stream.is_said_to_repeat()
            || matches!(stream.kind(), Some(MediaKind::Rtx { .. }))
            || self.follows_another(stream, packet);
        let has_module = !stream.is_audio() && !is_helper;
        if has_module && packet.has_padding() && stream.stats.packets() < MANY_PADDED {
            return;
        }
        if has_module {
            let created =
                context.config.log.as_ref().and_then(|log| log.stream(stream.ssrc, None)?.created());
            feed.module(self.index, created.or(stream.stats.first_at()).unwrap_or_default());
        }
        self.streams.get_mut(index).into_iter().for_each(|stream| stream.has_module = Some(has_module));
    }

    fn follows_another(&self, stream: &Stream, packet: &RtpPacket<'_>) -> bool {
        self.streams.iter().filter(|other| other.has_module == Some(true)).any(|other| {
            let is_near = other.stats.last_timestamp().is_some_and(|last| {
                let apart = packet.timestamp().wrapping_sub(last).cast_signed();
                apart.unsigned_abs() <= MAX_TICKS_APART
            });
            let shares_type = other.stats.payload_types().any(|own| own == packet.payload_type());
            is_near && !shares_type && other.ssrc != stream.ssrc
        })
    }
}

fn repeats_by_sdp(sdp: &SessionDescription, packet: &RtpPacket<'_>) -> bool {
    let is_rtx = sdp.payload(packet.payload_type()).is_some_and(|payload| payload.rtx_of.is_some());
    is_rtx || sdp.rtx_ssrcs().iter().any(|pair| pair.rtx == packet.ssrc())
}
