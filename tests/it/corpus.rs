//! The corpora of the fuzz targets, and every input that once crashed, on stable.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 11] = [
    ("pcap", targets::pcap),
    ("pcapng", targets::pcapng),
    ("decode", targets::decode),
    ("framing", targets::framing),
    ("rtp", targets::rtp),
    ("rtcp", targets::rtcp),
    ("sdp", targets::sdp),
    ("replay", targets::replay),
    ("event_log", targets::event_log),
    ("text_log", targets::text_log),
    ("rtpdump", targets::rtpdump),
];

#[test]
fn every_known_input_is_survived() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for folder in ["corpus", "crashers"] {
            let Ok(entries) = fs::read_dir(root.join(folder).join(name)) else { continue };
            for entry in entries {
                target(&fs::read(entry.unwrap().path()).unwrap());
                inputs += 1;
            }
        }
        assert!(inputs >= 8, "{name} has {inputs} inputs");
    }
}
