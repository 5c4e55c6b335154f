//! Doubts about a replay, each with a code and where to look.

use crate::report::summary::{Count, Warning};

use super::Replay;
use super::ledger::Unfed;
use super::session::Session;
use super::stream::Stream;

impl Replay {
    /// All that a reader of the result should know.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<_> = self.estimated().flat_map(|session| self.of_flow(session)).collect();
        warnings.extend(self.streams().filter(|stream| stream.turned_out_to_be_audio()).map(late_audio));
        warnings.extend(self.of_frames());
        warnings.extend(self.of_limits());
        warnings
    }

    fn estimated(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(|session| session.packets_fed > 0)
    }

    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.sessions.iter().flat_map(|session| &session.streams)
    }

    fn of_flow(&self, session: &Session) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |code, message: &str| {
            warnings.push(Warning { code, message: format!("{}: {message}", session.flow), count: None });
        };
        let delivered = session.timeline.as_ref().and_then(super::timeline::Timeline::delivered_rtt);
        if self.config.rtt.is_none() && delivered.is_none() {
            warn(
                "W-RTT-DEFAULT",
                "round trip time not known, 200 ms taken: where the real one is shorter, the estimate rises too \
                 slowly near the link's capacity and falls too seldom; --rtt sets it",
            );
        }
        if session.estimator().is_some_and(|estimator| estimator.estimate().is_none()) {
            warn(
                "W-NO-ESTIMATE",
                "no estimate before its end; 5 s of throughput, a packet train or an over-use is needed",
            );
        }
        if self.capture_point(session).is_some_and(|point| point.is_sender) {
            warn(
                "W-SENDER-SIDE",
                "captured where it was sent: its capture times are no arrival times, and the estimate is not what its \
                 receiver saw",
            );
        }
        if session.extensions.abs_capture_time.id.is_some() && session.extensions.abs_send_time.id.is_none() {
            warn(
                "W-CAPTURE-TIME",
                "abs-capture-time serves as send time: a frame is one group, and delays of encoder, pacer and \
                 retransmission look like delays of the network",
            );
        }
        warnings
    }

    fn of_frames(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |code, count: Count, message: String| {
            if count.count > 0 {
                warnings.push(Warning { code, message, count: Some(count) });
            }
        };
        let steps = self.counts.time_steps_back;
        warn("W-TIME-STEPS-BACK", steps, format!("capture time steps back {} times", steps.count));
        if !self.config.dedup {
            let repeats = self.dedup.repeats();
            let share = 100.0 * repeats.count as f64 / self.counts.rtp_packets.max(1) as f64;
            let message =
                format!("{share:.2} % of the RTP packets repeat one of the last 1 ms; --dedup drops them");
            warn("W-DUPLICATES", repeats, message);
        }
        let cut = self.ledger.get(Unfed::HeaderCut);
        let message = format!("{} RTP headers are cut by the snaplen before their send time", cut.count);
        warn("W-TRUNCATED", cut, message);
        let without = self.ledger.get(Unfed::NoSendTime);
        let message =
            format!("{} packets of counted streams have no send time and had no effect", without.count);
        warn("W-NO-SEND-TIME", without, message);
        let sender_side = self.ledger.get(Unfed::TransportCc);
        let message = format!(
            "{} packets have a transport-wide sequence number and count for their sender's estimate, not for REMB; \
             --ignore-transport-cc counts them",
            sender_side.count
        );
        warn("W-TRANSPORT-CC", sender_side, message);
        warnings
    }

    fn of_limits(&self) -> impl Iterator<Item = Warning> {
        let limits = [
            ("W-LIMIT-FLOWS", format!("--max-flows {}", self.config.max_flows), self.counts.over_flow_limit),
            ("W-LIMIT-SSRCS", format!("--max-ssrcs {}", self.config.max_ssrcs), self.counts.over_ssrc_limit),
            ("W-LIMIT-HELD", "memory for packets that wait".to_owned(), self.counts.decided_early),
        ];
        limits.into_iter().filter(|(.., over)| over.count > 0).map(|(code, limit, over)| {
            let message = format!("{limit} reached: {} frames beyond it", over.count);
            Warning { code, message, count: Some(over) }
        })
    }
}

fn late_audio(stream: &Stream) -> Warning {
    let message =
        format!("{} turned out to be audio after {} of its packets were fed", stream.ssrc, stream.fed);
    Warning { code: "W-LATE-AUDIO", message, count: None }
}
