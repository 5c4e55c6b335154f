//! What was found of what happened, and what was claimed of what did not.

use std::collections::BTreeMap;
use std::fmt;

use remb_replay::model::{Event, FallCause, Happening, WhyNoRemb};

use super::call::Call;
use super::capture::Explained;
use super::plan::{Kind, Plan, SECOND};
use super::truth::{self, Span};

/// An event is at its second if it is this near.
const NEAR: i64 = SECOND / 2;
/// What arrives was sent before, by the path and the queue in front of it.
const ON_ITS_WAY: i64 = 1_100_000;

/// Of one type.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    happened: usize,
    found: usize,
    claimed: usize,
    wrong: usize,
}

/// Of all calls.
#[derive(Default)]
pub(crate) struct Score {
    calls: usize,
    types: BTreeMap<&'static str, Tally>,
    /// What was said of falls that happened, by what might have been said.
    causes: BTreeMap<&'static str, Tally>,
    misses: Vec<String>,
}

/// An event's span since the call's beginning, µs.
fn span(event: &Event, first: i64) -> Span {
    let micros = |nanos: i64| nanos / 1000 + first;
    (micros(event.at.0), micros(event.until.unwrap_or(event.at).0))
}

impl Score {
    fn of(&mut self, name: &'static str) -> &mut Tally {
        self.types.entry(name).or_default()
    }

    fn miss(&mut self, plan: &Plan, what: &str) {
        if self.misses.len() < 400 {
            self.misses.push(format!("{:?} {}: {what}", plan.kind, plan.seed / 64));
        }
    }

    pub(crate) fn add(&mut self, plan: &Plan, call: &Call, explained: &Explained) {
        self.calls += 1;
        match plan.kind {
            Kind::TransportCc => return self.no_remb(plan, explained, WhyNoRemb::TransportCc),
            Kind::AudioAlone => return self.no_remb(plan, explained, WhyNoRemb::AudioAlone),
            _ => {}
        }
        self.falls(plan, call, explained);
        self.losses(plan, call, explained);
        self.gaps(plan, call, explained);
        self.path(plan, explained);
        self.holds(plan, explained);
    }

    fn no_remb(&mut self, plan: &Plan, explained: &Explained, why: WhyNoRemb) {
        let is_said = |event: &Event| matches!(&event.what, Happening::NoRemb(none) if none.why == why);
        let found = explained.events.iter().any(is_said);
        let tally = self.of("no-remb");
        (tally.happened, tally.found) = (tally.happened + 1, tally.found + usize::from(found));
        if !found {
            self.miss(plan, &format!("not {why:?}: {:?}", explained.events));
        }
    }

    fn falls(&mut self, plan: &Plan, call: &Call, explained: &Explained) {
        let said: Vec<_> = explained
            .events
            .iter()
            .filter_map(|event| match &event.what {
                Happening::Fall(fall) => Some((span(event, explained.first), fall)),
                _ => None,
            })
            .collect();
        let truths = truth::falls(plan, call);
        for truth in &truths {
            self.of("fall").happened += 1;
            let of = said.iter().find(|((from, to), _)| (from - NEAR..=to + NEAR).contains(&truth.at));
            let Some(((from, until), fall)) = of else {
                self.miss(plan, &format!("no fall at {:.2}", truth.at as f64 / 1e6));
                continue;
            };
            self.of("fall").found += 1;
            // Those that follow within the same event are not named on their own.
            if (from - truth.at).abs() > NEAR {
                continue;
            }
            let FallCause::OverUse(why) = fall.cause else { continue };
            // What is said is said of the whole event, in which there may be several falls.
            let mut within = truths.iter().filter(|other| (truth.at..=until + NEAR).contains(&other.at));
            let is_right = within.any(|other| other.causes.contains(why.name()));
            let tally = self.causes.entry(why.name()).or_default();
            tally.claimed += 1;
            tally.wrong += usize::from(!is_right);
            if !is_right {
                let text = format!(
                    "fall at {:.2}–{:.2} is {}, not {:?} ({}); link {:?} came {:?} queue {:?} → {:?}",
                    truth.at as f64 / 1e6,
                    truth.until as f64 / 1e6,
                    why.name(),
                    truth.causes,
                    truth.shown,
                    fall.link.map(|r| r.as_bps()),
                    fall.came.map(|r| r.as_bps()),
                    fall.queue_before_ms,
                    fall.queue_ms,
                );
                self.miss(plan, &text);
            }
        }
    }

    fn losses(&mut self, plan: &Plan, call: &Call, explained: &Explained) {
        let truths = truth::losses(call);
        let said: Vec<_> = explained
            .events
            .iter()
            .filter_map(|event| match &event.what {
                Happening::Loss(loss) => Some((span(event, explained.first), loss)),
                _ => None,
            })
            .collect();
        for truth in truths.iter().filter(|truth| truth.lost >= 5 && truth.share >= 0.02) {
            self.of("loss").happened += 1;
            let (from, to) = (truth.span.0 - NEAR, truth.span.0 + ON_ITS_WAY + NEAR);
            let of = said.iter().find(|((at, until), _)| *at <= to && *until >= from);
            self.of("loss").found += usize::from(of.is_some());
            match (of, truth.cause) {
                (None, _) => self.miss(plan, &format!("no loss of {} at {:?}", truth.lost, truth.span)),
                (Some((_, loss)), Some(cause)) => {
                    let tally = self.causes.entry(cause).or_default();
                    tally.claimed += 1;
                    let is_wrong = loss.cause.name() != cause;
                    tally.wrong += usize::from(is_wrong);
                    if is_wrong {
                        self.miss(
                            plan,
                            &format!("loss at {:?} ({}) is not {cause}: {loss:?}", truth.span, truth.lost),
                        );
                    }
                }
                _ => {}
            }
        }
        for ((from, to), _) in said {
            let lost = truth::lost_within(call, (from - 2 * ON_ITS_WAY, to));
            let tally = self.of("loss");
            tally.claimed += 1;
            tally.wrong += usize::from(lost == 0);
        }
    }

    fn gaps(&mut self, plan: &Plan, call: &Call, explained: &Explained) {
        let first = explained.first;
        let of = |name: &'static str| {
            explained
                .events
                .iter()
                .filter(move |event| event.what.name() == name)
                .map(move |event| span(event, first))
        };
        let gaps = truth::gaps(call);
        for (name, planned) in [("pause", plan.pause), ("outage", plan.outage)] {
            let others = gaps.iter().filter(|(from, to)| {
                let long = to - from >= 600_000 && (to - from) as f64 > 2.6 * plan.frame_interval as f64;
                long && planned.is_some_and(|(begins, ends)| *from < ends && *to > begins)
            });
            for (from, to) in others {
                let found =
                    of(name).any(|(at, until)| (at - from).abs() <= NEAR && (until - to).abs() <= NEAR);
                let tally = self.of(name);
                (tally.happened, tally.found) = (tally.happened + 1, tally.found + usize::from(found));
                if !found {
                    self.miss(plan, &format!("no {name} {from}–{to}"));
                }
            }
            for (from, to) in of(name) {
                let is_planned =
                    planned.is_some_and(|(begins, ends)| from < ends + ON_ITS_WAY && to > begins);
                // A sender may pause for want of rate, too.
                let is_true =
                    is_planned || (name == "pause" && gaps.iter().any(|gap| (gap.0 - from).abs() <= NEAR));
                let tally = self.of(name);
                (tally.claimed, tally.wrong) = (tally.claimed + 1, tally.wrong + usize::from(!is_true));
                if !is_true {
                    self.miss(plan, &format!("{name} {from}–{to} is none"));
                }
            }
        }
    }

    fn path(&mut self, plan: &Plan, explained: &Explained) {
        let step = plan.path_step.or(plan.clock_step);
        let said: Vec<_> = explained
            .events
            .iter()
            .filter(|event| event.what.name() == "path")
            .map(|event| span(event, explained.first).0)
            .collect();
        let is_near = |at: i64| step.is_some_and(|(from, _)| (from - NEAR..=from + 2 * NEAR).contains(&at));
        if step.is_some() {
            let found = said.iter().any(|at| is_near(*at));
            let tally = self.of("path");
            (tally.happened, tally.found) = (tally.happened + 1, tally.found + usize::from(found));
            if !found {
                self.miss(plan, &format!("no path step at {step:?}, but {said:?}"));
            }
        }
        for at in said {
            let tally = self.of("path");
            (tally.claimed, tally.wrong) = (tally.claimed + 1, tally.wrong + usize::from(!is_near(at)));
            if !is_near(at) {
                self.miss(plan, &format!("path step at {at} is none"));
            }
        }
    }

    /// A sender that has no more to send is what limits the estimate.
    fn holds(&mut self, plan: &Plan, explained: &Explained) {
        if !matches!(plan.kind, Kind::Plateau | Kind::Padding) {
            return;
        }
        let holds = explained.events.iter().filter(|event| event.what.name() == "no-rise");
        let found = holds.clone().any(|event| format!("{:?}", event.what).contains("IncomingLimit"));
        let tally = self.of("no-rise");
        (tally.happened, tally.found) = (tally.happened + 1, tally.found + usize::from(found));
        if !found {
            self.miss(plan, &format!("no hold by the sender: {:?}", holds.collect::<Vec<_>>()));
        }
    }

    fn recall(&self, name: &str) -> f64 {
        let tally = self.types.get(name).copied().unwrap_or_default();
        tally.found as f64 / tally.happened.max(1) as f64
    }

    fn wrong(&self, of: &[&str], among: &BTreeMap<&'static str, Tally>) -> f64 {
        let tallies = of.iter().filter_map(|name| among.get(name));
        let (claimed, wrong) =
            tallies.fold((0, 0), |(claimed, wrong), tally| (claimed + tally.claimed, wrong + tally.wrong));
        wrong as f64 / f64::from(u32::try_from(claimed.max(1)).unwrap())
    }

    pub(crate) fn assert_gates(&self) {
        let causes: Vec<_> =
            self.causes.keys().copied().filter(|cause| !["queue-full", "random"].contains(cause)).collect();
        assert!(self.recall("fall") >= 0.97, "falls found");
        assert!(self.wrong(&causes, &self.causes) <= 0.05, "causes of falls");
        for name in ["loss", "pause", "outage", "path", "no-remb"] {
            assert!(self.recall(name) >= 0.98, "{name}");
        }
        assert!(
            self.wrong(&["link", "burst", "path"], &self.causes) <= 0.01,
            "claims about link, burst, path"
        );
        assert!(
            self.wrong(&["path", "outage"], &self.types) <= 0.01,
            "claims that the path stepped, of outages"
        );
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for miss in &self.misses {
            writeln!(f, "{miss}")?;
        }
        writeln!(f, "{} calls", self.calls)?;
        for (name, tally) in &self.types {
            writeln!(
                f,
                "{name:12} happened {:5} found {:5}; claimed {:5} wrong {:4}",
                tally.happened, tally.found, tally.claimed, tally.wrong
            )?;
        }
        for (name, tally) in &self.causes {
            writeln!(f, "  why {name:12} claimed {:5} wrong {:4}", tally.claimed, tally.wrong)?;
        }
        Ok(())
    }
}
