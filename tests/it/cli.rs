//! The program as its users meet it: exit codes, messages, files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod explain;
mod join;
mod merge;
mod settings;
// A message of the system is worded as Unix words it.
#[cfg(unix)]
mod texts;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const S03: &str = "testdata/captures/s03-steps-audio.pcap.gz";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).env("RUST_BACKTRACE", "0");
    command.env_remove("CLICOLOR_FORCE");
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Exit code and standard error.
fn ending(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn plain_capture(folder: &Path, name: &str) -> (PathBuf, Vec<u8>) {
    let mut bytes = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/captures/{name}.pcap.gz"));
    let mut decoder = flate2::read::MultiGzDecoder::new(fs::File::open(source).unwrap());
    std::io::copy(&mut decoder, &mut bytes).unwrap();
    let path = folder.join(format!("{name}.pcap"));
    fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

fn rows(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count() - 1
}

#[test]
fn the_standard_set_is_written_and_two_runs_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for out in [&one, &two] {
        let (code, errors) = ending(&["replay", S03, "-o", text(out)]);
        assert_eq!(code, 0, "{errors}");
    }
    let mut names: Vec<_> =
        fs::read_dir(&one).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let expected = [
        "config.toml",
        "estimate.csv",
        "estimate.png",
        "events.csv",
        "remb.csv",
        "remb.pcap",
        "report.html",
        "streams.csv",
        "summary.json",
    ];
    assert_eq!(names, expected);
    for name in names {
        assert_eq!(fs::read(one.join(&name)).unwrap(), fs::read(two.join(&name)).unwrap(), "{name}");
    }
    assert!(rows(&one.join("remb.csv")) > 100 && rows(&one.join("estimate.csv")) > 3000);
    assert_eq!(rows(&one.join("streams.csv")), 3);
}

#[test]
fn the_remb_pcap_has_a_frame_for_each_row() {
    let folder = tempfile::tempdir().unwrap();
    let (pcap, csv) = (folder.path().join("r.pcap"), folder.path().join("r.csv"));
    assert_eq!(ending(&["replay", S03, "-w", text(&pcap), "--remb-csv", text(&csv)]).0, 0);
    let mut reader =
        remb_replay::capture::CaptureReader::new(Box::new(fs::File::open(&pcap).unwrap())).unwrap();
    assert!(reader.nanoseconds());
    let content = fs::read_to_string(&csv).unwrap();
    for row in content.lines().skip(1) {
        let cells: Vec<_> = row.split(',').collect();
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!(
            format!("{}.{:09}", frame.at.as_nanos() / 1_000_000_000, frame.at.as_nanos() % 1_000_000_000),
            cells[1]
        );
        let mut payload = Vec::new();
        let mut decoder = remb_replay::decode::Decoder::default();
        decoder.decode(&frame, &mut |datagram| payload = datagram.payload.to_vec()).unwrap();
        let remb = remb_replay::remb::Remb::parse(&payload[32..]).unwrap();
        assert_eq!(remb.bitrate.as_bps().to_string(), cells[5]);
        let ssrcs: Vec<_> = remb.ssrcs.iter().map(ToString::to_string).collect();
        assert_eq!(ssrcs.join(" "), cells[7]);
    }
    assert!(reader.next_frame().unwrap().is_none());
}

#[test]
fn the_config_of_a_run_makes_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let flags = [
        "--rtt",
        "30ms",
        "--scheduler",
        "libwebrtc",
        "--set",
        "rate_control.backoff_factor=0.9",
        "--clock-offset",
        "300us",
        "--sender-ssrc",
        "0x7",
        "--to",
        "60",
        "--rtcp",
        "reduced",
        "--hash",
    ];
    let first = [&["replay", S03, "-o", text(&one)][..], &flags].concat();
    assert_eq!(ending(&first).0, 0);
    let config = one.join("config.toml");
    assert_eq!(ending(&["replay", S03, "-o", text(&two), "--config", text(&config)]).0, 0);
    for name in [
        "config.toml",
        "estimate.csv",
        "estimate.png",
        "events.csv",
        "remb.csv",
        "remb.pcap",
        "report.html",
        "streams.csv",
        "summary.json",
    ] {
        assert_eq!(fs::read(one.join(name)).unwrap(), fs::read(two.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn a_page_has_no_text_of_strangers_in_its_markup_and_lets_no_script_but_its_own_run() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("<script>alert('1')&.pcap.gz");
    fs::copy(S03, &capture).unwrap();
    let page = folder.path().join("page.html");
    assert_eq!(ending(&["replay", text(&capture), "--html", text(&page)]).0, 0);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(!page.contains("alert("), "not even in the title");
    assert!(page.contains("<title>&#60;script&#62;alert&#40;&#39;1&#39;&#41;&#38;.pcap.gz"));
    let policy = page.split("content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!page.contains("http-equiv=\"refresh") && !page.contains("src=\"http"));
}

#[test]
fn a_view_is_a_part_with_a_beginning_or_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("part.svg");
    for wrong in ["5", "..", "9..3", "-1..3", "a..b", "1..nan"] {
        let view = format!("--view={wrong}");
        assert_eq!(ending(&["replay", S03, "--plot", text(&plot), &view]).0, 2, "{wrong}");
    }
    assert_eq!(ending(&["replay", S03, "--plot", text(&plot), "--view", "28s..36"]).0, 0);
    let picture = fs::read_to_string(&plot).unwrap();
    assert!(
        picture.contains(">28</text>") && picture.contains(">36</text>") && !picture.contains(">40</text>")
    );
    let wrong = folder.path().join("part.pdf");
    let (code, errors) = ending(&["replay", S03, "--plot", text(&wrong)]);
    assert!(code == 2 && errors.contains(".svg"), "{errors}");
}

#[test]
fn standard_input_and_a_plain_file_give_what_the_compressed_file_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = plain_capture(folder.path(), "s03-steps-audio");
    let expected = run(&["replay", S03, "--remb-csv", "-"]).stdout;
    assert!(expected.len() > 1000);
    assert_eq!(run(&["replay", text(&path), "--remb-csv", "-"]).stdout, expected);
    let mut child = program(&["replay", "-", "--remb-csv", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    assert_eq!(child.wait_with_output().unwrap().stdout, expected);
    writer.join().unwrap().unwrap();
}

#[test]
fn what_cannot_be_read_ends_with_3_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    for (path, said) in [
        (folder.path().join("absent.pcap"), "No such file"),
        (folder.path().to_owned(), "is a folder, not a capture"),
        (file("empty.pcap", b""), "the file is empty"),
        (file("notes.txt", b"Call of Monday\n"), "it begins with the text 'Call of Monday\\n'"),
    ] {
        let out = folder.path().join("out");
        let (code, errors) = ending(&["replay", text(&path), "-o", text(&out)]);
        assert_eq!(code, 3, "{errors}");
        assert!(errors.contains(said) && errors.contains(text(&path)), "{errors}");
        assert!(!out.exists(), "nothing is written");
    }
    assert_eq!(
        ending(&["replay", "-"]),
        (3, "error: standard input: not a capture (neither pcap, pcapng nor a log that is read): the file is empty\n".to_owned())
    );
}

#[test]
fn a_capture_without_rtp_ends_with_4_and_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0].to_vec();
    file.extend([0; 8]);
    file.extend([0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 42, 0, 0, 0]);
    file.extend([0; 12]);
    file.extend([8, 6]);
    file.extend([0; 28]);
    let path = folder.path().join("arp.pcap");
    fs::write(&path, file).unwrap();
    let (code, errors) = ending(&["replay", text(&path)]);
    assert_eq!((code, errors), (4, format!("error: {}: no RTP in 1 frame: saw 1 not-ip\n", text(&path))));
}

#[test]
fn abs_send_time_demanded_where_there_is_none_ends_with_4() {
    let capture = "testdata/captures/s06-no-abs-send-time.pcap.gz";
    let (code, errors) = ending(&["replay", capture, "--estimator", "abs-send-time"]);
    assert_eq!(code, 4);
    assert!(errors.contains("no header extension behaves like abs-send-time"), "{errors}");
    assert!(errors.contains("--abs-send-time-id"), "{errors}");
}

#[test]
fn a_capture_cut_in_half_is_replayed_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = plain_capture(folder.path(), "s02-fixed-1000k");
    let whole = run(&["replay", text(&path), "--remb-csv", "-"]).stdout;
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let output = run(&["replay", text(&path), "--remb-csv", "-"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(
        errors.contains("cut off in frame ") && errors.contains("what was read before it was replayed"),
        "{errors}"
    );
    assert!(output.stdout.len() > 1000 && whole.starts_with(&output.stdout));
}

#[test]
fn a_call_too_short_for_an_estimate_is_done_with_a_warning_and_empty_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // s14 has no start-up probe that is accepted; its first estimate comes after 5 s.
    let (code, errors) =
        ending(&["replay", "testdata/captures/s14-reorder.pcap.gz", "--to", "3", "-o", text(&out)]);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("warning[W-NO-ESTIMATE]"), "{errors}");
    assert_eq!(rows(&out.join("remb.csv")), 0);
    assert_eq!(fs::read(out.join("remb.pcap")).unwrap().len(), 24);
    assert!(out.join("estimate.png").exists());
    assert_eq!(ending(&["replay", "testdata/captures/s14-reorder.pcap.gz", "--to", "3", "--strict"]).0, 5);
}

#[test]
fn an_output_that_cannot_be_written_ends_with_3_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let existing = folder.path().join("remb.csv");
    fs::write(&existing, "mine").unwrap();
    let (code, errors) = ending(&["replay", S03, "-o", text(folder.path())]);
    assert_eq!(code, 3);
    assert!(errors.contains("exists; --force overwrites it"), "{errors}");
    assert_eq!(fs::read_to_string(&existing).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(ending(&["replay", S03, "-o", text(folder.path()), "--force"]).0, 0);
    assert!(rows(&existing) > 100);
    assert_eq!(ending(&["replay", S03, "-o", "/dev/null"]).0, 3);
    assert_eq!(ending(&["replay", S03, "--remb-csv", "-", "--json", "-"]).0, 3);
}

#[test]
fn a_flow_can_be_chosen() {
    let capture = "testdata/captures/s12-bidir.pcap.gz";
    let flow = "10.77.0.2:54785-10.77.0.1:56077";
    let output = run(&["replay", capture, "--flow", flow, "--remb-csv", "-"]).stdout;
    let output = String::from_utf8(output).unwrap();
    assert!(output.lines().skip(1).count() > 50 && output.lines().skip(1).all(|row| row.contains(flow)));
    let (code, errors) = ending(&["replay", capture, "--flow", "1.2.3.4:1-1.2.3.4:2"]);
    assert_eq!(code, 4);
    assert!(errors.contains("no flow that --flow names"), "{errors}");
}

/// Frames of a capture: time, and whether it is a REMB of ours in a merged one.
fn frames(path: &Path) -> Vec<(i128, bool)> {
    let mut reader =
        remb_replay::capture::CaptureReader::new(Box::new(fs::File::open(path).unwrap())).unwrap();
    let mut frames = Vec::new();
    // Sender, media SSRC, identifier.
    let ours = b"REMB\0\0\0\0REMB";
    while let Some(frame) = reader.next_frame().unwrap() {
        let is_ours = frame.data.windows(ours.len()).any(|bytes| bytes == ours);
        frames.push((i128::from(frame.at.as_nanos()), is_ours));
    }
    frames
}

#[test]
fn a_merged_capture_has_all_frames_and_our_rembs_in_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (merged, csv, piped) = (path("merged.pcapng"), path("remb.csv"), path("piped.pcapng"));
    let s08 = "testdata/captures/s08-full-ipv6.pcap.gz";
    assert_eq!(ending(&["replay", s08, "--merge", text(&merged), "--remb-csv", text(&csv)]).0, 0);
    let all = frames(&merged);
    let captured = frames(&Path::new(env!("CARGO_MANIFEST_DIR")).join(s08));
    let ours: Vec<_> = all.iter().filter(|(_, ours)| *ours).collect();
    assert!(captured.iter().all(|(_, ours)| !ours));
    assert_eq!((ours.len(), all.len()), (rows(&csv), captured.len() + rows(&csv)));
    assert!(
        all.iter().filter(|(_, ours)| !ours).eq(captured.iter()),
        "the capture's own frames, in their order"
    );
    assert!(all.is_sorted_by_key(|(at, _)| *at));
    let input = fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(s08)).unwrap();
    let status = program(&["replay", "-", "--merge", text(&piped), "-q"]).stdin(input).status().unwrap();
    assert!(status.success());
    assert_eq!(fs::read(&merged).unwrap(), fs::read(&piped).unwrap());
}

#[test]
fn params_lists_every_parameter_and_set_takes_each_default() {
    let output = run(&["params", "--json"]);
    let parameters: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let parameters = parameters.as_array().unwrap();
    assert!(parameters.len() > 50);
    let plain = run(&["replay", "--print-config"]).stdout;
    for parameter in parameters {
        for key in ["name", "type", "unit", "default", "min", "max", "mirrors"] {
            assert!(parameter.get(key).is_some(), "{key} of {parameter}");
        }
        let name = parameter["name"].as_str().unwrap();
        let default = match &parameter["default"] {
            serde_json::Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        let set = run(&["replay", "--print-config", "--set", &format!("{name}={default}")]);
        assert_eq!(
            String::from_utf8(set.stdout).unwrap(),
            String::from_utf8(plain.clone()).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn dedup_is_copies_first_and_wins_over_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("keep.toml");
    fs::write(&config, "[flags]\ncopies = \"keep\"\n").unwrap();
    let printed = run(&["replay", "--print-config", "--config", text(&config), "--dedup"]).stdout;
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("copies = \"first\""), "{printed}");
}

#[test]
fn a_printed_configuration_makes_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("draft.toml");
    let flags = ["--profile", "gcc-draft-02", "--rtt", "30ms", "--remb-interval", "500ms"];
    let printed = run(&[&["replay", "--print-config"], &flags[..]].concat());
    fs::write(&config, printed.stdout).unwrap();
    let rembs = |flags: &[&str]| run(&[&["replay", S03, "--remb-csv", "-"], flags].concat()).stdout;
    let (from_flags, from_file) = (rembs(&flags), rembs(&["--config", text(&config)]));
    assert!(from_flags == from_file && from_flags != rembs(&[]));
    let summary = run(&["replay", S03, "--json", "-", "--config", text(&config)]).stdout;
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["profile"], "gcc-draft-02");
}

#[test]
fn every_command_has_its_page_its_examples_and_its_completion() {
    let commands = [
        "inspect",
        "explain",
        "replay",
        "compare",
        "check",
        "sweep",
        "batch",
        "convert",
        "params",
        "completions",
        "man",
    ];
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ending(&["man", "--dir", text(folder.path())]).0, 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + commands.len());
    let out = |arguments: &[&str]| String::from_utf8(run(arguments).stdout).unwrap();
    assert!(out(&["man"]).contains("W\\-SENDER\\-SIDE"));
    for command in commands {
        assert!(out(&["man", command]).starts_with(".ie"), "{command}");
        for help in ["-h", "--help"] {
            assert!(out(&[command, help]).contains("Examples:"), "{command} {help}");
        }
        for shell in ["bash", "zsh", "fish", "powershell"] {
            assert!(out(&["completions", shell]).contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn text_that_finds_no_room_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    for arguments in
        [&["inspect", S03][..], &["replay", S03], &["params"], &["replay", S03, "--print-config"]]
    {
        let output = program(arguments).stdout(fs::File::create(full).unwrap()).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(3) && errors.contains("error: standard output: "), "{errors}");
    }
}

/// A device stays one; a link leads to the same file as before.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_into_and_not_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pipe = path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for force in [&[][..], &["--force"]] {
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        let (code, errors) = ending(&[&["replay", S03, "-q", "--remb-csv", text(&pipe)], force].concat());
        assert_eq!(code, 0, "{errors}");
        assert!(reader.join().unwrap().lines().count() > 100);
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }
    fs::write(path("real.csv"), "").unwrap();
    symlink(path("real.csv"), path("link.csv")).unwrap();
    let link = path("link.csv");
    assert_eq!(ending(&["replay", S03, "-q", "--remb-csv", text(&link)]).0, 3);
    assert_eq!(ending(&["replay", S03, "-q", "--remb-csv", text(&link), "--force"]).0, 0);
    assert!(link.is_symlink() && rows(&path("real.csv")) > 100);
}

#[test]
fn where_one_file_is_taken_none_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("call-2.svg"), "kept").unwrap();
    let call = "testdata/captures/s12-bidir.pcap.gz";
    let (plot, rembs) = (path("call.svg"), path("r.csv"));
    let flags = ["replay", call, "-q", "--plot", text(&plot), "--remb-csv", text(&rembs)];
    let (code, errors) = ending(&flags);
    assert!(code == 3 && errors.contains("call-2.svg exists; --force overwrites it"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(path("call-2.svg")).unwrap(), "kept");
}

/// Standard input at work: the program reads what is written, and has begun to write its outputs.
#[cfg(unix)]
struct Live {
    child: std::process::Child,
    out: PathBuf,
    _folder: tempfile::TempDir,
}

#[cfg(unix)]
impl Live {
    fn begin(capture: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let arguments = ["replay", "-", "-q", "--rtt", "20ms", "-o", text(&out)];
        let mut command = program(&arguments);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(capture).unwrap();
        while fs::read_dir(&out).map_or(0, Iterator::count) < 3 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Self { child, out, _folder: folder }
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }

    fn end(self) -> (Option<i32>, String, Vec<PathBuf>) {
        let output = self.child.wait_with_output().unwrap();
        let files = fs::read_dir(&self.out).unwrap().map(|entry| entry.unwrap().path()).collect();
        (output.status.code(), String::from_utf8(output.stderr).unwrap(), files)
    }
}

/// `tcpdump -w - | remb-replay replay - -o out`, and Ctrl-C for both.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_reading_and_what_was_read_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (_, call) = plain_capture(folder.path(), "s03-steps-audio");
    let (begin, rest) = call.split_at(1 << 20);
    for name in ["-INT", "-TERM"] {
        // Whoever fills the pipe ends with the same signal.
        let mut live = Live::begin(begin);
        live.signal(name);
        let mut stdin = live.child.stdin.take().unwrap();
        stdin.write_all(&rest[..60_000]).unwrap();
        drop(stdin);
        let (code, errors, files) = live.end();
        assert!(code == Some(5) && errors.contains("cut off in frame"), "{code:?} {errors}");
        assert_eq!(files.len(), 9, "{files:?}");
    }
    let mut live = Live::begin(begin);
    live.signal("-INT");
    let mut stdin = live.child.stdin.take().unwrap();
    // It does not listen any more at some point.
    let _ = stdin.write_all(rest);
    drop(stdin);
    let (code, errors, files) = live.end();
    assert!(code == Some(5) && errors.contains("interrupted"), "{code:?} {errors}");
    assert_eq!(files.len(), 9, "{files:?}");
    let live = Live::begin(begin);
    live.signal("-INT");
    live.signal("-INT");
    assert_eq!(live.end().0, Some(130));
}
