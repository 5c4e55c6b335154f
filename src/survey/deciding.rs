//! What the streams of a flow are, looked at packet by packet, and whether they are fed.

use crate::rtp::RtpPacket;
use crate::units::PayloadType;

use super::SurveyConfig;
use super::session::Session;
use super::stream::{ElementIds, Stream, element_ids_of_rtp};

impl Session {
    /// Looks at a packet for what its stream is.
    pub(super) fn find_kind(&mut self, index: usize, packet: &RtpPacket<'_>, config: &SurveyConfig) {
        let neighbour = self.streams.neighbour(index, packet);
        let Some(stream) = self.streams.get_mut(index) else { return };
        if !stream.is_decided() {
            stream.observe_sequence(packet);
        }
        if stream.is_decided() && stream.stats.packets() > 0 && !stream.stats.has_seen(packet.payload_type())
        {
            stream.reopen();
        }
        if !stream.is_steady {
            neighbour.into_iter().for_each(|neighbour| stream.finder.note_neighbour(neighbour));
            stream.finder.observe(packet);
            stream.note_clock(packet.payload_type(), config.sdp.as_ref());
        }
        stream.recent.note(packet.timestamp());
    }

    /// The same of the latest packet's payload type.
    pub(super) fn note_speed_of_last(&mut self, index: usize) {
        if let Some(payload_type) = self.streams.get(index).and_then(Stream::last_payload_type) {
            self.note_speed(index, payload_type);
        }
    }

    /// Tells a stream by how much send time its timestamps advance, where that is known.
    pub(super) fn note_speed(&mut self, index: usize, payload_type: PayloadType) {
        let Some(stream) = self.streams.get_mut(index).filter(|stream| !stream.is_steady) else { return };
        if let Some((nanos, ticks)) = self.extensions.speed(stream.ssrc, payload_type) {
            stream.finder.note_send_time(payload_type, nanos, ticks);
        }
    }

    /// What passed for send time is none: it told nothing of any stream.
    pub(super) fn forget_speed(&mut self) {
        self.streams.iter_mut().for_each(|stream| stream.finder.forget_send_time());
    }

    /// Decides of a stream whether it is fed, if the evidence suffices.
    pub(super) fn decide(&mut self, index: usize, config: &SurveyConfig) {
        let by_type = self.streams.kind_by_type(index);
        if let Some(stream) = self.streams.get_mut(index) {
            stream.decide(config.media, by_type);
            stream.note_last_clock(config.sdp.as_ref());
        }
    }

    /// A stream that was decided may yet show itself to be something else.
    pub(super) fn decide_again(&mut self, index: usize, packet: &RtpPacket<'_>, config: &SurveyConfig) {
        if let Some(stream) = self.streams.get_mut(index).filter(|stream| !stream.is_steady) {
            stream.decide_at_last(config.media, ElementIds::default(), None, None);
            stream.note_clock(packet.payload_type(), config.sdp.as_ref());
        }
    }

    /// Decides of a stream whether it is fed, with what evidence there is.
    pub(super) fn decide_at_last(&mut self, index: usize, config: &SurveyConfig) {
        if self.streams.get(index).is_none_or(Stream::is_decided) {
            return;
        }
        let of_rtp = element_ids_of_rtp(self.streams.iter());
        let (by_type, beside) = (self.streams.kind_by_type(index), self.streams.beside(index));
        if let Some(stream) = self.streams.get_mut(index) {
            stream.decide_at_last(config.media, of_rtp, by_type, beside);
            stream.note_last_clock(config.sdp.as_ref());
        }
    }
}
