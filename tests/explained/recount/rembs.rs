//! The receiver's own REMBs, and what is said of them.

use remb_replay::model::{Divergence, Fall};

use super::super::call::Call;
use super::super::plan::{Plan, SECOND};
use super::Counted;

/// In calls of odd seeds the receiver knows better for 10 s.
const OTHER: std::ops::Range<i64> = 20 * SECOND..30 * SECOND;

fn differs(plan: &Plan) -> bool {
    plan.seed / 64 % 2 == 1
}

/// REMBs as they are recorded, µs and bit/s.
pub(super) fn recorded(plan: &Plan, call: &Call) -> Vec<(i64, i64)> {
    let other = |at: i64, bps: i64| if differs(plan) && OTHER.contains(&at) { bps * 5 / 4 } else { bps };
    call.rembs.iter().map(|(at, bps)| (*at, other(*at, *bps))).collect()
}

impl Counted {
    /// Whether some REMB until a second after a fall is 3 % below the most of the second before it.
    pub(super) fn recorded(&self, fall: &Fall, at: i64, until: i64) {
        let stood = self.rembs.partition_point(|(then, _)| *then <= at - SECOND).saturating_sub(1);
        let around: Vec<_> =
            self.rembs[stood..].iter().take_while(|(then, _)| *then <= until + SECOND).collect();
        let before = around.iter().filter(|(then, _)| *then < at);
        let most = before.max_by_key(|(_, bps)| *bps);
        let fell = most.map(|most| {
            around.iter().any(|(then, bps)| *then > most.0 && *bps as f64 <= 0.97 * most.1 as f64)
        });
        match fall.recorded {
            Some(said) => assert_eq!(Some(said), fell, "{fall:?} at {at}"),
            None => assert_ne!(fell, Some(true), "{fall:?} at {at}"),
        }
    }

    /// Both sides of it are what was sent and estimated then.
    pub(super) fn divergence(&self, apart: &Divergence, at: i64, until: i64) {
        let near = |from: i64, to: i64| self.rembs.iter().filter(move |(then, _)| (from..=to).contains(then));
        let (recorded, replayed) = (apart.recorded.as_bps(), apart.replayed.as_bps());
        // 18 bits of it are sent.
        let is_sent = |bps: i64| (bps as f64 / recorded as f64 - 1.0).abs() < 1e-4;
        assert!(near(at, until).any(|(_, bps)| is_sent(*bps)), "{apart:?}");
        assert!(
            self.rows(at - SECOND, until)
                .any(|row| row.step.estimate.is_some_and(|estimate| estimate.as_bps() == replayed)),
            "{apart:?}"
        );
        // Farther than 5 %, and no farther than some REMB and the estimate of its time were.
        let apart_by = |replayed: i64, recorded: i64| (replayed as f64 / recorded as f64 - 1.0).abs();
        let estimate_at = |at: i64| {
            let behind = self.rows.partition_point(|row| row.at < at);
            self.rows[..behind]
                .iter()
                .rev()
                .find_map(|row| row.step.estimate)
                .map(|estimate| estimate.as_bps())
        };
        let shares = near(at, until).filter_map(|(then, bps)| Some(apart_by(estimate_at(*then)?, *bps)));
        let most = shares.fold(0.0, f64::max);
        let share = apart_by(replayed, recorded);
        assert!(share > 0.05 && share <= most + 1e-4, "{share} of {most}, {apart:?} {at}–{until}");
    }
}
