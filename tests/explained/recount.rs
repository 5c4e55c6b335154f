//! Every number of every event, counted once more from the rows of `estimate.csv` and from the packets.

use std::convert::Infallible;
use std::io::Cursor;

use remb_replay::bwe::Step;
use remb_replay::capture::Capture;
use remb_replay::model::{Conditions, Event, Fall, FallCause, Happening, Loss, NoRise, Presence};
use remb_replay::replay::{ReplayConfig, Sink, replay};
use remb_replay::survey::FlowInfo;
use remb_replay::units::CaptureTime;

use super::call::{Call, EPOCH, Packet, Role, sender_clock};
use super::capture::{arrivals, pcap};
use super::plan::{Kind, Plan, SECOND};

const MS: i64 = 1000;

/// A row of `estimate.csv`, with its time since the call's beginning, µs.
struct Row {
    at: i64,
    step: Step,
    conditions: Conditions,
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Sink for Rows {
    type Error = Infallible;

    fn step(
        &mut self,
        _: &FlowInfo,
        at: CaptureTime,
        step: &Step,
        conditions: &Conditions,
    ) -> Result<(), Infallible> {
        self.0.push(Row { at: at.as_nanos() / 1000 - EPOCH, step: *step, conditions: *conditions });
        Ok(())
    }
}

/// What is known of a call from its packets alone.
struct Counted {
    plan: Plan,
    rows: Vec<Row>,
    /// Of streams that are fed: arrival, queue, packet.
    packets: Vec<(i64, f64, Packet)>,
}

impl Counted {
    fn of(plan: &Plan, call: &Call) -> (Self, Vec<Event>, i64) {
        let mut rows = Rows::default();
        let capture = Capture::from_reader(Cursor::new(pcap(plan, call)));
        let outcome = replay(capture, &ReplayConfig::default()).unwrap().events(&mut rows).unwrap();
        let first = arrivals(call)[0].0;
        let mut floor: Option<(f64, i64)> = None;
        let mut packets = Vec::new();
        for (at, packet) in arrivals(call).into_iter().filter(|(_, packet)| packet.role != Role::Audio) {
            // abs-send-time counts in 3.8 µs.
            let delay = (at - sender_clock(plan, packet.sent)) as f64 / 1e3;
            let risen = floor.map_or(delay, |(floor, then)| floor + (at - then) as f64 * 250e-9);
            floor = Some((risen.min(delay), at));
            packets.push((at, delay - risen.min(delay), packet));
        }
        let events = outcome.flows.into_iter().next().unwrap().events;
        (Self { plan: plan.clone(), rows: rows.0, packets }, events, first)
    }

    /// The least queue of the last two frames, at least 100 ms.
    fn standing(&self, at: i64) -> f64 {
        let window = (2 * self.plan.frame_interval).clamp(100 * MS, 500 * MS);
        let of = self.within(at - window, at);
        of.iter().map(|(_, queue, _)| *queue).fold(f64::MAX, f64::min)
    }

    fn within(&self, from: i64, to: i64) -> &[(i64, f64, Packet)] {
        let first = self.packets.partition_point(|(at, ..)| *at < from);
        let behind = self.packets.partition_point(|(at, ..)| *at <= to);
        &self.packets[first..behind.max(first)]
    }

    /// When the standing queue was the longest, and how long.
    fn longest(&self, from: i64, to: i64) -> (f64, i64) {
        let times = self.within(from, to).iter().map(|(at, ..)| (self.standing(*at), *at));
        times.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, from))
    }

    /// What arrived, bit/s.
    fn came(&self, from: i64, to: i64) -> f64 {
        let bytes: i64 = self.within(from, to - 1).iter().map(|(.., packet)| packet.bytes).sum();
        bytes as f64 * 8e6 / (to - from) as f64
    }

    /// Numbers that never came between the first and the last of a span, of media; `before`: also those in front of it.
    fn missing(&self, from: i64, to: i64) -> i64 {
        let media = |packet: &Packet| packet.role != Role::Padding;
        let mut missing = 0;
        for role in [Role::Video, Role::SecondVideo] {
            let mut last: Option<u16> = None;
            for (at, _, packet) in
                self.packets.iter().filter(|(.., packet)| media(packet) && packet.role == role)
            {
                let step = last.map_or(1, |last| packet.number.wrapping_sub(last));
                last = Some(packet.number);
                if (from..=to).contains(at) {
                    missing += i64::from(step) - 1;
                }
            }
        }
        missing
    }

    fn rows(&self, from: i64, to: i64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| (from..=to).contains(&row.at))
    }

    fn check(&self, event: &Event, (at, until): (i64, i64)) {
        match &event.what {
            Happening::Fall(fall) => self.fall(fall, at, until),
            Happening::NoRise(hold) => self.hold(hold, at, until),
            Happening::Pause(pause) => self.gap((at, until), pause.gap.as_micros(), pause.lost),
            Happening::Outage(outage) => self.gap((at, until), outage.gap.as_micros(), outage.lost),
            Happening::Loss(loss) => self.loss(loss, at, until),
            Happening::Path(path) => {
                let least = |from: i64, to: i64| {
                    let of = self.within(from, to);
                    of.iter().map(|(at, _, packet)| at - sender_clock(&self.plan, packet.sent)).min().unwrap()
                };
                let step = least(at + SECOND / 2, at + 4 * SECOND) - least(at - 4 * SECOND, at - SECOND / 2);
                assert!((step - path.step.as_micros()).abs() <= 5 * MS, "{step} and {path:?}");
            }
            Happening::Probe(probe) => {
                let row = self.rows(at, at).find(|row| row.step.probe).unwrap();
                assert_eq!(row.step.estimate, Some(probe.to));
            }
            Happening::Stream(stream) => {
                let of = self.packets.iter().filter(|(.., packet)| packet.role.ssrc() == stream.ssrc.0);
                let times: Vec<_> = of.map(|(at, ..)| *at).collect();
                let is_at = match stream.change {
                    Presence::Begins => times[0] == at,
                    Presence::Returns => {
                        times.windows(2).any(|pair| pair[1] == at && pair[1] - pair[0] > 2 * SECOND)
                    }
                    Presence::TimesOut => times
                        .iter()
                        .rev()
                        .find(|time| **time < at)
                        .is_some_and(|last| at - last == 2 * SECOND),
                };
                assert!(is_at, "{stream:?}");
            }
            Happening::Rtt(_) | Happening::Estimator(_) | Happening::Divergence(_) | Happening::NoRemb(_) => {
            }
            other => panic!("{other:?} is not counted"),
        }
    }

    fn fall(&self, fall: &Fall, at: i64, until: i64) {
        let before =
            self.rows.iter().filter(|row| row.at < at).filter_map(|row| row.step.estimate).next_back();
        let mut last = before.or(Some(fall.from));
        assert_eq!(before, Some(fall.from));
        let (mut decreases, mut to, mut incoming) = (0, fall.from, None);
        for row in self.rows(at, until) {
            if row.step.estimate < last {
                decreases += 1;
                to = to.min(row.step.estimate.unwrap());
                incoming = row.step.rate_control.and_then(|run| run.throughput);
            }
            last = row.step.estimate.or(last);
        }
        assert_eq!((fall.decreases, fall.to), (decreases, to));
        assert_eq!(fall.incoming, incoming);
        let first =
            self.rows(at, at).find(|row| row.step.packet.is_some()).map(|row| row.step.packet.unwrap().delay);
        assert_eq!(fall.gradient_ms, first.map(|delay| delay.modified_offset_ms));
        assert_eq!(fall.threshold_ms, first.map(|delay| delay.threshold_ms));
        if self.plan.path_step.or(self.plan.clock_step).is_some_and(|(from, _)| from <= until + 5 * SECOND) {
            // The floor is another since.
            return;
        }
        let (most, peak) = self.longest(at - 5 * SECOND, until + SECOND / 2);
        let (during, _) = self.longest(at, until + SECOND / 2 - 100 * MS);
        let said = fall.queue_ms.unwrap();
        // It is looked at every 50 ms, and its buckets are of 8 ms.
        assert!(said <= most + 1.0 && said >= 0.6 * during - 15.0, "queue {said} and {most} ms, {fall:?}");
        let FallCause::OverUse(_) = fall.cause else { return };
        let (Some(window), Some(came)) = (fall.window, fall.came) else { return };
        let near = |from: i64, to: i64, what: f64, within: f64| {
            (from..=to)
                .step_by(50_000)
                .any(|onset| (self.came(onset - 2 * SECOND, onset) / what - 1.0).abs() <= within)
        };
        let _ = (peak, window);
        assert!(
            at < 7 * SECOND || near(at - 5 * SECOND - 100 * MS, at, came.as_bps() as f64, 0.06),
            "{fall:?} at {at}"
        );
    }

    fn hold(&self, hold: &NoRise, at: i64, until: i64) {
        let held = hold.held.as_bps() as f64;
        let (mut sum, mut count) = (0.0, 0.0);
        for row in self.rows(at, until).filter(|row| row.step.estimate.is_some()) {
            // At the first instant there may be a row before it.
            let estimate = row.step.estimate.unwrap().as_bps() as f64;
            if row.at > at {
                assert!((estimate / held - 1.0).abs() <= 0.011, "{hold:?} at {}", row.at);
            }
            if let Some(incoming) = row.step.incoming {
                (sum, count) = (sum + incoming.as_bps() as f64, count + 1.0);
            }
        }
        assert!((sum / count / hold.incoming.unwrap().as_bps() as f64 - 1.0).abs() < 0.01, "{hold:?}");
    }

    fn gap(&self, (from, to): (i64, i64), gap: i64, lost: u64) {
        let behind = self.packets.partition_point(|(at, ..)| *at <= from);
        assert_eq!((self.packets[behind - 1].0, self.packets[behind].0), (from, to));
        assert_eq!(gap, to - from);
        assert_eq!(lost as i64, self.missing(from + 1, to));
    }

    fn loss(&self, loss: &Loss, at: i64, until: i64) {
        assert_eq!(loss.lost as i64, self.missing(at, until), "{loss:?}");
        let came = self.within(at, until).iter().filter(|(.., packet)| packet.role != Role::Padding).count();
        // Others of the last instant may be behind it.
        assert!((loss.expected as i64 - loss.lost as i64 - came as i64).abs() <= 3, "{loss:?}, {came} came");
    }
}

#[test]
fn every_number_is_what_rows_and_packets_say() {
    let mut counted = 0;
    for kind in Kind::ALL {
        if matches!(kind, Kind::TransportCc | Kind::AudioAlone) {
            continue;
        }
        for seed in 7000..7004 {
            let plan = Plan::draw(kind, seed);
            let call = super::call::run(&plan);
            let (of_call, events, first) = Counted::of(&plan, &call);
            let lost: i64 = of_call.rows.iter().map(|row| row.conditions.lost).sum();
            let last = of_call.rows.last().unwrap().at;
            assert_eq!(lost, of_call.missing(0, last), "{plan:?}");
            // abs-send-time counts in 3.8 µs, and the floor rises by 8 µs a frame.
            for row in of_call.rows.iter().filter(|row| row.step.packet.is_some()) {
                let queue = of_call.within(row.at, row.at);
                let said = row.conditions.queue_ms.unwrap();
                let stepped = plan.path_step.or(plan.clock_step).is_some_and(|(from, _)| row.at >= from);
                let is_near = queue.iter().any(|(_, queue, _)| (queue - said).abs() < 0.05);
                assert!(is_near || stepped, "{said} ms at {}: {queue:?}", row.at);
            }
            for event in &events {
                let micros = |nanos: i64| nanos / 1000 + first;
                of_call.check(event, (micros(event.at.0), micros(event.until.unwrap_or(event.at).0)));
                counted += 1;
            }
        }
    }
    assert!(counted > 200, "{counted}");
}
