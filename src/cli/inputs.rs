//! Which captures are meant: paths, folders and lists of them.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::args::Shard;
use remb_replay::capture::first_bytes;

/// A capture that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// Its place among all, whatever part of them is taken.
    pub(super) place: u64,
    pub(super) path: PathBuf,
    /// It was found in a folder, and not named.
    pub(super) is_found: bool,
}

impl Input {
    /// As it is called in tables: its path, or that in quotes where it is no text.
    pub(super) fn name(&self) -> String {
        self.path.to_str().map_or_else(|| format!("{:?}", self.path), str::to_owned)
    }

    /// Whether it was found and begins as a text does, decompressed: folders of captures have notes and tables among them.
    pub(super) fn is_text_found(&self) -> bool {
        // A pipe may never answer.
        if !self.is_found || !self.path.is_file() {
            return false;
        }
        let Ok(file) = fs::File::open(&self.path) else { return false };
        let is_control = |byte: &u8| matches!(byte, 0..9 | 14..32 | 127);
        first_bytes(Box::new(file), 512).is_ok_and(|start| !start.is_empty() && !start.iter().any(is_control))
    }

    /// Whether it is of this part of all captures, by its name.
    fn is_of(&self, shard: Shard) -> bool {
        let digest = Sha256::digest(self.name());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % shard.of == shard.one - 1
    }
}

/// All captures that are meant, each once, in the order given; those of a folder in the order of their names. What is in
/// `without` is left out: it is where the results go.
pub(super) fn inputs(given: &[PathBuf], without: Option<&Path>, shard: Option<Shard>) -> Result<Vec<Input>> {
    let without = without.and_then(|folder| folder.canonicalize().ok());
    let mut found = Found { without, seen: HashSet::new(), inputs: Vec::new() };
    for path in given {
        match path.to_str().and_then(|text| text.strip_prefix('@')) {
            Some("-") => found.list(io::stdin().lock()).context("standard input")?,
            Some(list) => {
                let file = fs::File::open(list).with_context(|| list.to_owned())?;
                found.list(BufReader::new(file)).with_context(|| list.to_owned())?;
            }
            None => found.path(path.clone()),
        }
    }
    let is_ours = |input: &Input| shard.is_none_or(|shard| input.is_of(shard));
    Ok(found.inputs.into_iter().filter(is_ours).collect())
}

struct Found {
    without: Option<PathBuf>,
    seen: HashSet<PathBuf>,
    inputs: Vec<Input>,
}

impl Found {
    fn list(&mut self, lines: impl BufRead) -> io::Result<()> {
        for line in lines.lines() {
            let line = line?;
            if !line.is_empty() {
                self.path(PathBuf::from(line));
            }
        }
        Ok(())
    }

    fn path(&mut self, path: PathBuf) {
        match path.is_dir() {
            true => self.folder(path),
            false => self.push(path, false),
        }
    }

    /// A folder that cannot be read is a capture that cannot be: its row says so. Links to folders are not followed.
    fn folder(&mut self, folder: PathBuf) {
        if self.without.is_some() && folder.canonicalize().ok() == self.without {
            return;
        }
        let entries = fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let Ok(mut entries) = entries else { return self.push(folder, true) };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.folder(path),
                Ok(kind) if kind.is_symlink() && path.is_dir() => {}
                _ => self.push(path, true),
            }
        }
    }

    fn push(&mut self, path: PathBuf, is_found: bool) {
        if self.seen.insert(path.clone()) {
            self.inputs.push(Input { place: self.inputs.len() as u64, path, is_found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_however_it_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let gzip = |bytes: &[u8]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut gzip, bytes).unwrap();
            gzip.finish().unwrap()
        };
        // As `zstd` writes a text of 4 bytes: one raw block, no checksum.
        let zstd = [b"\x28\xb5\x2f\xfd\x20\x04\x21\0\0".as_slice(), b"a,b\n"].concat();
        let table = b"time_s,flow\n".repeat(100);
        for (bytes, expected) in [
            (table.clone(), true),
            (gzip(&table), true),
            (zstd, true),
            (gzip(&[0x80, 1, 2]), false),
            (gzip(b""), false),
            (Vec::new(), false),
        ] {
            fs::write(&path, &bytes).unwrap();
            let input = Input { place: 0, path: path.clone(), is_found: true };
            assert_eq!(input.is_text_found(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn folders_are_walked_by_name_lists_are_read_and_nothing_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("in/b")).unwrap();
        fs::create_dir_all(path("in/out")).unwrap();
        for name in ["in/c", "in/b/x", "in/a", "in/out/table", "other"] {
            fs::write(path(name), name).unwrap();
        }
        fs::write(path("list"), format!("{}\n\n{}\n", path("other").display(), path("in").display()))
            .unwrap();
        let given = [path("in/c"), PathBuf::from(format!("@{}", path("list").display()))];
        let all = inputs(&given, Some(&path("in/out")), None).unwrap();
        let names: Vec<_> = all.iter().map(|input| input.path.clone()).collect();
        assert_eq!(names, ["in/c", "other", "in/a", "in/b/x"].map(path));
        assert_eq!(all.iter().map(|input| input.is_found).collect::<Vec<_>>(), [false, false, true, true]);
        let mut parts = Vec::new();
        for one in 1..=3 {
            let shard = Shard { one, of: 3 };
            parts.extend(inputs(&given, Some(&path("in/out")), Some(shard)).unwrap());
        }
        parts.sort_by_key(|input| input.place);
        assert_eq!(parts, all, "each is of one shard");
    }
}
