//! Whether a flow is fit for estimation, and why there was nothing to estimate: in words.

use std::fmt;

use crate::model::{Basis, EmptyRange, Known, NotFed, Nothing, SendTimeBasis, Unfit, Verdict};

use super::counted;

const ONLY_AUDIO: &str = "only audio, which libwebrtc does not count; --media all feeds it all the same";
/// So many flows or streams are named.
const MAX_NAMED: usize = 8;

/// Why a flow is fit, or is not.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Fit(basis) => fit(basis),
            Self::Unfit(why) => unfit(why),
        })
    }
}

/// Why there was nothing to estimate.
impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&nothing(self))
    }
}

fn unfit(why: &Unfit) -> String {
    match why {
        Unfit::NotFed(why) => not_fed(why),
        Unfit::Squashed => "its capture times are squashed: they are not those of arrival".to_owned(),
        Unfit::SenderSide => {
            "captured where it was sent: its capture times are not those of arrival".to_owned()
        }
        Unfit::Grain(grain) => {
            format!("the capture's clock has a grain of {} ms", grain.to_secs_f64() * 1e3)
        }
        Unfit::OnlyAudio => ONLY_AUDIO.to_owned(),
    }
}

fn fit(Basis { send_time, packets, rtt, rembs }: &Basis) -> String {
    let send_time = match send_time {
        SendTimeBasis::AbsSendTime { id, packets: with } => {
            format!("abs-send-time (id {id}) on {with} of {packets} packets that count")
        }
        SendTimeBasis::Cut => format!(
            "header extensions cut by the snaplen, and any abs-send-time with them: RTP timestamps serve, of {packets} \
             packets that count"
        ),
        SendTimeBasis::RtpTimestamps => {
            format!("no abs-send-time: RTP timestamps serve, of {packets} packets that count")
        }
    };
    let rtt = match rtt {
        Known::Count(samples) => format!("{samples} round trip times"),
        Known::Encrypted => "round trip time in encrypted RTCP, --rtt gives it".to_owned(),
        Known::Cut => "no round trip time, for RTCP is cut by the snaplen, --rtt gives it".to_owned(),
        Known::Nothing => "no round trip time, --rtt gives it".to_owned(),
    };
    let rembs = match rembs {
        Known::Count(rembs) => format!("{rembs} REMBs to compare with"),
        Known::Encrypted => "REMBs, if any, are encrypted".to_owned(),
        Known::Cut => "REMBs, if any, are cut by the snaplen".to_owned(),
        Known::Nothing => "no REMB to compare with".to_owned(),
    };
    format!("{send_time}; {rtt}; {rembs}")
}

fn not_fed(why: &NotFed) -> String {
    match why {
        NotFed::OnlyAudio => ONLY_AUDIO.to_owned(),
        NotFed::Excluded => "no stream but those that --exclude-ssrc leaves out".to_owned(),
        NotFed::NotSelected(there) => format!("no stream that --ssrc selects; there {}", in_short(there)),
        NotFed::TransportCc(id) => format!(
            "every packet that would count has a transport-wide sequence number (id {id}), by which its sender \
             estimates: libwebrtc would send no REMB; --ignore-transport-cc tells what it would have said"
        ),
        NotFed::NoneCounted => "no stream that is both selected and counted".to_owned(),
        NotFed::Cryptex => {
            "its header extensions are encrypted (Cryptex, RFC 9335), and the send times with them".to_owned()
        }
        NotFed::NoSendTime => {
            "no header extension behaves like abs-send-time; --abs-send-time-id names it, and without \
             --estimator abs-send-time RTP timestamps serve"
                .to_owned()
        }
        NotFed::EmptyRange(range) => match range {
            EmptyRange::Reversed => "--from is after --to: nothing lies between".to_owned(),
            EmptyRange::AfterEnd(seconds) => {
                format!("--from is after the end of the capture, which has {seconds:.3} s")
            }
            EmptyRange::BeforeBegin => "--to is before the first frame".to_owned(),
        },
        NotFed::NoneInRange => "no packet with a readable send time between --from and --to".to_owned(),
    }
}

fn nothing(nothing: &Nothing) -> String {
    match nothing {
        Nothing::NotFed { flows, streams, reasons } => {
            let reasons: Vec<_> =
                reasons.iter().map(|(flow, why)| format!("{flow}: {}", not_fed(why))).collect();
            let what = match flows {
                1 => format!("one flow with RTP ({})", counted(*streams as u64, "streams")),
                _ => format!("{flows} flows with RTP"),
            };
            format!("nothing to estimate in {what}: {}", reasons.join("; "))
        }
        Nothing::NoSuchFlow { packets, there } => format!(
            "no flow that --flow names; {packets} packets of others look like RTP; there {}",
            in_short(there)
        ),
        Nothing::NoRtp { frames, seen, is_cut } => {
            let hint = match is_cut {
                false => "",
                true => "; the snaplen cut RTP headers: capture at least 128 bytes a frame",
            };
            let seen: Vec<_> = seen.iter().map(|(name, count)| format!("{count} {name}")).collect();
            let seen =
                if seen.is_empty() { "it is empty".to_owned() } else { format!("saw {}", seen.join(", ")) };
            format!("no RTP in {}: {seen}{hint}", counted(*frames, "frames"))
        }
    }
}

/// What there is, in a few words.
fn in_short<T: ToString>(there: &[T]) -> String {
    let named: Vec<_> = there.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = match there.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {}{more}", if there.len() == 1 { "is" } else { "are" }, named.join(", "))
}
