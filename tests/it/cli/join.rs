//! `--join`: the files of one rotated capture.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{ending, plain_capture, run, text};

/// A little-endian pcap in so many files with as many frames each, the last but one packed.
fn rotated(folder: &Path, pcap: &[u8], files: usize) -> Vec<PathBuf> {
    let (header, mut records) = pcap.split_at(24);
    let mut ends = Vec::new();
    while let Some(head) = records.first_chunk::<16>() {
        let len = 16 + u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        ends.push(&records[..len]);
        records = &records[len..];
    }
    let parts = ends.chunks(ends.len().div_ceil(files)).enumerate();
    let written = parts.map(|(index, part)| {
        let bytes = [header, &part.concat()].concat();
        let path = folder.join(format!("part{index}.pcap"));
        match index + 2 == files {
            true => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(&bytes).unwrap();
                fs::write(&path, packed.finish().unwrap()).unwrap();
            }
            false => fs::write(&path, bytes).unwrap(),
        }
        path
    });
    written.collect()
}

#[test]
fn files_in_any_order_are_the_one_capture_that_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, bytes) = plain_capture(folder.path(), "s08-full-ipv6");
    let parts = rotated(folder.path(), &bytes, 3);
    let joined = ["replay", "-q", "--hash", "--join", text(&parts[2]), text(&parts[0]), text(&parts[1])];
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert_eq!(ending(&["replay", "-q", text(&whole), "-o", text(&one)]).0, 0);
    let (code, errors) = ending(&[&joined[..], &["-o", text(&two)]].concat());
    assert_eq!(code, 0, "{errors}");
    for name in ["remb.csv", "estimate.csv", "streams.csv", "remb.pcap", "estimate.png"] {
        let same = fs::read(one.join(name)).unwrap() == fs::read(two.join(name)).unwrap();
        // A picture's title has the file's name.
        assert!(same == (name != "estimate.png"), "{name}");
    }
    let summary = fs::read_to_string(two.join("summary.json")).unwrap();
    assert!(summary.contains("\"part0.pcap … part2.pcap (3 files)\""), "{summary}");
    let inspect = |arguments: &[&str]| String::from_utf8(run(arguments).stdout).unwrap();
    let of_whole = inspect(&["inspect", text(&whole)]);
    let of_joined = inspect(&["inspect", "--join", text(&parts[1]), text(&parts[2]), text(&parts[0])]);
    let lines = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&of_joined), lines(&of_whole));
}

#[test]
fn the_file_that_is_cut_off_is_named_and_what_comes_before_it_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, bytes) = plain_capture(folder.path(), "s08-full-ipv6");
    let parts = rotated(folder.path(), &bytes, 3);
    let last = fs::read(&parts[2]).unwrap();
    fs::write(&parts[2], &last[..last.len() - 7]).unwrap();
    let join = |files: &[&PathBuf]| {
        let files: Vec<_> = files.iter().map(|file| text(file)).collect();
        ending(&[&["replay", "--join"][..], &files].concat())
    };
    let (code, errors) = join(&[&parts[0], &parts[1], &parts[2]]);
    assert!(code == 5 && errors.contains(&format!("{}: cut off in frame", parts[2].display())), "{errors}");
    let absent = folder.path().join("absent.pcap");
    let (code, errors) = join(&[&parts[0], &absent]);
    assert!(code == 3 && errors.contains(&format!("--join {}", absent.display())), "{errors}");
    fs::write(&absent, "no capture").unwrap();
    let (code, errors) = join(&[&parts[0], &absent]);
    assert!(code == 3 && errors.contains("not a capture"), "{errors}");
    assert_eq!(join(&[&parts[0], &folder.path().to_owned()]).0, 3);
    let (code, errors) = ending(&["replay", text(&parts[0]), "--join", text(&parts[1])]);
    assert!(code == 2 && errors.contains("cannot be used with"), "{errors}");
}
