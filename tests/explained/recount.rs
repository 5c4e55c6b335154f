//! The numbers of events, counted once more from the rows of `estimate.csv`, from the packets and from the REMBs. What the
//! link carried and what came before are told over a span whose beginning no event names: some beginning has to fit them.

mod rembs;

use std::convert::Infallible;
use std::io::Cursor;

use remb_replay::bwe::Step;
use remb_replay::capture::Capture;
use remb_replay::model::{Conditions, Event, Fall, FallCause, Happening, Loss, NoRise, Presence};
use remb_replay::replay::{ReplayConfig, Sink, replay};
use remb_replay::survey::FlowInfo;
use remb_replay::units::CaptureTime;

use super::call::{Call, EPOCH, Packet, Role, sender_clock};
use super::capture::{arrivals, pcap_with};
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
    /// REMBs that were recorded.
    rembs: Vec<(i64, i64)>,
}

impl Counted {
    fn of(plan: &Plan, call: &Call) -> (Self, Vec<Event>, i64) {
        let mut rows = Rows::default();
        let rembs = rembs::recorded(plan, call);
        let capture = Capture::from_reader(Cursor::new(pcap_with(plan, call, &rembs)));
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
        (Self { plan: plan.clone(), rows: rows.0, packets, rembs }, events, first)
    }

    /// The least queue of the last two frames, at least 100 ms.
    fn standing(&self, at: i64) -> f64 {
        self.least(at - self.window_micros(), at)
    }

    fn window_micros(&self) -> i64 {
        (2 * self.plan.frame_interval).clamp(100 * MS, 500 * MS)
    }

    fn least(&self, from: i64, to: i64) -> f64 {
        self.within(from, to).iter().map(|(_, queue, _)| *queue).fold(f64::MAX, f64::min)
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
            Happening::Estimator(change) => {
                let before = self.rows.iter().rev().find(|row| row.at < at).map(|row| row.step.estimator);
                assert_ne!(before, Some(change.to));
                assert!(self.rows(at, at).any(|row| row.step.estimator == change.to));
            }
            Happening::Divergence(apart) => self.divergence(apart, at, until),
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
        self.recorded(fall, at, until);
        if self.plan.path_step.or(self.plan.clock_step).is_some_and(|(from, _)| from <= until + 5 * SECOND) {
            // The floor is another since.
            return;
        }
        let (most, _) = self.longest(at - 5 * SECOND, until + SECOND / 2);
        let (during, _) = self.longest(at, until + SECOND / 2 - 100 * MS);
        let said = fall.queue_ms.unwrap();
        // It is looked at every 50 ms, and its buckets are of 8 ms.
        assert!(said <= most + 1.0 && said >= 0.6 * during - 15.0, "queue {said} and {most} ms, {fall:?}");
        let waited =
            |from: i64, to: i64| self.within(from, to).iter().map(|(_, queue, _)| *queue).fold(0.0, f64::max);
        let (least, most) = (waited(at, until + 2 * SECOND / 5), waited(at - 6 * SECOND, until + SECOND));
        let said = fall.packet_queue_ms.unwrap();
        assert!(said >= least - 0.05 && said <= most + 0.05, "{least}–{most} ms, {fall:?}");
        self.window(fall, at, until);
        self.burst(fall, at);
        let onsets = || (at - 5 * SECOND - 100 * MS..=at).step_by(50_000);
        if let Some(link) = fall.link {
            let said = link.as_bps() as f64;
            let is_near = |onset: i64| {
                let of = [true, false].map(|stands| self.link(onset, until + SECOND / 2, stands));
                of.into_iter().flatten().any(|counted| (counted / said - 1.0).abs() <= 0.05)
            };
            assert!(onsets().any(is_near), "{fall:?} at {at}");
        }
        if let (FallCause::OverUse(_), Some(came), true) = (fall.cause, fall.came, at >= 7 * SECOND) {
            let is_near =
                |onset| (self.came(onset - 2 * SECOND, onset) / came.as_bps() as f64 - 1.0).abs() <= 0.06;
            assert!(onsets().any(is_near), "{fall:?} at {at}");
        }
    }

    /// From a queue as it was before to its most.
    fn window(&self, fall: &Fall, at: i64, until: i64) {
        let (Some(window), Some(before), Some(most)) = (fall.window, fall.queue_before_ms, fall.queue_ms)
        else {
            return;
        };
        // Its buckets are of 8 ms, and the interval between frames is known to a fifth.
        let is_near = |now: i64, ms: f64| {
            let windows = (self.window_micros() - 8 * MS..=self.window_micros() * 5 / 4).step_by(2000);
            windows.into_iter().any(|window| (self.least(now - window, now) - ms).abs() <= 2.0)
        };
        let mut peaks = self.within(at - 5 * SECOND, until + 3 * SECOND / 5).iter().map(|(at, ..)| *at);
        assert!(
            peaks.any(|peak| is_near(peak, most) && is_near(peak - window.as_micros(), before)),
            "{fall:?} at {at}"
        );
    }

    /// A frame, or as much of it as had come.
    fn burst(&self, fall: &Fall, at: i64) {
        let Some(burst) = fall.burst else { return };
        let (mut frames, mut largest) = (std::collections::BTreeMap::new(), 0);
        let mut has = false;
        for (arrived, _, packet) in self.within(at - 6 * SECOND, at + 7 * SECOND / 10) {
            if packet.role == Role::Padding {
                continue;
            }
            let frame = frames.entry((packet.role as usize, packet.timestamp)).or_insert(0);
            *frame += packet.bytes;
            has |= *frame == burst.bytes as i64;
            if (at - SECOND / 4..at).contains(arrived) {
                largest = largest.max(*frame);
            }
        }
        assert!(has && largest <= burst.bytes as i64, "{largest}, {fall:?} at {at}");
    }

    /// What packets carried that waited, one behind the other; those alone that came while a queue stood.
    fn link(&self, from: i64, to: i64, stands: bool) -> Option<f64> {
        let (mut bytes, mut micros, mut count) = (0, 0, 0);
        let first = self.packets.partition_point(|(at, ..)| *at < from).max(1);
        for pair in self.packets[first - 1..].windows(2).take_while(|pair| pair[1].0 <= to) {
            let (at, queue, packet) = pair[1];
            let gap = at - pair[0].0;
            if queue >= 8.0 && gap as f64 / 1e3 <= queue && (!stands || self.standing(at) >= 8.0) {
                (bytes, micros, count) = (bytes + packet.bytes, micros + gap, count + 1);
            }
        }
        (count >= 8 && micros > 0).then(|| bytes as f64 * 8e6 / micros as f64)
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
        let (mut longest, mut sum) = (0, 0.0);
        let first = self.packets.partition_point(|(then, ..)| *then < at).max(1);
        for pair in self.packets[first - 1..].windows(2).take_while(|pair| pair[1].0 <= until) {
            let before = self.packets.iter().rev().find(|(then, _, packet)| {
                packet.role == pair[1].2.role && (*then, packet.number) < (pair[1].0, pair[1].2.number)
            });
            let lost = before.map_or(1, |(.., before)| pair[1].2.number.wrapping_sub(before.number)) - 1;
            if pair[1].2.role != Role::Padding {
                longest = longest.max(u64::from(lost));
                sum += f64::from(lost) * pair[1].1.max(pair[0].1);
            }
        }
        assert_eq!(loss.longest, longest, "{loss:?} at {at}");
        let queue = sum / loss.lost as f64;
        assert!((loss.queue_ms.unwrap() - queue).abs() < 0.1, "{queue} ms, {loss:?} at {at}");
    }
}

#[test]
fn every_number_is_what_rows_and_packets_say() {
    let (mut counted, mut apart) = (0, 0);
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
                apart += usize::from(matches!(event.what, Happening::Divergence(_)));
            }
        }
    }
    assert!(counted > 200 && apart >= 10, "{counted}, {apart} apart");
}
