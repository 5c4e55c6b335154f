//! Whether a flow is fit for estimation, and why: what a person wants to know first.

use crate::infer::SrtpVerdict;
use crate::model::{Basis, Known, NotFed, SendTimeBasis, Unfit, Verdict};
use crate::units::TimeDelta;

use super::SurveyState;
use super::conversation::SenderEnd;
use super::ledger::Skip;
use super::session::Session;
use super::stream::{Admission, Stream};

/// Beyond, delays cannot be seen.
const MAX_GRAIN: TimeDelta = TimeDelta::from_millis(5);

impl SurveyState {
    pub(super) fn verdict(&self, session: &Session) -> Verdict {
        match self.unfit(session) {
            Some(unfit) => Verdict::Unfit(unfit),
            None => Verdict::Fit(self.basis(session)),
        }
    }

    fn unfit(&self, session: &Session) -> Option<Unfit> {
        if session.packets_fed() == 0 {
            return Some(Unfit::NotFed(self.why_not(session)));
        }
        let grain = self.tally.grain.found();
        if session.is_squashed(grain) {
            return Some(Unfit::Squashed);
        }
        if self.is_of_sender(session) {
            return Some(Unfit::SenderSide);
        }
        if let Some(grain) = grain.filter(|grain| *grain > MAX_GRAIN) {
            return Some(Unfit::Grain(grain));
        }
        fed_streams(session).next().is_none().then_some(Unfit::OnlyAudio)
    }

    /// What an estimate can lean on, and be held against.
    fn basis(&self, session: &Session) -> Basis {
        let packets: u64 = fed_streams(session).map(|stream| stream.stats.originals()).sum();
        let with_send_time: u64 = fed_streams(session).map(|stream| stream.abs_send_times).sum();
        let send_time = match session.extensions.abs_send_time.id {
            Some(id) if with_send_time > 0 => SendTimeBasis::AbsSendTime { id, packets: with_send_time },
            _ if session.cut_extensions.count > 0 => SendTimeBasis::Cut,
            _ => SendTimeBasis::RtpTimestamps,
        };
        let conversation = self.conversation(session);
        let media = conversation.map(|conversation| conversation.media_of(SenderEnd::of(&session.flow)));
        let encrypted = conversation
            .is_some_and(|conversation| conversation.srtp.verdict() == Some(SrtpVerdict::Encrypted));
        let is_cut = media.is_some_and(|media| media.recorded.tally.rtcp_cut > 0);
        let known = |count: u64| match count {
            0 if encrypted => Known::Encrypted,
            0 if is_cut => Known::Cut,
            0 => Known::Nothing,
            count => Known::Count(count),
        };
        let (samples, rembs) = media.map_or((0, 0), |media| (media.rtt.count, media.recorded.tally.count));
        Basis { send_time, packets, rtt: known(samples), rembs: known(rembs) }
    }

    /// Why none of a flow's packets was fed.
    pub(super) fn why_not(&self, session: &Session) -> NotFed {
        let streams: Vec<_> = session.rtp_streams().collect();
        let all = |admission| streams.iter().all(|stream| stream.admission == admission);
        if all(Admission::Skipped(Skip::Audio)) {
            NotFed::OnlyAudio
        } else if all(Admission::Skipped(Skip::NotSelected)) {
            match self.config.ssrcs.is_empty() {
                true => NotFed::Excluded,
                false => NotFed::NotSelected(streams.iter().map(|stream| stream.ssrc).collect()),
            }
        } else if streams.iter().any(|stream| stream.transport_cc > 0) {
            NotFed::TransportCc(session.extensions.transport_cc.id.unwrap_or(0))
        } else if streams.iter().all(|stream| matches!(stream.admission, Admission::Skipped(_))) {
            NotFed::NoneCounted
        } else if session.layout.encrypted.count > 0 {
            NotFed::Cryptex
        } else if self.config.needs_send_time && session.extensions.abs_send_time.id.is_none() {
            NotFed::NoSendTime
        } else {
            let why = self.range.why_empty(self.first_at.unwrap_or_default(), self.clock);
            why.map_or(NotFed::NoneInRange, NotFed::EmptyRange)
        }
    }
}

/// Those that were fed and are no audio, for all that is known at last.
fn fed_streams(session: &Session) -> impl Iterator<Item = &Stream> {
    session.rtp_streams().filter(|stream| stream.fed.count > 0 && !stream.turned_out_to_be_audio())
}
