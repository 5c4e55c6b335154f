//! Calls whose happenings are known, and what `explain` makes of them.
//!
//! ```text
//! seed ─▶ plan ─▶ sender ─▶ bottleneck ─▶ receiver's estimator ─▶ REMBs ─▶ sender (down after a second)
//!                               │
//!                               ├─▶ truth: what its queue did, packet by packet
//!                               └─▶ capture ─▶ replay ─▶ events ─▶ score against the truth
//! ```
//!
//! Labels come from the queue, not from the plan: a link that falls and is not felt is no fall. `scripts/explained` runs
//! thousands of calls with other seeds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it counted"
)]

mod call;
mod capture;
mod gaps;
mod made;
mod plan;
mod recount;
mod rembs;
mod score;
mod truth;

use std::env;

use plan::{Kind, Plan};
use score::Score;

/// Of each kind.
const CALLS: u64 = 12;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// All calls; their first seed and how many of each kind there are may be said by `EXPLAINED_SEED` and `EXPLAINED_CALLS`.
#[test]
fn what_happened_is_named_at_its_second_and_nothing_else_is() {
    let (first, calls) = (number("EXPLAINED_SEED", 0), number("EXPLAINED_CALLS", CALLS));
    let mut score = Score::default();
    for kind in Kind::ALL {
        for seed in first..first + calls {
            let plan = Plan::draw(kind, seed);
            let call = call::run(&plan);
            score.add(&plan, &call, &capture::explain(&plan, &call));
        }
    }
    println!("{score}");
    score.assert_gates();
}
