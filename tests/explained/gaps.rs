//! Gaps one behind the other, gaps at the start, losses by the thousand, and times that step back.

use remb_replay::model::{Happening, Loss, NoRiseCause};

use super::made::{MS, Made, Said, video, without};
use super::plan::SECOND;

const NEAR: [(i64, i64); 2] = [(30 * SECOND, 35 * SECOND), (35_300 * MS, 36_300 * MS)];

#[test]
fn an_outage_with_another_behind_it_is_told_and_what_it_lost_is_its_own() {
    let said = Said::of(&without(video(50 * SECOND, 3), &NEAR, false), true);
    let outages = said.texts("outage");
    assert!(outages.len() == 2 && said.texts("loss").is_empty(), "{outages:?} {:?}", said.texts("loss"));
    assert!(
        outages[0].starts_with("29.97–35.00: nothing came through for 5.0 s, 450 packets lost; all streams")
    );
    assert!(outages[1].contains("nothing came through for 1.0 s, 90 packets lost"), "{outages:?}");
    // A second one so long that losses of the first are certain before anything else comes.
    let long = [NEAR[0], (35_300 * MS, 40 * SECOND)];
    let said = Said::of(&without(video(50 * SECOND, 3), &long, false), true);
    assert!(said.texts("outage").len() == 2 && said.texts("loss").is_empty(), "{:?}", said.texts("loss"));
}

#[test]
fn a_pause_with_another_behind_it_is_told() {
    let said = Said::of(&without(video(50 * SECOND, 3), &NEAR, true), true);
    let pauses = said.texts("pause");
    assert!(pauses.len() == 2 && said.texts("outage").is_empty(), "{pauses:?}");
    assert!(
        pauses[0].contains("the sender paused for 5.0 s, nothing lost; all streams timed out"),
        "{pauses:?}"
    );
}

#[test]
fn one_packet_that_is_lost_makes_no_outage_of_a_pause_near_the_start() {
    let start = (400 * MS, 8 * SECOND);
    let mut made = without(video(30 * SECOND, 3), &[start], true);
    for one in &mut made {
        if let Made::Packet { sent, number, .. } = one
            && *sent >= start.1
        {
            *number += 1;
        }
    }
    let said = Said::of(&made, true);
    assert!(said.texts("outage").is_empty(), "{:?}", said.texts("outage"));
    assert!(said.texts("pause")[0].contains("the sender paused for 7.6 s, 1 packet lost"));
    let said = Said::of(&without(video(30 * SECOND, 3), &[start], false), true);
    assert!(said.texts("outage")[0].contains("nothing came through for 7.6 s, 684 packets lost"));
}

fn losses(said: &Said) -> Vec<&Loss> {
    let of = said.events.iter().filter_map(|event| match &event.what {
        Happening::Loss(loss) => Some(loss),
        _ => None,
    });
    of.collect()
}

#[test]
fn losses_by_the_thousand_are_all_counted() {
    let made = (0..6 * 6000_i64).filter(|n| !(12_000..27_000).contains(n) || n % 3 != 0).map(|n| {
        let sent = n * SECOND / 6000;
        Made::Packet { at: sent, sent, number: n as u16, ticks: (n / 200 * 3000) as u32, bytes: 200 }
    });
    let said = Said::of(&made.collect::<Vec<_>>(), true);
    let [loss] = losses(&said)[..] else { panic!("{:?}", said.texts("loss")) };
    assert_eq!((loss.lost, loss.expected, loss.longest), (5000, 14_999, 1));
}

#[test]
fn losses_before_and_after_a_step_back_in_time_are_two() {
    let lossy = [(20 * SECOND, 21 * SECOND), (41 * SECOND, 42 * SECOND)];
    let mut made = video(50 * SECOND, 3);
    made.retain(|one| match one {
        Made::Packet { sent, number, .. } => {
            number % 3 != 0 || !lossy.iter().any(|(from, to)| (*from..*to).contains(sent))
        }
        Made::Remb { .. } => true,
    });
    for one in &mut made {
        if let Made::Packet { at, sent, .. } = one
            && *sent >= 21 * SECOND
        {
            *at -= 20 * SECOND;
        }
    }
    let said = Said::of(&made, true);
    let lost: Vec<_> = losses(&said).iter().map(|loss| loss.lost).collect();
    assert_eq!(lost, [30, 30], "{:?}", said.texts("loss"));
}

#[test]
fn of_a_queue_that_nothing_tells_none_is_said_to_be_empty() {
    // Timestamps that hardly move for 2 s are no clock; then they run at twice 90 kHz, and the estimator sees under-use.
    let mut made = video(40 * SECOND, 3);
    for one in &mut made {
        if let Made::Packet { ticks, number, .. } = one {
            let frame = u32::from(*number) / 3;
            *ticks = 100 * frame.min(60) + 6000 * frame.saturating_sub(60);
        }
    }
    let said = Said::of(&made, false);
    let holds: Vec<_> = said
        .events
        .iter()
        .filter_map(|event| match &event.what {
            Happening::NoRise(hold) => Some(hold),
            _ => None,
        })
        .collect();
    assert!(holds.iter().any(|hold| hold.cause == NoRiseCause::Hold), "{:?}", said.events);
    assert!(holds.iter().all(|hold| hold.cause != NoRiseCause::UnderUseWithoutQueue), "{holds:?}");
    assert!(holds.iter().all(|hold| hold.queue_empty_since.is_none()), "{holds:?}");
}

#[test]
fn a_hold_without_packets_tells_for_how_long_none_came() {
    let said = Said::of(&without(video(62 * SECOND, 3), &[(20 * SECOND, 60 * SECOND)], true), true);
    let holds = said.texts("no-rise");
    assert!(holds.iter().any(|hold| hold.contains("no packets came for 40.0 s of it")), "{holds:?}");
}
