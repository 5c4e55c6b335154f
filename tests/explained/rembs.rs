//! The receiver's own REMBs beside the replayed estimate.

use remb_replay::model::{Divergence, Happening};
use remb_replay::replay::ReplayConfig;
use remb_replay::survey::{SurveyConfig, TimeBound};

use super::made::{MS, Made, SSRC, Said, video};
use super::plan::SECOND;

/// A video whose packets wait up to 300 ms from 20 to 21 s.
fn queued() -> Vec<Made> {
    let mut made = video(40 * SECOND, 3);
    for one in &mut made {
        if let Made::Packet { at, sent, .. } = one {
            let waits = (*sent - 20 * SECOND).clamp(0, SECOND) * 3 / 10;
            let drained = (*sent - 21 * SECOND).clamp(0, SECOND) * 3 / 10;
            *at += waits - drained;
        }
    }
    made
}

/// A REMB every 200 ms, each one a little more than the last, for as long as `rate` says one.
fn with_rembs(packets: &[Made], rate: impl Fn(i64) -> Option<i64>) -> Vec<Made> {
    let mut made = packets.to_vec();
    for n in 0..200 {
        let at = n * 200 * MS + 10 * MS;
        if let Some(bps) = rate(at) {
            made.push(Made::Remb { at, bps: bps + n * 8, ssrcs: vec![SSRC] });
        }
    }
    made.sort_by_key(Made::at);
    made
}

/// Whether it is said that the receiver's REMB fell with the only fall after 15 s, and when that was.
fn fell_too(made: &[Made]) -> (i64, Option<bool>) {
    let said = Said::of(made, true);
    let mut falls = said.events.iter().filter_map(|event| match &event.what {
        Happening::Fall(fall) if event.at.0 > 15_000_000_000 => Some((event.at.0 / 1000, fall.recorded)),
        _ => None,
    });
    let first = made.iter().map(Made::at).min().unwrap();
    let (at, recorded) = falls.next().unwrap();
    assert_eq!(falls.count(), 0);
    (at + first, recorded)
}

#[test]
fn a_receiver_that_falls_a_little_before_or_after_fell_too() {
    let packets = queued();
    let (at, unknown) = fell_too(&packets);
    assert_eq!(unknown, None, "there are no REMBs");
    for after in [-900 * MS, -50 * MS, -MS, 50 * MS, 900 * MS] {
        let rate = |now: i64| Some(if now < at + after { 1_000_000 } else { 800_000 });
        let mut made = with_rembs(&packets, rate);
        made.push(Made::Remb { at: at + after, bps: 800_000, ssrcs: vec![SSRC] });
        made.sort_by_key(Made::at);
        assert_eq!(fell_too(&made), (at, Some(true)), "{after}");
    }
    assert_eq!(fell_too(&with_rembs(&packets, |_| Some(1_000_000))).1, Some(false));
    let much_later = |now: i64| Some(if now < at + 3 * SECOND { 1_000_000 } else { 800_000 });
    assert_eq!(fell_too(&with_rembs(&packets, much_later)).1, Some(false));
    let much_before = |now: i64| Some(if now < at - 2 * SECOND { 1_000_000 } else { 800_000 });
    assert_eq!(fell_too(&with_rembs(&packets, much_before)).1, Some(false));
}

#[test]
fn of_rembs_that_ended_or_are_of_several_receivers_nothing_is_said() {
    let packets = queued();
    assert_eq!(fell_too(&with_rembs(&packets, |at| (at < 5 * SECOND).then_some(1_000_000))).1, None);
    for others in [1_000_000, 700_000] {
        let mut made = with_rembs(&packets, |_| Some(1_000_000));
        let rembs = made.iter_mut().filter_map(|one| match one {
            Made::Remb { bps, ssrcs, .. } => Some((bps, ssrcs)),
            Made::Packet { .. } => None,
        });
        for (bps, ssrcs) in rembs.skip(20).step_by(2) {
            (*bps, *ssrcs) = (others, vec![0x7777]);
        }
        assert_eq!(fell_too(&made).1, None, "{others}");
    }
}

fn divergences(made: &[Made]) -> Vec<(i64, i64, Divergence)> {
    let of = Said::of(made, true).events.into_iter().filter_map(|event| match event.what {
        Happening::Divergence(apart) => Some((event.at.0 / 1000, event.until.unwrap().0 / 1000, apart)),
        _ => None,
    });
    of.collect()
}

#[test]
fn the_same_fall_a_little_before_or_after_is_not_where_they_are_farthest_apart() {
    let packets = queued();
    let alone = Said::of(&packets, true);
    for (ahead, factor) in [(30 * MS, 1.15), (-30 * MS, 1.15), (30 * MS, 0.9), (-30 * MS, 0.9)] {
        let mut made =
            with_rembs(&packets, |at| alone.estimate_at(at + ahead).map(|bps| (bps as f64 / factor) as i64));
        // A REMB just when the receiver falls, ahead of the replay.
        let at = fell_too(&packets).0 - ahead;
        let bps = alone.estimate_at(at + ahead).unwrap() as f64 / factor;
        made.push(Made::Remb { at, bps: bps as i64, ssrcs: vec![SSRC] });
        made.sort_by_key(Made::at);
        let apart = divergences(&made);
        // One that passes the other on its way down parts them anew.
        assert!((1..=2).contains(&apart.len()), "{ahead} {factor}: {apart:?}");
        for (.., most) in apart {
            let share = most.replayed.as_bps() as f64 / most.recorded.as_bps() as f64;
            assert!((share / factor - 1.0).abs() < 0.02, "{ahead} {factor}: {share}");
        }
    }
    for ahead in [-30 * MS, 0, 30 * MS] {
        let made = with_rembs(&packets, |at| alone.estimate_at(at + ahead));
        assert_eq!(divergences(&made), []);
    }
}

#[test]
fn a_replay_without_rembs_says_so_where_it_begins_and_that_some_were_recorded() {
    let made = with_rembs(&queued(), |_| Some(1_000_000));
    let from = Some(TimeBound::SinceFirst(39_000_000_000));
    let config =
        ReplayConfig { survey: SurveyConfig { from, ..SurveyConfig::default() }, ..ReplayConfig::default() };
    let said = Said::with(&made, true, &config);
    let text = &said.texts("no-remb")[0];
    assert!(text.starts_with("39.0"), "{text}");
    assert!(
        text.ends_with("no REMB replayed, though the receiver sent 5: it ended before there was an estimate"),
        "{text}"
    );
    assert!(said.events.is_sorted_by_key(|event| event.at), "{:?}", said.events);
    let none = Said::with(&queued(), true, &config);
    assert!(none.texts("no-remb")[0].ends_with("no REMB replayed: it ended before there was an estimate"));
}
