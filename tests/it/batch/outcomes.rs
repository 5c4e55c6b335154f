//! How a run ends, and what its table of captures says of captures that gave nothing.

use std::fs;
use std::io::Write;

use super::{S12, batch, capture, copies, rows};

/// A pcap without a frame.
const NO_FRAME: [u8; 24] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];

#[test]
fn nothing_to_estimate_and_nothing_to_do_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::write(work.join("no-frame.pcap"), NO_FRAME).unwrap();
    let run = |arguments: &[&str]| {
        let done = batch(&[arguments, &["--tables", "csv"]].concat(), work);
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, text) = run(&["no-frame.pcap", "-o", "nothing"]);
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "1 capture: 0 replayed, 1 with nothing to estimate; captures.csv says why\n")
    );
    // A shard that no capture is of.
    copies(&work.join("in"), 1);
    let shards = ["1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8", "8/8"];
    let all: Vec<_> = shards.iter().map(|shard| run(&["in", "-o", &shard[..1], "--shard", shard])).collect();
    assert!(all.iter().all(|(code, _)| *code == Some(0)), "{all:?}");
    let empty = all.iter().filter(|(_, text)| text == "0 captures: 0 replayed\n").count();
    assert_eq!(empty, 7, "{all:?}");
    let (code, _) = run(&["no-frame.pcap", "nowhere", "-o", "failed"]);
    assert_eq!(code, Some(5));
}

#[test]
fn a_capture_without_frames_was_read_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::write(work.join("no-frame.pcap"), NO_FRAME).unwrap();
    batch(&["no-frame.pcap", "nowhere", "-o", "out", "--tables", "csv"], work);
    let found = rows(&work.join("out/captures.csv"));
    let cells = |place: usize| {
        ["file_bytes", "frames", "flows", "format", "exit_code"].map(|column| found[place][column].as_str())
    };
    assert_eq!(cells(0), ["24", "0", "0", "pcap", "4"]);
    // sha256sum's.
    assert_eq!(found[0]["sha256"], "704e5e5b3234433c01fcfd1b20a306e77e985038120492dc53965c3edd38a4ea");
    assert_eq!((cells(1), found[1]["sha256"].as_str()), (["", "", "", "", "3"], ""));
}

#[test]
fn a_compressed_text_in_a_folder_is_passed_over_as_a_plain_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let (work, inside) = (folder.path(), folder.path().join("in"));
    fs::create_dir(&inside).unwrap();
    fs::copy(capture(S12), inside.join(S12)).unwrap();
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    // As zstd writes a text of 12 bytes: one raw block.
    let zstd = [b"\x28\xb5\x2f\xfd\x20\x0c\x61\0\0".as_slice(), b"time_s,flow\n"].concat();
    for (name, bytes) in [
        ("a.csv.zst", zstd),
        ("b.csv.gz", gzip(&b"time_s,flow\n".repeat(99))),
        ("c.csv", b"time_s\n".to_vec()),
    ] {
        fs::write(inside.join(name), bytes).unwrap();
    }
    fs::write(inside.join("d.gz"), gzip(&[0x80, 1, 2])).unwrap();
    let done = batch(&["in", "-o", "out", "--tables", "csv"], work);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(
        text.ends_with(
            "2 captures: 1 replayed, 1 not read; captures.csv says why, 3 texts in the folders passed over\n"
        ),
        "{text}"
    );
    assert_eq!(done.status.code(), Some(5), "one is neither");
}
