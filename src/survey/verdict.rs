//! Whether a flow is fit for estimation, and why: what a person wants to know first.

use crate::report::summary::Verdict;
use crate::rtp::infer::SrtpVerdict;
use crate::units::TimeDelta;

use super::Line;
use super::session::Session;
use super::stream::{Admission, LeftOut, Stream};

/// Beyond, delays cannot be seen.
const MAX_GRAIN: TimeDelta = TimeDelta::from_millis(5);
const ONLY_AUDIO: &str = "only audio, which libwebrtc does not count; --media all feeds it all the same";

/// So many flows or streams are named.
const MAX_NAMED: usize = 8;

/// What there is, in a few words.
pub(super) fn in_short(there: &[String]) -> String {
    let named: Vec<_> = there.iter().take(MAX_NAMED).map(String::as_str).collect();
    let more = match there.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {}{more}", if there.len() == 1 { "is" } else { "are" }, named.join(", "))
}

impl Line {
    pub(super) fn verdict(&self, session: &Session) -> Verdict {
        if session.packets_fed() == 0 {
            return Verdict { fit: false, why: self.why_not(session) };
        }
        let grain = self.tally.grain.found();
        if session.is_squashed(grain) {
            let why = "its capture times are squashed: they are not those of arrival".to_owned();
            return Verdict { fit: false, why };
        }
        if self.capture_point(session).is_some_and(|point| point.is_sender) {
            let why = "captured where it was sent: its capture times are not those of arrival".to_owned();
            return Verdict { fit: false, why };
        }
        if let Some(grain) = grain.filter(|grain| *grain > MAX_GRAIN) {
            let ms = grain.to_secs_f64() * 1e3;
            return Verdict { fit: false, why: format!("the capture's clock has a grain of {ms} ms") };
        }
        let fed: Vec<_> = session
            .rtp_streams()
            .filter(|stream| stream.fed.count > 0 && !stream.turned_out_to_be_audio())
            .collect();
        if fed.is_empty() {
            return Verdict { fit: false, why: ONLY_AUDIO.to_owned() };
        }
        let packets: u64 = fed.iter().map(|stream| stream.stats.originals()).sum();
        let with_send_time: u64 = fed.iter().map(|stream| stream.abs_send_times).sum();
        let send_time = match session.extensions.abs_send_time.id {
            Some(id) if with_send_time > 0 => {
                format!("abs-send-time (id {id}) on {with_send_time} of {packets} packets that count")
            }
            _ if session.cut_extensions.count > 0 => format!(
                "header extensions cut by the snaplen, and any abs-send-time with them: RTP timestamps serve, of \
                 {packets} packets that count"
            ),
            _ => format!("no abs-send-time: RTP timestamps serve, of {packets} packets that count"),
        };
        Verdict { fit: true, why: format!("{send_time}; {}", self.what_else(session)) }
    }

    /// What an estimate can lean on, and be held against.
    fn what_else(&self, session: &Session) -> String {
        let conversation = self.conversation(session);
        let media = conversation
            .map(|conversation| conversation.media_of(super::conversation::From::of(&session.flow)));
        let encrypted = conversation
            .is_some_and(|conversation| conversation.srtp.verdict() == Some(SrtpVerdict::Encrypted));
        let (samples, rembs) = media.map_or((0, 0), |media| (media.rtt.count, media.recorded.tally.count));
        let is_cut = media.is_some_and(|media| media.recorded.tally.rtcp_cut > 0);
        let rtt = match samples {
            0 if encrypted => "round trip time in encrypted RTCP, --rtt gives it".to_owned(),
            0 if is_cut => "no round trip time, for RTCP is cut by the snaplen, --rtt gives it".to_owned(),
            0 => "no round trip time, --rtt gives it".to_owned(),
            samples => format!("{samples} round trip times"),
        };
        let rembs = match rembs {
            0 if encrypted => "REMBs, if any, are encrypted".to_owned(),
            0 if is_cut => "REMBs, if any, are cut by the snaplen".to_owned(),
            0 => "no REMB to compare with".to_owned(),
            rembs => format!("{rembs} REMBs to compare with"),
        };
        format!("{rtt}; {rembs}")
    }

    /// Why none of a flow's packets was fed.
    pub(super) fn why_not(&self, session: &Session) -> String {
        let streams: Vec<_> = session.rtp_streams().collect();
        let all = |admission| streams.iter().all(|stream| stream.admission == admission);
        let unselected = |stream: &Stream| stream.admission == Admission::LeftOut(LeftOut::NotSelected);
        if all(Admission::LeftOut(LeftOut::Audio)) {
            ONLY_AUDIO.to_owned()
        } else if streams.iter().all(|stream| unselected(stream)) {
            match self.config.ssrcs.is_empty() {
                true => "no stream but those that --exclude-ssrc leaves out".to_owned(),
                false => {
                    let there: Vec<_> = streams.iter().map(|stream| stream.ssrc.to_string()).collect();
                    format!("no stream that --ssrc selects; there {}", in_short(&there))
                }
            }
        } else if streams.iter().any(|stream| stream.transport_cc > 0) {
            let id = session.extensions.transport_cc.id.unwrap_or(0);
            format!(
                "every packet that would count has a transport-wide sequence number (id {id}), by which its sender \
                 estimates: libwebrtc would send no REMB; --ignore-transport-cc tells what it would have said"
            )
        } else if streams.iter().all(|stream| matches!(stream.admission, Admission::LeftOut(_))) {
            "no stream that is both selected and counted".to_owned()
        } else if session.layout.encrypted.count > 0 {
            "its header extensions are encrypted (Cryptex, RFC 9335), and the send times with them".to_owned()
        } else if self.config.needs_send_time && session.extensions.abs_send_time.id.is_none() {
            "no header extension behaves like abs-send-time; --abs-send-time-id names it, and without \
             --estimator abs-send-time RTP timestamps serve"
                .to_owned()
        } else {
            let why = self.range.why_empty(self.first_at.unwrap_or_default(), self.clock);
            why.unwrap_or_else(|| "no packet with a readable send time between --from and --to".to_owned())
        }
    }
}
