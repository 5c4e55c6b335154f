//! The calls themselves: that they are what they are named for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::Call;
use super::packet::Role;
use super::plan::Probes;
use super::verdict::replay_told;
use crate::path_simulation::call::SECOND;

const SOME: u64 = 60;

/// What was sent, without the captures, which would take 60 MB. All tests look at the same.
fn some() -> impl Iterator<Item = &'static Call> {
    static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
        (0..SOME).map(|seed| Call { pcap: Arc::default(), ..Call::from_seed(seed) }).collect()
    });
    CALLS.iter()
}

#[test]
fn a_seed_gives_the_same_call_again() {
    for seed in [0, 7, u64::MAX] {
        let (one, again) = (Call::from_seed(seed), Call::from_seed(seed));
        assert!(one.pcap == again.pcap && one.sdp == again.sdp);
    }
    assert!(Call::from_seed(1).pcap != Call::from_seed(2).pcap);
}

#[test]
fn the_sdp_names_every_stream_and_says_which_are_audio() {
    for call in (0..SOME).map(Call::from_seed) {
        let told = replay_told(&call);
        assert!(told.flows.len() == 1, "{call}");
        let kinds: BTreeMap<_, _> =
            told.flows[0].streams.iter().map(|stream| (stream.ssrc.clone(), stream.kind)).collect();
        let kind = |role| match role {
            Role::Audio => "audio",
            Role::Rtx(_) => "rtx",
            _ => "video",
        };
        let true_kinds = call.captured.keys().map(|(role, ssrc)| (format!("0x{ssrc:08x}"), kind(*role)));
        assert_eq!(kinds, true_kinds.collect(), "{call}");
        if call.plan.is_copied {
            continue;
        }
        let packets: u64 = told.flows[0].streams.iter().map(|stream| stream.packets).sum();
        assert_eq!(packets, call.captured.values().sum::<usize>() as u64, "{call}");
    }
}

#[test]
fn queues_grow_to_seconds_and_stay_within_their_bound() {
    let (mut long, mut short) = (0, 0);
    for call in some() {
        assert!(call.longest_queue <= call.plan.path.max_queue, "{call}");
        long += usize::from(call.longest_queue > 2 * SECOND);
        short += usize::from(call.longest_queue < SECOND / 5);
    }
    assert!(long >= 5 && short >= 5, "{long} and {short}");
}

#[test]
fn what_is_lost_is_sent_again_after_a_round_trip_under_its_own_timestamp() {
    for call in some() {
        let (plan, mut originals, mut retransmitted) = (&call.plan, BTreeMap::new(), 0);
        for packet in &call.sent.offered {
            match (packet.role, packet.repeats) {
                (Role::Video(video), _) => drop(originals.insert((video, packet.sequence_number), packet)),
                (Role::Rtx(video), Some(repeats)) => {
                    retransmitted += 1;
                    let original = originals[&(video, repeats)];
                    assert_eq!((packet.timestamp, packet.marker), (original.timestamp, original.marker));
                    assert_eq!(packet.payload, original.payload + 2);
                    let later = packet.sent - original.sent;
                    assert!(plan.probes == Probes::Repeats || later > 2 * plan.path.delay, "{later}: {call}");
                }
                _ => {}
            }
        }
        let has_rtx = plan.rtx_payload_type.is_some();
        let is_due = call.sent.path.lost > 20 && call.sent.video_bytes > 0;
        assert!(if has_rtx { !is_due || retransmitted > 0 } else { retransmitted == 0 }, "{call}");
    }
}

#[test]
fn the_rate_is_what_was_drawn() {
    for call in some().filter(|call| call.plan.twists.is_empty()) {
        let plan = &call.plan;
        let seconds = (plan.ends() - plan.videos[0].starts) / SECOND;
        let bps = call.sent.video_bytes * 8 / seconds;
        let share = 100 * bps / plan.video_bps();
        assert!(
            (80..=145).contains(&share) || plan.drops_per_mille > 0 || plan.key_every < 100 * SECOND,
            "{share} %: {call}"
        );
    }
}

#[test]
fn every_class_of_every_property_occurs() {
    let mut classes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for call in some() {
        for (name, class) in call.properties() {
            classes.entry(name).or_default().insert(class);
        }
    }
    let counts: BTreeMap<_, _> = classes.iter().map(|(name, classes)| (*name, classes.len())).collect();
    for (name, at_least) in [
        ("rate", 5),
        ("link", 4),
        ("queue", 4),
        ("fps", 5),
        ("frames", 4),
        ("loss", 3),
        ("jitter", 5),
        ("audio", 6),
        ("begins", 5),
        ("videos", 2),
        ("rtx", 2),
        ("probes", 4),
        ("send-time", 3),
        ("decoys", 8),
        ("form", 2),
        ("snaplen", 3),
        ("reports", 2),
        ("fec", 2),
        ("pacing", 2),
        ("twist", 15),
    ] {
        assert!(counts[name] >= at_least, "{name}: {:?}", classes[name]);
    }
}
