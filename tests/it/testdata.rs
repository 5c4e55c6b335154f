//! The manifest of `testdata`: every file has its record, and every record is true.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn files(folder: &Path, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("testdata/cases") {
            // Goldens are verified by the program itself.
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path.file_name().is_some_and(|name| name != "MANIFEST.toml") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            found.insert(name, path);
        }
    }
}

#[test]
fn every_file_has_a_true_record() {
    let manifest: toml::Table = fs::read_to_string(root().join("MANIFEST.toml")).unwrap().parse().unwrap();
    let mut found = BTreeMap::new();
    files(&root(), &mut found);
    for record in manifest["file"].as_array().unwrap() {
        let text = |key: &str| record.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let name = text("path");
        let path =
            found.remove(name).unwrap_or_else(|| panic!("{name} is in the manifest and not in the folder"));
        let data = fs::read(path).unwrap();
        assert_eq!(record["bytes"].as_integer(), i64::try_from(data.len()).ok(), "{name}");
        let digest: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text("sha256"), digest, "{name}");
        for key in ["made", "shows", "cannot_show"] {
            assert!(text(key).len() > 10, "{name}: {key}");
        }
    }
    assert!(found.is_empty(), "not in the manifest: {:?}", found.keys());
}
