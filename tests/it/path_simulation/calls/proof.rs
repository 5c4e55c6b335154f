//! What a replay without flags owes: the REMBs of one that is told by the SDP, or a warning that names the doubt.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::Call;
use super::verdict::{Kind, Verdict};

/// Every call, with all processors, in order of its seed.
fn verdicts(seeds: Range<u64>) -> Vec<(Call, Verdict)> {
    let (next, done) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let mut call = Call::from_seed(seed);
            let verdict = Verdict::of(&call);
            call.forget_packets();
            done.lock().unwrap().insert(seed, (call, verdict));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap().into_values().collect()
}

#[test]
fn without_being_told_a_call_gives_the_same_rembs_or_a_warning() {
    let verdicts = verdicts(0..1000);
    let of = |kind| verdicts.iter().filter(move |(_, verdict)| verdict.kind == kind);
    let (silent, warned) = (of(Kind::DiffersSilently).count(), of(Kind::DiffersWithWarning).count());
    let reports: String = of(Kind::DiffersSilently)
        .chain(of(Kind::DiffersWithWarning))
        .map(|(call, verdict)| {
            format!("{:?}: {call}  {:?}\n{}\n", verdict.kind, verdict.causes, verdict.report)
        })
        .collect();
    let rest = format!("{silent} differ silently, {warned} with a warning, of {}", verdicts.len());
    assert!(silent == 0 && warned * 100 <= verdicts.len(), "{rest}\n{reports}{rest}");
    let noise = verdicts.iter().filter(|(_, verdict)| !verdict.noise.is_empty()).count();
    assert!(noise * 50 <= verdicts.len(), "{noise} of {} are equal and in doubt", verdicts.len());
    for (name, at_most) in [("media as rtx", 2), ("rtx as media", 4)] {
        let misnamed =
            verdicts.iter().filter(|(_, verdict)| verdict.misnamed.iter().any(|of| of == name)).count();
        assert!(misnamed * 100 <= at_most * verdicts.len(), "{name}: {misnamed} of {}", verdicts.len());
    }
}

/// `scripts/calls` runs it, with `REMB_CALLS` (seeds, as 1000-4000), `REMB_CALLS_TO` (a folder for captures and SDP),
/// `REMB_CALLS_REPORT` (to be told all of the calls that differ).
#[test]
#[ignore = "for scripts/calls"]
fn calls_of_a_range() {
    let range = std::env::var("REMB_CALLS").unwrap_or_else(|_| "1000-2000".to_owned());
    let (from, to) = range.split_once('-').unwrap_or((&range, &range));
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    if let Some(folder) = std::env::var_os("REMB_CALLS_TO") {
        (from..to.max(from + 1)).for_each(|seed| Call::from_seed(seed).write_to(Path::new(&folder)));
    }
    let reports = std::env::var_os("REMB_CALLS_REPORT").is_some();
    for (call, verdict) in verdicts(from..to.max(from + 1)) {
        let properties: Vec<_> =
            call.properties().into_iter().map(|(name, class)| format!("{name}={class}")).collect();
        let (kind, causes) = (verdict.kind, verdict.causes.join("; "));
        println!(
            "call\t{}\t{kind:?}\t{}\t{causes}\t{}\t{}\t{}\t{}",
            call.plan.seed,
            verdict.rembs,
            verdict.noise.iter().copied().collect::<Vec<_>>().join("; "),
            verdict.misnamed.join("; "),
            verdict.late.iter().cloned().collect::<Vec<_>>().join("; "),
            properties.join("\t")
        );
        if reports && !verdict.report.is_empty() {
            println!(
                "{kind:?} {:?} {:?} {:?}: {call}{}",
                verdict.causes, verdict.noise, verdict.misnamed, verdict.report
            );
        }
    }
}

impl Call {
    fn write_to(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let name = format!("call-{}", self.plan.seed);
        std::fs::write(folder.join(format!("{name}.pcap")), &self.pcap).unwrap();
        std::fs::write(folder.join(format!("{name}.sdp")), &self.sdp).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), self.to_string()).unwrap();
    }
}
