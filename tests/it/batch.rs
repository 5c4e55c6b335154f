//! `batch`: a row for each capture whatever is wrong with it, the same tables whatever the threads, shards and kills.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod again;
mod estimates;
mod merged;
mod outcomes;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const S03: &str = "s03-steps-audio.pcap.gz";
const S12: &str = "s12-bidir.pcap.gz";
const S14: &str = "s14-reorder.pcap.gz";
const TABLES: [&str; 5] = ["captures", "flows", "remb", "streams", "events"];

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures").join(name)
}

fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

fn batch(arguments: &[&str], folder: &Path) -> Output {
    program(&[&["batch"], arguments].concat(), folder).output().unwrap()
}

type Row = BTreeMap<String, String>;

/// A table's rows by column; processor time, which differs from run to run, left out.
fn rows(path: &Path) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let columns: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| {
        let cells = columns.iter().cloned().zip(record.iter().map(str::to_owned));
        cells.filter(|(column, _)| column != "cpu_ms").collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// The same tables: captures row by row without their processor time, all others byte by byte.
fn assert_same(a: &Path, b: &Path) {
    assert_eq!(rows(&a.join("captures.csv")), rows(&b.join("captures.csv")));
    for table in &TABLES[1..] {
        let bytes = |folder: &Path| fs::read_to_string(folder.join(format!("{table}.csv"))).unwrap();
        assert!(bytes(a) == bytes(b), "{table} of {} and {} differ", a.display(), b.display());
    }
}

/// So many captures that differ in their bytes: a comment in the header of the gzip file.
fn copies(folder: &Path, count: usize) {
    copies_of(&fs::read(capture(S14)).unwrap(), folder, count);
}

fn copies_of(gzip: &[u8], folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    assert_eq!(gzip[3], 0, "no name and no comment so far");
    for number in 0..count {
        let mut copy = gzip.to_vec();
        copy[3] = 16;
        copy.splice(10..10, format!("{number}\0").bytes());
        fs::write(folder.join(format!("{number:04}.pcap.gz")), copy).unwrap();
    }
}

/// The capture's first frames.
fn beginning(frames: usize) -> Vec<u8> {
    let mut pcap = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(capture(S14)).unwrap()).read_to_end(&mut pcap).unwrap();
    let mut end = 24;
    for _ in 0..frames {
        let captured = u32::from_le_bytes(*pcap[end + 8..].first_chunk().unwrap());
        end += 16 + captured as usize;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&pcap[..end]).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn the_tables_say_what_replay_says_of_each_capture() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    for name in [S12, S03] {
        fs::copy(capture(name), work.join(name)).unwrap();
    }
    let output = batch(&[S12, S03, "-o", "out", "--tables", "csv"], work);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("3 flows, the worst by remb_falls:") && text.contains("2 captures: 2 replayed\n"),
        "{text}"
    );
    assert!(text.lines().nth(2).unwrap().starts_with(S03), "it falls most: {text}");
    let (captures, flows) = (rows(&work.join("out/captures.csv")), rows(&work.join("out/flows.csv")));
    let (mut rembs, mut streams) = (String::new(), String::new());
    let mut place = 0;
    for (name, row) in [S12, S03].into_iter().zip(&captures) {
        let single = work.join(format!("{name}.out"));
        let done =
            program(&["replay", name, "--hash", "-o", single.to_str().unwrap()], work).output().unwrap();
        assert!(done.status.success());
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(single.join("summary.json")).unwrap()).unwrap();
        assert_eq!(
            (row["capture"].as_str(), row["exit_code"].as_str(), row["error"].as_str()),
            (name, "0", "")
        );
        assert_eq!(row["sha256"], summary["input"]["sha256"].as_str().unwrap());
        assert_eq!(row["frames"], summary["frames"]["total"].to_string());
        for expected in summary["flows"].as_array().unwrap() {
            let flow = &flows[place];
            place += 1;
            assert_eq!(
                (flow["capture"].as_str(), flow["flow"].as_str()),
                (name, expected["flow"].as_str().unwrap())
            );
            for (column, value) in [
                ("packets_fed", &expected["packets_fed"]),
                ("rembs", &expected["rembs"]["count"]),
                ("first_bps", &expected["rembs"]["first_bps"]),
                ("last_bps", &expected["rembs"]["last_bps"]),
                ("max_bps", &expected["rembs"]["max_bps"]),
                ("estimate_bps", &expected["last"]["estimate_bps"]),
                ("recorded_rembs", &expected["recorded"]["count"]),
                ("recorded_min_bps", &expected["recorded"]["min_bps"]),
            ] {
                assert_eq!(flow[column], value.to_string(), "{name} {column}");
            }
        }
        for (table, all) in [("remb", &mut rembs), ("streams", &mut streams)] {
            let alone = fs::read_to_string(single.join(format!("{table}.csv"))).unwrap();
            alone.lines().skip(1).for_each(|row| all.push_str(&format!("{name},{row}\n")));
        }
    }
    assert_eq!(place, flows.len());
    for (table, expected) in [("remb", rembs), ("streams", streams)] {
        let ours = fs::read_to_string(work.join(format!("out/{table}.csv"))).unwrap();
        assert_eq!(ours.split_once('\n').unwrap().1, expected, "{table}");
    }
    let worst = &flows[2];
    let figure = |column: &str| worst[column].parse::<f64>().unwrap();
    assert!(
        (500.0..600.0).contains(&figure("queue_max_ms")),
        "the link's buffer holds half a second: {worst:?}"
    );
    assert!((1.0..20.0).contains(&figure("overuse_pct")) && figure("remb_falls") > 10.0, "{worst:?}");
}

#[test]
fn a_poisonous_capture_costs_itself_alone_and_its_row_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (work, inside) = (folder.path(), folder.path().join("in"));
    copies(&inside, 3);
    let good = fs::read(capture(S14)).unwrap();
    fs::write(inside.join("a-cut.gz"), &good[..good.len() / 2]).unwrap();
    fs::write(inside.join("b-garbage"), [0x80, 1, 2, 3].repeat(999)).unwrap();
    fs::write(inside.join("c-empty"), "").unwrap();
    fs::write(inside.join("d-notes.txt"), "a call of Friday\n").unwrap();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])
        .unwrap();
    (0..150).for_each(|_| bomb.write_all(&vec![0; 1 << 20]).unwrap());
    fs::write(inside.join("e-bomb.gz"), bomb.finish().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(inside.join("f-pipe")).status().unwrap().success());
    std::os::unix::fs::symlink("nowhere", inside.join("g-link")).unwrap();
    fs::write(inside.join("h-locked"), &good).unwrap();
    fs::set_permissions(inside.join("h-locked"), fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read(inside.join("h-locked")).is_ok();
    // However slow the machine is: the bomb is not to end by the clock.
    let output = batch(&["in", "-o", "out", "--tables", "csv", "--deadline", "3600s"], work);
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    let captures = rows(&work.join("out/captures.csv"));
    let of = |name: &str| {
        let row = captures.iter().find(|row| row["capture"] == format!("in/{name}"));
        row.map(|row| (row["exit_code"].as_str(), row["error"].as_str()))
    };
    for name in ["0000.pcap.gz", "0001.pcap.gz", "0002.pcap.gz"] {
        assert_eq!(of(name), Some(("0", "")));
    }
    for (name, exit_code, why) in [
        ("a-cut.gz", "5", "cut off"),
        ("b-garbage", "3", "not a capture"),
        ("c-empty", "3", "the file is empty"),
        ("e-bomb.gz", "4", "decompresses to more than 256 times its size"),
        ("f-pipe", "3", "no file but a pipe"),
        ("g-link", "3", "No such file"),
        ("h-locked", if is_root { "0" } else { "3" }, if is_root { "" } else { "Permission denied" }),
    ] {
        let (code, error) = of(name).unwrap_or_else(|| panic!("no row of {name}"));
        assert!(code == exit_code && error.contains(why), "{name}: {code}, {error}");
    }
    assert_eq!(of("d-notes.txt"), None, "nobody takes it for a capture");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with(", 1 text in the folders passed over\n"), "{text}");
    // What was found in a folder is a row, and what was named is too.
    batch(&["in/d-notes.txt", "-o", "named", "--tables", "csv"], work);
    assert_eq!(rows(&work.join("named/captures.csv"))[0]["exit_code"], "3");
}

#[test]
fn a_capture_that_takes_too_long_is_given_up_and_tried_again_when_there_is_more_time() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S12), work.join(S12)).unwrap();
    let row = |deadline| {
        batch(&[S12, "-o", "out", "--tables", "csv", "--deadline", deadline], work);
        let row = rows(&work.join("out/captures.csv")).remove(0);
        (row["exit_code"].clone(), row["error"].clone())
    };
    assert_eq!(row("1ms"), ("5".to_owned(), "not done within --deadline 0.001 s".to_owned()));
    assert!(rows(&work.join("out/flows.csv")).is_empty());
    assert_eq!(row("60s"), ("0".to_owned(), String::new()));
    assert_eq!(row("1ms"), ("0".to_owned(), String::new()), "it is done");
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    // What is resumed is captures, and they may be short ones: whole they took half a minute.
    copies_of(&beginning(600), &work.join("in"), 700);
    let whole = batch(&["in", "-o", "whole", "--tables", "csv", "--threads", "2"], work);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert!(
        ["flows", "remb", "streams"]
            .iter()
            .all(|table| rows(&work.join(format!("whole/{table}.csv"))).len() >= 700)
    );
    let arguments = ["batch", "in", "-o", "killed", "--tables", "csv", "--threads", "1"];
    let mut killed = program(&arguments, work).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let parts = || {
        fs::read_dir(work.join("killed/parts")).map_or(0, |parts| {
            parts
                .filter(|part| {
                    part.as_ref().is_ok_and(|part| part.path().extension().is_some_and(|e| e == "part"))
                })
                .count()
        })
    };
    while parts() == 0 {
        assert!(killed.try_wait().unwrap().is_none(), "it is at work");
        std::thread::sleep(Duration::from_millis(2));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!work.join("killed/captures.csv").exists(), "killed in the middle");
    let again = program(&arguments, work).output().unwrap();
    assert!(again.status.success());
    let said = String::from_utf8(again.stderr).unwrap();
    let numbers: Vec<usize> =
        said.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[0] >= 1 && numbers[1] < 700 && numbers[0] + numbers[1] == 700, "{said}");
    assert_same(&work.join("killed"), &work.join("whole"));
    let idle = program(&arguments, work).output().unwrap();
    assert!(String::from_utf8(idle.stderr).unwrap().contains("700 captures done before, 0 to do"));
    assert_same(&work.join("killed"), &work.join("whole"));
}

#[test]
fn only_what_changed_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    copies(&work.join("in"), 3);
    let run = |more: &[&str]| {
        let output = batch(&[&["in", "-o", "out", "--tables", "csv"], more].concat(), work);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(run(&[]), "");
    assert_eq!(run(&[]), "note: 3 captures done before, 0 to do\n");
    fs::copy(capture(S14), work.join("in/0001.pcap.gz")).unwrap();
    assert_eq!(run(&[]), "note: 2 captures done before, 1 to do\n");
    // The same bytes under a new time.
    fs::write(work.join("in/0002.pcap.gz"), fs::read(work.join("in/0002.pcap.gz")).unwrap()).unwrap();
    assert_eq!(run(&["--verify"]), "note: 3 captures done before, 0 to do\n");
    assert_eq!(run(&[]), "note: 2 captures done before, 1 to do\n");
    assert_eq!(run(&["--set", "rate_control.backoff_factor=0.9"]), "", "other settings are another run");
    fs::remove_file(work.join("in/0000.pcap.gz")).unwrap();
    run(&["--set", "rate_control.backoff_factor=0.9"]);
    assert_eq!(rows(&work.join("out/captures.csv")).len(), 2, "what is gone has no row");
    // Tables of somebody else stay.
    fs::create_dir_all(work.join("theirs/parts/of-a-car")).unwrap();
    fs::write(work.join("theirs/flows.csv"), "mine").unwrap();
    let refused = batch(&["in", "-o", "theirs"], work);
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(fs::read_to_string(work.join("theirs/flows.csv")).unwrap(), "mine");
}

#[test]
fn shards_merged_are_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    copies(&work.join("in"), 40);
    batch(&["in", "-o", "whole", "--tables", "csv"], work);
    let mut sizes = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("part-{}", &shard[..1]);
        assert!(batch(&["in", "-o", &out, "--shard", shard, "--tables", "csv"], work).status.success());
        sizes.push(rows(&work.join(out).join("captures.csv")).len());
    }
    assert!(
        sizes.iter().all(|size| (4..30).contains(size)) && sizes.iter().sum::<usize>() == 40,
        "{sizes:?}"
    );
    let merged = batch(&["--merge", "part-3", "part-1", "part-2", "-o", "merged", "--tables", "csv"], work);
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    assert_same(&work.join("merged"), &work.join("whole"));
    for shard in ["0/3", "4/3", "1", "x/y"] {
        assert_eq!(batch(&["in", "-o", "out", "--shard", shard], work).status.code(), Some(2), "{shard}");
    }
    assert_eq!(batch(&["--merge", "in", "-o", "nothing"], work).status.code(), Some(3));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_rows_of_csv_with_types() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S12), work.join(S12)).unwrap();
    fs::write(work.join("empty"), "").unwrap();
    for (format, out) in [("csv", "csv"), ("parquet", "parquet")] {
        let arguments = [S12, "empty", "-o", out, "--estimate", "--tables", format];
        assert_eq!(batch(&arguments, work).status.code(), Some(5));
        let done =
            program(&["replay", S12, "-o", &format!("{out}-alone"), "--tables", format], work).output();
        assert!(done.unwrap().status.success());
    }
    let part = |format: &str| {
        let parts = fs::read_dir(work.join(format).join("estimate")).unwrap();
        let parts: Vec<_> = parts.map(|part| part.unwrap().path()).collect();
        assert_eq!(parts.len(), 1);
        parts[0].clone()
    };
    let mut pairs = vec![(part("csv"), part("parquet"))];
    for table in TABLES {
        pairs.push((work.join(format!("csv/{table}.csv")), work.join(format!("parquet/{table}.parquet"))));
    }
    for table in ["estimate", "remb", "streams"] {
        let of = |format: &str| work.join(format!("{format}-alone/{table}.{format}"));
        pairs.push((of("csv"), of("parquet")));
    }
    for (csv, parquet) in pairs {
        let expected = rows(&csv);
        let reader = SerializedFileReader::new(fs::File::open(&parquet).unwrap()).unwrap();
        let found: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), expected.len(), "{}", parquet.display());
        for (found, expected) in found.iter().zip(&expected) {
            for (column, field) in found.get_column_iter().filter(|(column, _)| *column != "cpu_ms") {
                let cell = expected[column].as_str();
                let same = match field {
                    Field::Null => cell.is_empty(),
                    Field::Str(text) => text == cell,
                    Field::Long(number) => number.to_string() == cell,
                    Field::Double(number) => cell.parse() == Ok(*number),
                    Field::Bool(true) => cell == "1" || cell == "yes",
                    Field::Bool(false) => cell == "0" || cell == "no",
                    other => panic!("{column} is {other:?}"),
                };
                assert!(same, "{}: {column} is {field:?}, not {cell}", parquet.display());
            }
        }
    }
}
