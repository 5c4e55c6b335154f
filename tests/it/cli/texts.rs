//! What the program prints, whole, as it was reviewed: `snapshots/` beside this file. Each shows the command, its exit code
//! and what it wrote to standard output and standard error.
//!
//! Where a text is to change, `INSTA_UPDATE=always cargo test texts` writes the snapshots anew, and the difference is part
//! of the review. Without it a text that differs fails, and the new one is put beside the old one as `.snap.new`; with
//! `INSTA_UPDATE=no`, or where `CI` is set, nothing is written.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::program;

/// The repository: captures are named as in its pages.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command as it is typed, in a folder, and all that it shows there. Words are parted by spaces.
fn shown(folder: &Path, command: &str) -> String {
    let arguments: Vec<_> = command.split_whitespace().collect();
    let mut program = program(&arguments);
    // `check` is stricter where CI is set.
    program.current_dir(folder).stdin(Stdio::null()).env_remove("CI");
    let output = program.output().unwrap();
    let mut text = format!("$ remb-replay {command}\nexit code {}\n", output.status.code().unwrap());
    for (name, bytes) in [("standard output", output.stdout), ("standard error", output.stderr)] {
        if !bytes.is_empty() {
            text += &format!("---- {name} ----\n{}", String::from_utf8(bytes).unwrap());
        }
    }
    text
}

/// The commands' texts, one behind the other.
fn all_shown(folder: &Path, commands: &[&str]) -> String {
    commands.iter().map(|command| shown(folder, command)).collect::<Vec<_>>().join("\n")
}

/// Holds a text against the snapshot of that name.
fn reviewed(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    // The text begins with the command; the expression in this file says nothing more.
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A folder with a call in it, as `call.pcap.gz`.
fn folder_with_a_call() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let call = repository().join("testdata/captures/s16-any.pcap.gz");
    fs::copy(call, folder.path().join("call.pcap.gz")).unwrap();
    folder
}

#[test]
fn inspect() {
    for call in
        ["s03-steps-audio", "s06-no-abs-send-time", "s07-encrypted", "s08-full-ipv6", "s12-bidir", "s16-any"]
    {
        let command = format!("inspect testdata/captures/{call}.pcap.gz");
        reviewed(&format!("inspect-{call}"), &shown(repository(), &command));
    }
}

#[test]
fn replay() {
    for call in ["s03-steps-audio", "s06-no-abs-send-time", "s07-encrypted", "s12-bidir"] {
        let command = format!("replay testdata/captures/{call}.pcap.gz");
        reviewed(&format!("replay-{call}"), &shown(repository(), &command));
    }
    let verbose = "replay testdata/captures/s03-steps-audio.pcap.gz -v";
    reviewed("replay-verbose", &shown(repository(), verbose));
    let part =
        "replay testdata/captures/s03-steps-audio.pcap.gz --from 30 --to 60 --ssrc 0x1483902d --rtt 40ms";
    reviewed("replay-part", &shown(repository(), part));
}

#[test]
fn compare() {
    for call in ["s07-encrypted", "s12-bidir", "s16-any"] {
        let command = format!("compare testdata/captures/{call}.pcap.gz");
        reviewed(&format!("compare-{call}"), &shown(repository(), &command));
    }
    let gate = "compare testdata/captures/s16-any.pcap.gz --phases 1 --max-median 0.1% --min-within-5 99%";
    reviewed("compare-outside-the-gate", &shown(repository(), gate));
    let folder = folder_with_a_call();
    let files = [
        "replay call.pcap.gz -q --remb-csv a.csv",
        "replay call.pcap.gz -q --remb-csv b.csv --set rate_control.backoff_factor=0.9",
        "compare a.csv b.csv",
    ];
    reviewed("compare-two-files", &all_shown(folder.path(), &files));
}

#[test]
fn sweep() {
    let factors = "sweep testdata/captures/s16-any.pcap.gz -L rate_control.backoff_factor=0.8,0.85,0.9";
    reviewed("sweep-one-parameter", &shown(repository(), factors));
    let grid = "sweep testdata/captures/s07-encrypted.pcap.gz testdata/captures/s08-full-ipv6.pcap.gz \
                -L controller.filter=kalman,trendline -P overuse.gain_up_per_ms=0.005:0.01:0.005";
    reviewed("sweep-grid", &shown(repository(), grid));
}

#[test]
fn check() {
    reviewed("check-passes", &shown(repository(), "check testdata/cases"));
    let folder = folder_with_a_call();
    let case = |name: &str, more: &str| {
        let text = format!("input = 'call.pcap.gz'\ngolden = '{name}.remb.csv'\n{more}");
        fs::write(folder.path().join(name).with_extension("toml"), text).unwrap();
    };
    case("same", "");
    case("changed", "");
    case("expected", "expect = { warnings = ['W-TIME-STEPS-BACK'], 'flows.0.fed' = [1, 2] }\n");
    case("later", "skip = 'not yet'\n");
    let written = shown(folder.path(), "check .");
    let golden = folder.path().join("changed.remb.csv");
    let changed = fs::read_to_string(&golden).unwrap().replacen(",interval,", ",decrease,", 1);
    fs::write(golden, changed).unwrap();
    case("absent", "");
    fs::write(folder.path().join("absent.toml"), "input = 'no-such.pcap'\ngolden = 'absent.remb.csv'\n")
        .unwrap();
    let failing = shown(folder.path(), "check . --report md:report.md");
    let report = fs::read_to_string(folder.path().join("report.md")).unwrap();
    reviewed("check-writes-goldens-and-fails", &format!("{written}\n{failing}---- report.md ----\n{report}"));
}

#[test]
fn params() {
    reviewed("params", &shown(repository(), "params"));
}

#[test]
fn help() {
    reviewed("help", &shown(repository(), "--help"));
    for command in ["inspect", "replay", "compare", "check", "sweep", "params", "completions", "man"] {
        reviewed(&format!("help-{command}"), &shown(repository(), &format!("{command} --help")));
    }
    // The short form differs in the same way for each command.
    reviewed("help-replay-short", &shown(repository(), "replay -h"));
}

#[test]
fn what_is_typed_wrong() {
    let commands = [
        "",
        "inspct call.pcap",
        "replay",
        "replay call.pcap --rtt-ms 3",
        "replay call.pcap --rtt 200",
        "replay call.pcap --filter kallman",
        "replay call.pcap --ssrc video",
        "replay call.pcap --flow 10.0.0.1",
        "replay call.pcap --from noon",
        "replay call.pcap --from 60 --to 30",
        "replay call.pcap --remb-interval 0s",
        "replay call.pcap --plot call.jpg",
        "replay call.pcap --set foo",
        "replay call.pcap --set rate_control.backof_factor=0.9",
        "replay call.pcap --set rate_control.backoff_factor=7",
        "replay call.pcap --profile gcc-draft",
        "compare",
        "check",
        "sweep call.pcap",
        "sweep call.pcap -L rate_control.backof_factor=0.8,0.9",
        "sweep call.pcap -P rate_control.backoff_factor=1:0:0.1",
        "params call.pcap",
        "completions tcsh",
        "man nothing",
    ];
    reviewed("errors-of-usage", &all_shown(tempfile::tempdir().unwrap().path(), &commands));
}

#[test]
fn what_is_not_there_or_cannot_be_used() {
    let folder = folder_with_a_call();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    fs::create_dir(folder.path().join("calls")).unwrap();
    write("empty.pcap", b"");
    write("notes.txt", b"Call of Monday\n");
    write("remb.csv", b"mine");
    write("odd.csv", b"time,rate\n1,2\n");
    write("odd.toml", b"[rate_control]\nbackoff = 0.9\n");
    write("case.toml", b"input = 'call.pcap.gz'\ngoldn = 'call.remb.csv'\n");
    let commands = [
        "replay absent.pcap",
        "replay calls",
        "replay empty.pcap",
        "inspect notes.txt",
        "replay -",
        "replay call.pcap.gz --ssrc 7",
        "replay call.pcap.gz --flow 1.2.3.4:1-1.2.3.4:2",
        "replay call.pcap.gz --from 2000",
        "replay call.pcap.gz -o .",
        "replay call.pcap.gz --remb-csv - --json -",
        "replay call.pcap.gz --config absent.toml",
        "replay call.pcap.gz --config odd.toml",
        "replay call.pcap.gz --sdp notes.txt",
        "compare call.pcap.gz --recorded odd.csv",
        "check calls",
        "check case.toml",
    ];
    reviewed("errors-of-input-and-output", &all_shown(folder.path(), &commands));
}
