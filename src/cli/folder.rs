//! A folder where a capture is wanted: what is in it, and how that is given.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Error, anyhow};

/// Endings of captures, the longer ones first.
const ENDINGS: [&str; 9] =
    [".pcapng.gz", ".pcapng.zst", ".pcap.gz", ".pcap.zst", ".cap.gz", ".pcapng", ".pcap", ".cap", ".dmp"];
/// So many of its files are looked at.
const MAX_FILES: usize = 10_000;

/// Why it is refused, with the pattern that its captures are given by.
pub(super) fn refused(folder: &Path) -> Error {
    let shown = folder.display();
    let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_FILES) {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if let Some(ending) = ENDINGS.into_iter().find(|ending| name.ends_with(ending)) {
            *endings.entry(ending).or_default() += 1;
        }
    }
    let mut patterns: Vec<_> = endings.into_iter().collect();
    patterns.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let patterns: Vec<_> = patterns
        .into_iter()
        .map(|(ending, count)| match count {
            1 => format!("{} (1 file)", folder.join(format!("*{ending}")).display()),
            _ => format!("{} ({count} files)", folder.join(format!("*{ending}")).display()),
        })
        .collect();
    match patterns.as_slice() {
        [] => anyhow!("{shown}: is a folder, not a capture, and none of its files is named like one"),
        patterns => anyhow!(
            "{shown}: is a folder, not a capture; its captures are {}: inspect and explain take several at once",
            patterns.join(" and ")
        ),
    }
}
