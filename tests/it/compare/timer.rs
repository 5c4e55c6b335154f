//! The timer of the estimator by RTP timestamps: when it ran in the receiver is told by the REMBs that it sent.

use remb_replay::analysis::compare::{
    Comparison, PhaseReplays, Replays, SecondReading, Settings, Spread, TimerFit,
};
use remb_replay::bwe::PacketArrival;
use remb_replay::capture::{Frame, LinkType};
use remb_replay::remb::{
    InterceptorConfig, Profile, Remb, RembConfig, RembInterceptor, RembReport, RtcpWriter, WriteError,
};
use remb_replay::replay::{Outcome, ReplayConfig};
use remb_replay::units::{
    AbsSendTimeElement, Bitrate, CaptureTime, DataSize, FrameNumber, Ssrc, TimeDelta, Timestamp,
};
use serde_json::Value;

use super::{capture, errors, run};

/// A packet or a REMB of a made call, and when it is captured.
struct Made {
    at_us: i64,
    data: Vec<u8>,
    payload: usize,
}

const SSRC: Ssrc = Ssrc(0x1000);
const PAYLOAD: i64 = 1000;
const SECOND: i64 = 1_000_000;

/// IPv4 and UDP of what one sends to the other, `padding` bytes of which are not captured.
fn datagram(of_receiver: bool, bytes: &[u8], padding: usize) -> Vec<u8> {
    let ends = match of_receiver {
        false => [10, 0, 0, 1, 10, 0, 0, 2, 0x13, 0x8c, 0x17, 0x74],
        true => [10, 0, 0, 2, 10, 0, 0, 1, 0x17, 0x74, 0x13, 0x8c],
    };
    let udp_len = (8 + bytes.len() + padding) as u16;
    let mut data = vec![0x45, 0];
    data.extend((20 + udp_len).to_be_bytes());
    data.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    data.extend(ends);
    data.extend(udp_len.to_be_bytes());
    data.extend([0, 0]);
    data.extend(bytes);
    data
}

#[derive(Default)]
struct Sent(Option<(Bitrate, Vec<Ssrc>)>);

impl RtcpWriter for Sent {
    fn write(&mut self, remb: &RembReport<'_>, _now: Timestamp) -> Result<(), WriteError> {
        self.0 = Some((remb.bitrate, remb.ssrcs.to_vec()));
        Ok(())
    }
}

/// A call of a minute by RTP timestamps, whose receiver's timer began `ahead_us` before the first packet and is late by what
/// `late_us` says of each run. Three times the link is too slow for a second.
fn call(ahead_us: i64, late_us: impl Fn(u64) -> i64) -> Vec<Made> {
    slow_call(&[15, 30, 45], ahead_us, late_us)
}

/// The same with a link that is too slow in these seconds.
fn slow_call(slow: &[i64], ahead_us: i64, late_us: impl Fn(u64) -> i64) -> Vec<Made> {
    let remb = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut receiver =
        RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() }).unwrap();
    let at = |us: i64| Timestamp::from_micros(100 * SECOND + us);
    receiver.bind_rtcp_writer(Sent::default(), at(0));
    receiver.bind_remote_stream(SSRC);
    let (mut made, mut free_us, mut runs) = (Vec::new(), 0, 0);
    for number in 0..6000_i64 {
        let sent_us = number * 10_000;
        let is_slow = slow.contains(&(sent_us / SECOND));
        free_us = free_us.max(sent_us) + if is_slow { 14_000 } else { 7_000 };
        if number == 0 {
            receiver.start_timer(at(free_us - ahead_us));
        }
        let take = |receiver: &mut RembInterceptor<Sent>, now: Timestamp, made: &mut Vec<Made>| {
            let Some((bitrate, ssrcs)) = receiver.writer_mut().unwrap().0.take() else { return };
            let mut bytes = Vec::new();
            Remb::encode(Ssrc(1), bitrate, &ssrcs, &mut bytes).unwrap();
            made.push(Made { at_us: now.as_micros(), data: datagram(true, &bytes, 0), payload: 0 });
        };
        while let Some(due) = receiver.poll_timeout() {
            let run = due + TimeDelta::from_micros(late_us(runs));
            if run > at(free_us) {
                break;
            }
            receiver.handle_timeout(run, &mut ()).unwrap();
            runs += 1;
            take(&mut receiver, run, &mut made);
        }
        let rtp_timestamp = (sent_us * 9 / 100) as u32;
        let arrival = PacketArrival {
            at: at(free_us),
            now: at(free_us),
            ssrc: SSRC,
            send_time: AbsSendTimeElement::Absent,
            rtp_timestamp,
            transmission_offset: 0,
            size: DataSize::from_bytes(PAYLOAD),
        };
        receiver.handle_rtp(&arrival, &mut ()).unwrap();
        let rtp = [
            &[0x80, 96][..],
            &(number as u16).to_be_bytes(),
            &rtp_timestamp.to_be_bytes(),
            &SSRC.0.to_be_bytes(),
        ];
        let payload = PAYLOAD as usize;
        made.push(Made {
            at_us: at(free_us).as_micros(),
            data: datagram(false, &rtp.concat(), payload),
            payload,
        });
        take(&mut receiver, at(free_us), &mut made);
    }
    made
}

fn replay(made: &[Made], config: &ReplayConfig) -> (Outcome, Replays) {
    let spread = Spread { count: 1, grain: TimeDelta::from_millis(1) };
    let mut phases = PhaseReplays::new(config, spread, false).unwrap().unwrap();
    for (number, Made { at_us, data, payload }) in (1..).zip(made) {
        phases.handle_frame(&Frame {
            number: FrameNumber(number),
            at: CaptureTime::from_nanos(i128::from(*at_us) * 1000).unwrap(),
            nanoseconds: false,
            link_type: LinkType(101),
            data,
            original_len: (data.len() + payload) as u32,
            direction: None,
            log: None,
        });
    }
    phases.finish().unwrap()
}

fn config() -> ReplayConfig {
    let mut config = ReplayConfig::default();
    config.parameters.remb.scheduler = Profile::Libwebrtc;
    config
}

/// Read once and, where that is wanted, a second time; the replay's REMBs at first, and the comparison.
fn compared(made: &[Made]) -> (usize, Comparison) {
    let config = config();
    let (mut outcome, mut replays) = replay(made, &config);
    let place = outcome.places[0];
    let at_first = replays.phases[0].at(place).unwrap().replayed.len();
    let second = SecondReading::of(&replays, &outcome, &config);
    assert!(second.is_wanted());
    let (other, others) = replay(made, &second.config(&config));
    second.take(&mut replays, &mut outcome, (others, other), Settings::default());
    (at_first, Comparison::of_capture(&outcome, replays, None, Settings::default()).unwrap())
}

/// Late by 1 to 8 ms, and by 80 once in a while; of no use to guess.
fn lateness(run: u64) -> i64 {
    match run % 97 {
        50 => 80_000,
        _ => 1000 + (run * 7919 % 7000) as i64,
    }
}

#[test]
fn a_timer_that_began_before_the_call_and_is_late_by_ever_other_times_is_found_by_its_rembs() {
    for ahead_us in [1, 137_000, 250_000, 499_000] {
        let (at_first, comparison) = compared(&call(ahead_us, lateness));
        let [flow] = &comparison.flows[..] else { panic!("one flow") };
        let fit = flow.timer.as_ref().unwrap();
        let TimerFit { punctual, at_receivers_rembs: fitted, .. } = fit;
        let recorded = flow.recorded;
        assert!(
            at_first.abs_diff(recorded) >= 2,
            "{ahead_us}: {at_first} REMBs of {recorded}, and yet punctual"
        );
        assert!(punctual.median > 0.005 && punctual.within_1 < 0.8, "{ahead_us}: {fit:?}");
        assert!(fit.is_taken && fit.at_rembs * 100 >= fit.updates * 75, "{ahead_us}: {fit:?}");
        assert!(fitted.median < 1e-9 && fitted.within_5 > 0.99, "{ahead_us}: {fit:?}");
        assert!(fitted.within_1 > punctual.within_1 + 0.1, "{ahead_us}: {fit:?}");
        assert!(fitted.mean_absolute < punctual.mean_absolute * 0.6, "{ahead_us}: {fit:?}");
        assert!(fit.late_us.is_some_and(|late| (4_000..5_000).contains(&late)), "{ahead_us}: {fit:?}");
        assert_eq!(flow.mean.median, fitted.median);
    }
}

#[test]
fn a_timer_that_is_never_late_is_left_as_it_is() {
    let (at_first, comparison) = compared(&call(0, |_| 0));
    let [flow] = &comparison.flows[..] else { panic!("one flow") };
    let fit = flow.timer.as_ref().unwrap();
    assert_eq!((at_first, fit.punctual.within_1, flow.mean.max), (flow.recorded, 1.0, 0.0));
    assert!(!fit.is_taken, "what is equal is not nearer: {fit:?}");
    let mut text = String::new();
    flow.write_text(&mut text).unwrap();
    assert!(text.contains("not taken, for it is not nearer"), "{text}");
}

#[test]
fn one_remb_or_none_or_another_schedule_ask_for_no_more_than_they_can() {
    let mut made = call(137_000, lateness);
    let is_remb = |made: &Made| made.payload == 0;
    let first = made.iter().position(is_remb).unwrap();
    let config = config();
    let (outcome, replays) = replay(&made, &config);
    let mut periodic = config.clone();
    periodic.parameters.remb.scheduler = Profile::Periodic;
    assert!(!SecondReading::of(&replays, &outcome, &periodic).is_wanted());
    let kept = made[first].data.clone();
    made.retain(|made| !is_remb(made) || made.data == kept);
    let (_, comparison) = compared(&made);
    let fit = comparison.flows[0].timer.as_ref().unwrap();
    assert!(fit.at_rembs <= 1 && fit.updates > 200, "{fit:?}");
    made.retain(|made| !is_remb(made));
    let (outcome, replays) = replay(&made, &config);
    assert!(!SecondReading::of(&replays, &outcome, &config).is_wanted());
}

#[test]
fn an_over_use_in_the_first_seconds_is_no_start_up_probe() {
    for ahead_us in [0, 137_000, 499_000] {
        let mut made = slow_call(&[2, 15, 30, 45], ahead_us, lateness);
        let begin_us = made[0].at_us;
        made.retain(|made| made.payload > 0 || made.at_us - begin_us > 5 * SECOND);
        let config = config();
        let (outcome, replays) = replay(&made, &config);
        let second = SecondReading::of(&replays, &outcome, &config);
        assert_eq!(second.notes(true), Vec::<String>::new());
        let (_, comparison) = compared(&made);
        let flow = &comparison.flows[0];
        let fit = flow.timer.as_ref().unwrap();
        let figures = if fit.is_taken { fit.at_receivers_rembs } else { fit.punctual };
        assert_eq!((flow.mean.median, flow.mean.within_1), (figures.median, figures.within_1), "{fit:?}");
    }
}

fn json(arguments: &[&str]) -> Value {
    let output = run(&[&["compare"], arguments, &["--json", "-", "--phases", "10"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Of libwebrtc's own code with a punctual timer: 0.92 % and 95 %.
#[test]
fn chromiums_timer_is_found_in_the_recorded_call_without_abs_send_time() {
    let flow = &json(&[&capture("s06-no-abs-send-time")])["flows"][0];
    let of = |set: &str, figure: &str| flow["timer"][set][figure].as_f64().unwrap() * 100.0;
    assert!((of("punctual", "median") - 0.92).abs() <= 0.5, "{flow}");
    assert!(of("punctual", "within_5") >= 92.0, "{flow}");
    assert!(of("at_receivers_rembs", "median") <= 0.4, "{flow}");
    assert!(of("at_receivers_rembs", "within_1") >= 70.0, "{flow}");
    assert!(of("at_receivers_rembs", "within_5") >= 97.0, "{flow}");
    assert_eq!(flow["timer"]["is_taken"], true);
    assert_eq!(flow["mean"]["median"], flow["timer"]["at_receivers_rembs"]["median"]);
    assert!((2_500..4_000).contains(&flow["timer"]["late_us"].as_i64().unwrap()), "{flow}");
    assert!(flow["mean"]["ssrcs_equal"].as_f64().unwrap() >= 0.99, "{flow}");
}

#[test]
fn a_flow_by_abs_send_time_has_no_such_timer() {
    for flow in json(&[&capture("s12-bidir")])["flows"].as_array().unwrap() {
        assert!(flow.get("timer").is_none(), "{flow}");
    }
}

#[test]
fn what_is_read_once_says_that_its_timer_is_never_late() {
    let file = std::fs::File::open(capture("s06-no-abs-send-time")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    let output = command.args(["compare", "-", "--phases", "1"]).stdin(file).output().unwrap();
    let said = errors(&output);
    assert!(said.contains("timer of the estimator by RTP timestamps is never late here"), "{said}");
    assert!(!String::from_utf8(output.stdout).unwrap().contains("timer"));
}
