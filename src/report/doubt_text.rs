//! What each doubt says, in a sentence.

use crate::beside::Fit;
use crate::model::{
    ClocksApart, CopyPolicy, CopySpacing, Disagreement, Doubt, Encapsulation, Guess, Limit, SaidInVain,
    SeveralFlows, Warning, WhyDisagrees, WhySeveralFlows,
};

use remb::MAX_SSRCS;

use super::counted;
use super::evidence_text::{of_id, of_kind, said_by};
use super::inference_text::{kind_in_words, late, with_article};
use super::unusable_text;

impl Warning {
    /// What it says, in a sentence.
    pub fn message(&self) -> String {
        sentence(&self.doubt, self.count.map_or(0, |count| count.count))
    }
}

/// The sentence of a doubt about so many frames or packets.
fn sentence(doubt: &Doubt, count: u64) -> String {
    match doubt {
        Doubt::Aggregated(packets) => {
            format!("{count} frames hold {packets} RTP packets that offload put together; each is read, at its frame's time")
        }
        Doubt::ClockGrain(grain) => format!(
            "the capture's clock has a grain of {} ms: all its times are multiples of that, and nothing is concluded \
             from less, neither where it was taken nor how clocks drift",
            grain.to_secs_f64() * 1e3
        ),
        Doubt::InferredIds(ids) => {
            let ids: Vec<_> = ids.iter().map(|(extension, id)| format!("{} {id}", extension.name())).collect();
            format!("found by behaviour: {}", ids.join(", "))
        }
        Doubt::AbsurdPadding => {
            format!("{count} packets have a padding count that cannot be, as SRTP hides it; they count whole")
        }
        Doubt::PrivateExtension(profile) => format!(
            "{count} packets have header extensions of the private profile 0x{profile:04x}, which are not read"
        ),
        Doubt::CaptureTimeServes => {
            "abs-capture-time serves as send time: a frame is one group, and delays of encoder, pacer and \
             retransmission look like delays of the network"
                .to_owned()
        }
        Doubt::ClockDrift(ppm) => format!("the capture's clock drifts against the sender's by {ppm:.0} ppm"),
        Doubt::ClockRate(ppm) => {
            format!("abs-send-time and capture time run at different rates: {:.2} % apart", ppm / 1e4)
        }
        Doubt::ClockStep(nanos, sent_nanos) => format!(
            "capture times step by {:.0} ms against the send times, {:.1} s after the flow's first packet, and stay \
             there: a clock was set, and it looks like a queue that fills or drains at once",
            *nanos as f64 / 1e6,
            *sent_nanos as f64 / 1e9
        ),
        Doubt::Cryptex => format!(
            "{count} packets have encrypted header extensions (Cryptex, RFC 9335): no send time can be read"
        ),
        Doubt::Copies { percent, spacing, policy } => {
            format!("{percent:.2} % of the RTP packets are copies, {}", copies(*spacing, *policy))
        }
        Doubt::RtcpCopies => format!(
            "{} are in the capture twice, byte for byte; each counts once",
            counted(count, "RTCP datagrams")
        ),
        Doubt::Fragments => format!("{count} datagrams of which not all IP fragments are there"),
        Doubt::LearnedLate(what) => {
            let (what, flag) = late(*what, count);
            format!("{what}; {flag} tells it from the start")
        }
        Doubt::Limit(reached) => limit(*reached, count),
        Doubt::Concatenated => format!(
            "{} put behind the first; frames are numbered through all of them",
            counted(count, "captures")
        ),
        Doubt::Incomplete(why) => why.clone(),
        Doubt::ReadTwice(what) => {
            let (what, flag) = late(*what, count);
            format!("{what}: the file was read again, told so; {flag} saves that")
        }
        Doubt::PayloadsZeroed => format!(
            "the log has zeros for the payload of {}: lengths are right, padding counts are not read",
            counted(count, "RTP packets")
        ),
        Doubt::LogGaps => format!(
            "the log has no hours and minutes, and {} of more than 30 s in it, which may have been longer by whole minutes",
            counted(count, "silences")
        ),
        Doubt::LogCut(len) => format!(
            "{} of the log are of exactly {len} bytes, and none is longer: they may have been cut, and sizes are a lower limit",
            counted(count, "RTP packets")
        ),
        Doubt::EventLogFit(fit) => event_log_fit(fit),
        Doubt::Sessions(read) => format!(
            "the event log has {} beside session {read}, which is read; --session takes another",
            counted(count, "sessions")
        ),
        Doubt::RembsWithoutList => {
            format!("{count} REMBs concern more than {MAX_SSRCS} SSRCs and list none")
        }
        Doubt::NotInPcap => format!("{count} REMBs have times that no pcap can hold and are not in it"),
        Doubt::NotInMerge => format!(
            "{} of before 1970, which a pcapng cannot hold, not in the merged capture",
            counted(count, "frames")
        ),
        Doubt::NoEstimate => {
            "no estimate before its end; 5 s of throughput, a packet train or an over-use is needed".to_owned()
        }
        Doubt::NoSendTime => {
            format!("{count} packets of counted streams have no send time and had no effect")
        }
        Doubt::Offload => format!(
            "{count} RTP packets are larger than an Ethernet frame, or several of which the snaplen hides some: \
             offload put them together, or the link has large frames; of the former only what shows is read"
        ),
        Doubt::SeveralFlows(several) => several_flows(several, count),
        Doubt::RembsUnusable(unusables) => unusable_text::sentence(unusables),
        Doubt::RttDefault => {
            "round trip time not known, 200 ms taken: where the real one is shorter, the estimate rises too slowly near \
             the link's capacity and falls too seldom; --rtt sets it"
                .to_owned()
        }
        Doubt::SdpDisagrees(disagreement) => disagrees(disagreement),
        Doubt::SenderClocks(main, other, apart, more) => {
            let how = match apart {
                ClocksApart::By(seconds) => format!("are {:.3} s apart", seconds.abs()),
                ClocksApart::Running(ppm) => format!("run apart by {:.0} ppm", ppm.abs()),
            };
            let more = match more {
                0 => String::new(),
                more => format!(", as are those of {more} more SSRCs"),
            };
            format!(
                "the send times of {main} and {other} {how}{more}: they are of more than one sender's clock, as behind \
                 an SFU that forwards the element, and from one stream to the other they tell nothing of the network"
            )
        }
        Doubt::SenderSide => {
            "captured where it was sent: its capture times are no arrival times, and the estimate is not what its \
             receiver saw"
                .to_owned()
        }
        Doubt::Squashed => {
            "capture times are squashed: they advance by less than a tenth of what the RTP timestamps do".to_owned()
        }
        Doubt::TcpGaps => {
            format!("{count} gaps in TCP streams with RTP; what lies in them is lost to the estimate")
        }
        Doubt::TimeStepsBack(most) => {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            format!("capture time steps back {times}, by {:.3} ms at most", *most as f64 / 1e6)
        }
        Doubt::TransportCc => format!(
            "{count} packets have a transport-wide sequence number and count for their sender's estimate, not for REMB; \
             --ignore-transport-cc counts them"
        ),
        Doubt::ExtensionsCut => format!(
            "the header extensions of {count} packets are cut by the snaplen: whether they have a send time is not known"
        ),
        Doubt::HeadersCut => {
            format!("{count} RTP headers are cut by the snaplen before their send time")
        }
        Doubt::UdpLength => format!(
            "{count} UDP headers state more bytes than their IP packets hold; the length of the IP packet counts"
        ),
        Doubt::Uncertain(guess) => uncertain(guess),
        Doubt::Unmatched(said) => match said {
            SaidInVain::Flow(flow) => format!("--flow {flow}: no such flow with RTP"),
            SaidInVain::Ssrc(ssrc) => format!("--ssrc {ssrc}: no such stream"),
            SaidInVain::ExcludedSsrc(ssrc) => format!("--exclude-ssrc {ssrc}: no such stream"),
            SaidInVain::AbsSendTimeId(id) => format!("--abs-send-time-id {id}: no packet has it"),
        },
        Doubt::UnreadEncapsulations(unread) => {
            let names: Vec<_> =
                unread.iter().map(|(what, count)| format!("{count} of {}", encapsulation(*what))).collect();
            format!("encapsulations are not read, whatever they carry: {}", names.join(", "))
        }
    }
}

/// Are shown as one.
const SAME_NANOS: i64 = 50_000;
/// Copies of one host are apart by what it needs to forward them, which varies by less.
const ONE_PLACE_NANOS: i64 = 5_000_000;

fn copies(CopySpacing { least, middle, most }: CopySpacing, policy: CopyPolicy) -> String {
    let ms = |nanos: i64| nanos as f64 / 1e6;
    let apart = match most - least {
        ..SAME_NANOS => format!("{:.3} ms apart", ms(middle)),
        _ => format!("{:.3} to {:.3} ms apart", ms(least), ms(most)),
    };
    let taken = match policy {
        CopyPolicy::First => "the first of each counts",
        CopyPolicy::Last => "the last of each counts",
        CopyPolicy::Keep => "each counts, for --copies keep",
    };
    let is_last_that_arrived = most - least > ONE_PLACE_NANOS && policy != CopyPolicy::Last;
    let advice = match is_last_that_arrived {
        true => {
            "; they are of two places in the network, and it is the last that arrived: --copies last takes it"
        }
        false => "",
    };
    format!("{apart}: {taken}{advice}")
}

fn limit(limit: Limit, count: u64) -> String {
    let what = match limit {
        Limit::Flows(most) => format!("--max-flows {most}"),
        Limit::Ssrcs(most) => format!("--max-ssrcs {most}"),
        Limit::Conversations => "pairs of ports with RTCP".to_owned(),
        Limit::Held => "memory for packets that wait".to_owned(),
        Limit::Estimated => "flows that are estimated".to_owned(),
        Limit::Recorded => {
            return format!("{count} REMBs recorded before their flow was understood found no room");
        }
        Limit::Tcp => return format!("{count} TCP segments of too many streams"),
        Limit::Interfaces => {
            return format!("{count} packets of interfaces beyond the 1,024 that are kept");
        }
        Limit::Events => return format!("{count} events of this flow are one too many to be told"),
        Limit::Figures(most) => return format!("{count} flows beyond the first {most} are not drawn"),
    };
    format!("{what} reached: {count} frames beyond it")
}

fn several_flows(
    SeveralFlows { ssrc, flows, pair: [first, second], why }: &SeveralFlows,
    streams: u64,
) -> String {
    let more = match streams {
        1 => String::new(),
        all => format!(", and {} more SSRCs", all - 1),
    };
    let why = match why {
        WhySeveralFlows::PathChange => {
            "one after the other: a path that changed; --merge-flows makes them one session"
        }
        WhySeveralFlows::AtOnce => "at the same time, with other packets on each; each is taken for itself",
        WhySeveralFlows::BothSides => {
            "the same packets at the same time: both sides of a relay or of an address translation; each is taken for \
             itself, and --flow picks one"
        }
        WhySeveralFlows::Echo => {
            "the same packets there and back: an echo; each is taken for itself, and --flow picks one"
        }
    };
    format!("{ssrc} is on {flows} flows, {first} and {second}{more}: {why}")
}

fn disagrees(Disagreement { by, extension, said, why, other }: &Disagreement) -> String {
    let why = match why {
        WhyDisagrees::Absent => "no packet has it",
        WhyDisagrees::OtherValues => "its values cannot be that",
    };
    let other = match other {
        Some((id, evidence)) => {
            format!("; element {id} behaves like it: {}", of_id(*extension, evidence))
        }
        None => String::new(),
    };
    let by = said_by(*extension, *by);
    format!("{by} says that {} is element {said}, and {why}{other}", extension.name())
}

fn uncertain(guess: &Guess) -> String {
    match guess {
        Guess::Taken(extension, id, evidence) => {
            format!(
                "{} is taken to be element {id}: {}",
                with_article(*extension),
                of_id(*extension, evidence)
            )
        }
        Guess::MayBe(extension, id, evidence) => {
            format!(
                "whether element {id} is {} was not to be decided: {}",
                with_article(*extension),
                of_id(*extension, evidence)
            )
        }
        Guess::Kind(ssrc, kind, evidence) => {
            format!("{ssrc} is taken to be {}: {}", kind_in_words(*kind), of_kind(evidence))
        }
    }
}

fn encapsulation(what: Encapsulation) -> String {
    match what {
        Encapsulation::Link(link_type) => {
            let name = link_type.name().map_or(String::new(), |name| format!(" ({name})"));
            format!("link type {}{name}", link_type.0)
        }
        Encapsulation::Layer(skip) => skip.name().to_owned(),
    }
}

fn event_log_fit(fit: &Fit) -> String {
    let ms = |nanos: i64| format!("{:+.2}", nanos as f64 / 1e6);
    let rtcp = match fit.rtcp {
        0 => "RTCP is the capture's own".to_owned(),
        count => format!("{} of the log stand for the capture's", counted(count, "RTCP packets")),
    };
    format!(
        "the event log and the capture have {} in common, {} of the log are not in it; the log's clock is {} ms ahead \
         (median; 98 % from {} to {}), packets of the capture are {} bytes longer, their SRTP tag; {rtcp}",
        counted(fit.pairs, "RTP packets"),
        fit.missing,
        ms(fit.offset),
        ms(fit.spread.0),
        ms(fit.spread.1),
        fit.tag_len,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_two_places_in_the_network_are_named_with_the_flag_that_takes_the_other() {
        let said = |least, middle, most, policy| copies(CopySpacing { least, middle, most }, policy);
        let host = said(1_500_000, 2_000_000, 3_300_000, CopyPolicy::First);
        assert_eq!(host, "1.500 to 3.300 ms apart: the first of each counts");
        let same = said(60_000, 60_000, 60_000, CopyPolicy::First);
        assert_eq!(same, "0.060 ms apart: the first of each counts");
        let network = |policy| said(24_800_000, 70_000_000, 114_400_000, policy);
        assert_eq!(
            network(CopyPolicy::First),
            "24.800 to 114.400 ms apart: the first of each counts; they are of two places in the network, and it is \
             the last that arrived: --copies last takes it"
        );
        assert!(network(CopyPolicy::Last).ends_with("ms apart: the last of each counts"));
    }
}
