//! Doubts about a capture, each with a code, how many frames it concerns and the first of them.

use crate::flow::PacketClass;
use crate::report::counted;
use crate::report::summary::{Count, Warning};
use crate::rtp::ClockDrift;
use crate::units::TimeDelta;

use super::ledger::Unfed;
use super::session::Session;
use super::stream::Stream;
use super::{Line, Survey};

/// From here on the capture's clock is no clock of that call: crystals are off by a hundredth of it.
const RATE_PPM: f64 = 10_000.0;
/// Queues fill and drain by less at once.
const LEAST_CLOCK_STEP: TimeDelta = TimeDelta::from_millis(100);
/// Crystals are off by less; a gradient of this size is a tenth of the threshold.
const DRIFT_PPM: f64 = 500.0;

impl Survey {
    /// All that a reader of the result should know.
    pub(super) fn doubts(&self) -> Vec<Warning> {
        let line = &self.line;
        let sessions = || line.sessions.iter().filter(|session| session.carries_rtp());
        let of_session = |session| line.of_flow(session).into_iter().chain(line.of_inference(session));
        let mut doubts: Vec<_> = sessions().flat_map(of_session).collect();
        doubts.extend(line.of_streams_on_several_flows());
        doubts.extend(line.of_frames());
        doubts.extend(self.of_decoder());
        doubts.extend(line.of_rtcp());
        doubts.extend(line.of_limits());
        doubts.extend(line.unmatched());
        doubts
    }

    fn of_decoder(&self) -> Vec<Warning> {
        let fragments = self.decoder.fragment_counts();
        let tcp = self.decoder.tcp_counts();
        let overlong = self.decoder.overlong_datagrams();
        let mut doubts = Doubts::default();
        doubts.add(
            "W-UDP-LENGTH",
            overlong,
            format!(
                "{} UDP headers state more bytes than their IP packets hold; the length of the IP packet counts",
                overlong.count
            ),
        );
        doubts.add(
            "W-FRAGMENTS",
            fragments.incomplete,
            format!("{} datagrams of which not all IP fragments are there", fragments.incomplete.count),
        );
        doubts.add(
            "W-TCP-GAPS",
            tcp.gaps,
            format!(
                "{} gaps in TCP streams with RTP; what lies in them is lost to the estimate",
                tcp.gaps.count
            ),
        );
        doubts.add(
            "W-LIMIT-TCP",
            tcp.over_limit,
            format!("{} TCP segments of too many streams", tcp.over_limit.count),
        );
        doubts.0
    }
}

/// Collects those that concern any frame at all.
#[derive(Default)]
struct Doubts(Vec<Warning>);

impl Doubts {
    fn add(&mut self, code: &'static str, count: Count, message: String) {
        if count.count > 0 {
            self.0.push(Warning { code, flow: None, message, count: Some(count) });
        }
    }
}

impl Line {
    fn of_flow(&self, session: &Session) -> Vec<Warning> {
        let flow = session.flow.to_string();
        let mut doubts = Vec::new();
        let mut add = |code, count: Count, message: String| {
            if count.count > 0 {
                doubts.push(Warning { code, flow: Some(flow.clone()), message, count: Some(count) });
            }
        };
        let grain = self.tally.grain.found();
        let packets: u64 = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
        let all_if = |holds: bool| Count {
            count: if holds { packets } else { 0 },
            first_frame: session.first_frame.0,
        };

        add(
            "W-SENDER-SIDE",
            all_if(self.capture_point(session).is_some_and(|point| point.is_sender)),
            "captured where it was sent: its capture times are no arrival times, and the estimate is not what its \
             receiver saw"
                .to_owned(),
        );
        add(
            "W-SQUASHED",
            all_if(session.is_squashed(grain)),
            "capture times are squashed: they advance by less than a tenth of what the RTP timestamps do"
                .to_owned(),
        );
        let main = session.main_stream().map(|stream| stream.stats.drift());
        let drift = main.and_then(|drift| surely_drifts_by(drift, grain)).unwrap_or(0.0);
        let (rate_is_off, drifts) = (drift.abs() >= RATE_PPM, drift.abs() >= DRIFT_PPM);
        add(
            "W-CLOCK-RATE",
            all_if(rate_is_off),
            format!("abs-send-time and capture time run at different rates: {:.2} % apart", drift / 1e4),
        );
        add(
            "W-CLOCK-DRIFT",
            all_if(drifts && !rate_is_off),
            format!("the capture's clock drifts against the sender's by {drift:.0} ppm"),
        );
        let step = main.and_then(ClockDrift::step).filter(|step| {
            let least = grain.unwrap_or(TimeDelta::ZERO).times(2).max(LEAST_CLOCK_STEP);
            step.nanos.unsigned_abs() / 1000 >= least.as_micros().unsigned_abs()
        });
        let (step_ms, step_s) =
            step.map_or((0.0, 0.0), |step| (step.nanos as f64 / 1e6, step.sent_nanos as f64 / 1e9));
        add(
            "W-CLOCK-STEP",
            all_if(step.is_some()),
            format!(
                "capture times step by {step_ms:.0} ms against the send times, {step_s:.1} s after the flow's first \
                 packet, and stay there: a clock was set, and it looks like a queue that fills or drains at once"
            ),
        );
        add(
            "W-TRUNCATED",
            session.cut_extensions,
            format!(
                "the header extensions of {} packets are cut by the snaplen: whether they have a send time is not \
                 known",
                session.cut_extensions.count
            ),
        );
        let by_capture_time =
            session.extensions.abs_capture_time.id.is_some() && session.extensions.abs_send_time.id.is_none();
        add(
            "W-CAPTURE-TIME",
            all_if(by_capture_time),
            "abs-capture-time serves as send time: a frame is one group, and delays of encoder, pacer and \
             retransmission look like delays of the network"
                .to_owned(),
        );
        add(
            "W-CRYPTEX",
            session.layout.encrypted,
            format!(
                "{} packets have encrypted header extensions (Cryptex, RFC 9335): no send time can be read",
                session.layout.encrypted.count
            ),
        );
        let profile = session.layout.private_profile.unwrap_or(0);
        add(
            "N-PRIVATE-EXTENSION",
            session.layout.private,
            format!(
                "{} packets have header extensions of the private profile 0x{profile:04x}, which are not read",
                session.layout.private.count
            ),
        );
        add(
            "N-PADDING",
            session.absurd_padding,
            format!(
                "{} packets have a padding count that cannot be, as SRTP hides it; they count whole",
                session.absurd_padding.count
            ),
        );
        let inferred: Vec<_> =
            session.extensions.inferred().map(|(what, id)| format!("{what} {id}")).collect();
        add(
            "N-INFERRED-ID",
            all_if(!inferred.is_empty()),
            format!("found by behaviour: {}", inferred.join(", ")),
        );
        doubts.extend(session.sender_clocks(grain));
        doubts
    }

    /// What looks like RTP and is cut before its header's length, if that is at least half of all that looks like it: else
    /// it is likely to be something else.
    pub(super) fn cut_short(&self) -> Count {
        let cut = self.ledger.get(Unfed::CutShort);
        if 2 * cut.count >= self.tally.of_class(PacketClass::Rtp) { cut } else { Count::default() }
    }

    fn of_frames(&self) -> Vec<Warning> {
        let mut doubts = Doubts::default();
        self.of_grain(&mut doubts);
        let steps = self.tally.time_steps_back;
        let largest_ms = self.tally.largest_step_back as f64 / 1e6;
        let message =
            format!("capture time steps back {}, by {largest_ms:.3} ms at most", times(steps.count));
        doubts.add("W-TIME-STEPS-BACK", steps, message);
        let malformed = self.ledger.get(Unfed::Malformed).count;
        let packets = self.tally.of_class(PacketClass::Rtp) - malformed;
        let copies = self.count_copies();
        let share = 100.0 * copies.count as f64 / packets.max(1) as f64;
        let message = format!("{share:.2} % of the RTP packets are copies, {}", self.copies.describe());
        doubts.add("W-DUPLICATES", copies, message);
        let oversized = self.tally.oversized;
        let message = format!(
            "{} RTP packets are larger than an Ethernet frame, or several of which the snaplen hides some: offload put \
             them together, or the link has large frames; of the former only what shows is read",
            oversized.count
        );
        doubts.add("W-OFFLOAD", oversized, message);
        let aggregated = self.tally.aggregated;
        let message = format!(
            "{} frames hold {} RTP packets that offload put together; each is read, at its frame's time",
            aggregated.count,
            aggregated.count + self.tally.further_segments
        );
        doubts.add("N-AGGREGATED", aggregated, message);
        for cut in [self.ledger.get(Unfed::HeaderCut), self.cut_short()] {
            let message = format!("{} RTP headers are cut by the snaplen before their send time", cut.count);
            doubts.add("W-TRUNCATED", cut, message);
        }
        let without = self.ledger.get(Unfed::NoSendTime);
        let message =
            format!("{} packets of counted streams have no send time and had no effect", without.count);
        doubts.add("W-NO-SEND-TIME", without, message);
        let sender_side = self.ledger.get(Unfed::TransportCc);
        let message = format!(
            "{} packets have a transport-wide sequence number and count for their sender's estimate, not for REMB; \
             --ignore-transport-cc counts them",
            sender_side.count
        );
        doubts.add("W-TRANSPORT-CC", sender_side, message);
        let unread = self.ledger.unread_encapsulations();
        let names: Vec<_> = unread.iter().map(|(name, count)| format!("{} of {name}", count.count)).collect();
        let count = unread.iter().map(|(_, count)| *count).fold(Count::default(), Count::join);
        let message = format!("encapsulations are not read, whatever they carry: {}", names.join(", "));
        doubts.add("W-UNREAD-ENCAPSULATION", count, message);
        doubts.0
    }

    /// Of streams that are RTP.
    fn count_copies(&self) -> Count {
        let streams = self.sessions.iter().flat_map(Session::rtp_streams);
        streams.map(|stream| stream.seen.copies).fold(Count::default(), Count::join)
    }

    fn of_grain(&self, doubts: &mut Doubts) {
        let Some(grain) = self.tally.grain.found() else { return };
        let ms = grain.to_secs_f64() * 1e3;
        let is_note = grain < TimeDelta::from_micros(1003);
        let frames = Count { count: self.tally.frames, first_frame: 1 };
        let message = format!(
            "the capture's clock has a grain of {ms} ms: all its times are multiples of that, and nothing is concluded \
             from less, neither where it was taken nor how clocks drift"
        );
        doubts.add(if is_note { "N-CLOCK-GRAIN" } else { "W-COARSE-CLOCK" }, frames, message);
    }

    fn of_rtcp(&self) -> Vec<Warning> {
        let mut doubts = Doubts::default();
        let copies = self.ledger.get(Unfed::RtcpCopy);
        let message = format!(
            "{} are in the capture twice, byte for byte; each counts once",
            counted(copies.count, "RTCP datagrams")
        );
        doubts.add("W-DUPLICATES", copies, message);
        let unusable = self.unusable_rembs();
        doubts.add("W-REMB-UNUSABLE", unusable.total(), unusable.in_words());
        doubts.0
    }

    fn of_limits(&self) -> Vec<Warning> {
        let mut doubts = Doubts::default();
        let limits = [
            ("W-LIMIT-FLOWS", format!("--max-flows {}", self.config.max_flows), self.tally.over_flow_limit),
            ("W-LIMIT-SSRCS", format!("--max-ssrcs {}", self.config.max_ssrcs), self.tally.over_ssrc_limit),
            ("W-LIMIT-FLOWS", "pairs of ports with RTCP".to_owned(), self.tally.over_conversation_limit),
            ("W-LIMIT-HELD", "memory for packets that wait".to_owned(), self.tally.decided_early),
            (
                "W-LIMIT-ESTIMATED",
                "flows that are estimated".to_owned(),
                self.ledger.get(Unfed::EstimatedLimit),
            ),
        ];
        let dropped = self.conversations.dropped();
        doubts.add(
            "W-LIMIT-RECORDED",
            dropped,
            format!("{} REMBs recorded before their flow was understood found no room", dropped.count),
        );
        for (code, limit, over) in limits {
            doubts.add(code, over, format!("{limit} reached: {} frames beyond it", over.count));
        }
        doubts.0
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

impl Session {
    /// Whether capture times advance by less than a tenth of what RTP timestamps do.
    pub(super) fn is_squashed(&self, grain: Option<TimeDelta>) -> bool {
        let grain = grain.unwrap_or(TimeDelta::ZERO);
        self.rtp_streams().any(|stream| stream.stats.is_squashed(grain))
    }

    /// The stream that tells most of the clocks.
    fn main_stream(&self) -> Option<&Stream> {
        self.rtp_streams().max_by_key(|stream| stream.abs_send_times)
    }
}

/// The drift in parts per million, less what the grain of the capture's clock could make of it.
fn surely_drifts_by(drift: &ClockDrift, grain: Option<TimeDelta>) -> Option<f64> {
    let ppm = drift.ppm()?;
    let span_s = drift.span_nanos().max(1) as f64 / 1e9;
    let doubtful = grain.map_or(0.0, |grain| grain.as_micros() as f64 / span_s);
    Some(ppm.signum() * (ppm.abs() - doubtful).max(0.0))
}
