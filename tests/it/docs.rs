//! The manual is true: pages made from the code are what the code says (`UPDATE=1` rewrites them), every command of the
//! others runs as written, and what they show of its output is in it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use remb_replay::report::codes::{CODES, page};
use remb_replay::report::fleet::{CAPTURE_COLUMNS, FLOW_COLUMNS};
use remb_replay::report::tables::{ESTIMATE_COLUMNS, REMB_COLUMNS, STREAM_COLUMNS};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// All texts between quotes that look like a code.
fn codes_in_use() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let texts = files.iter().filter(|path| !path.ends_with("report/codes.rs"));
    let texts: Vec<_> = texts.map(|path| fs::read_to_string(path).unwrap()).collect();
    let is_code = |text: &&str| {
        ["W-", "N-"].iter().any(|kind| text.starts_with(kind) && text.len() > 4)
            && text.chars().all(|c| c.is_ascii_uppercase() || c == '-')
            && !text.ends_with('-')
    };
    texts.iter().flat_map(|text| text.split('"')).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_code_has_its_line_and_every_line_its_code() {
    let listed: BTreeSet<_> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(codes_in_use(), listed);
    assert!(CODES.is_sorted(), "in the order of the alphabet");
}

#[test]
fn the_page_of_warnings_is_up_to_date() {
    let path = root().join("docs/warnings.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page(), "UPDATE=1 rewrites it");
}

/// Name and text of each fenced block, in order.
fn fences(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = text.split("```").collect();
    parts.iter().skip(1).step_by(2).map(|part| part.split_once('\n').unwrap()).collect()
}

/// A folder with the repository's `testdata` in it.
fn clean_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("testdata"), folder.path().join("testdata")).unwrap();
    folder
}

/// Standard output and standard error of a script that must succeed, with the program on the path.
fn shell(script: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_remb-replay")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command.args(["-e", "-c", &format!("exec 2>&1\n{script}")]).current_dir(folder).stdin(Stdio::null());
    command.env("PATH", format!("{}:{path}", program.display())).env_remove("CI").env("NO_COLOR", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{script}\n{text}");
    text
}

/// Programs of others that pages use: without one a block is not run.
const TOOLS: [&str; 3] = ["tshark", "editcap", "xz"];

fn is_there(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    found.is_ok_and(|found| found.status.success())
}

/// Runs the commands of a page, one block after the other; what is shown of an output must be in it, in order.
#[allow(clippy::print_stderr, reason = "what is left out is said")]
fn run_page(name: &str, folder: &Path) {
    let page = fs::read_to_string(root().join(name)).unwrap();
    let mut output = Some(String::new());
    let mut blocks = 0;
    for (kind, block) in fences(&page) {
        match kind {
            "sh" => {
                blocks += 1;
                let missing = TOOLS.iter().find(|tool| block.contains(**tool) && !is_there(tool));
                if let Some(missing) = missing {
                    eprintln!("{name}: not run, for {missing} is not there:\n{block}");
                    output = None;
                    continue;
                }
                // The tests are what runs here, and the program is built.
                let lines = block.lines().filter(|line| !line.starts_with("cargo test"));
                let script =
                    lines.collect::<Vec<_>>().join("\n").replace("cargo run --release --", "remb-replay");
                output = Some(shell(&script, folder));
            }
            "text" => {
                let Some(output) = &output else { continue };
                let mut lines = output.lines();
                for shown in block.lines() {
                    let found = lines.any(|line| line.starts_with(shown));
                    assert!(found, "{name}: not in the output (any more): {shown}\n{output}");
                }
            }
            "rust" => {
                // The crate's documentation has it too, and is compiled.
                let documented = fs::read_to_string(root().join("src/lib.rs")).unwrap();
                let lines = block.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n");
                assert!(
                    documented.contains(&lines.collect::<String>()),
                    "{name}: not in src/lib.rs: {block}"
                );
            }
            other => panic!("{name}: what is a block of '{other}'?"),
        }
    }
    assert!(blocks > 2, "{name}");
}

/// As somebody does who reads on: every command of the pages, from top to bottom, in one clone.
#[test]
fn every_command_of_the_pages_runs_in_order_in_one_clone_and_nothing_is_left_there() {
    let folder = clean_folder();
    let there = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<BTreeSet<_>>()
    };
    let before = there();
    for page in
        ["README.md", "docs/analysis.md", "docs/something-else.md", "docs/regression.md", "docs/tuning.md"]
    {
        run_page(page, folder.path());
        // Where a block was left out, so was what removes its files.
        assert!(there() == before || !TOOLS.iter().all(|tool| is_there(tool)), "{page}: {:?}", there());
    }
}

/// The steps of the example, but for the installation, on the cases of `testdata`; once well and once with a golden broken.
#[test]
fn the_example_of_a_ci_job_runs() {
    let example = fs::read_to_string(root().join("docs/ci-example.yml")).unwrap();
    let steps: Vec<_> = example.lines().filter_map(|line| line.trim().strip_prefix("run: ")).collect();
    let [install, check, summary, changed] = steps[..] else { panic!("{steps:?}") };
    assert!(install.ends_with("cargo install --git \"$REMB_REPLAY_URL\" --locked remb-replay"));
    assert!(example.contains(&format!("key: remb-replay-{}\n", env!("CARGO_PKG_VERSION"))));
    let folder = tempfile::tempdir().unwrap();
    let traces = folder.path().join("traces");
    fs::create_dir(&traces).unwrap();
    for name in ["s08-ipv6.toml", "s08-ipv6.remb.csv", "s08-ipv6.estimate.csv"] {
        let text = fs::read_to_string(root().join("testdata/cases").join(name)).unwrap();
        fs::write(traces.join(name), text.replace("../captures/", "")).unwrap();
    }
    let capture = "s08-full-ipv6.pcap.gz";
    fs::copy(root().join("testdata/captures").join(capture), traces.join(capture)).unwrap();
    let job =
        |script: &str| shell(&format!("export CI=1 GITHUB_STEP_SUMMARY=summary.md\n{script}"), folder.path());
    assert!(job(check).ends_with("1 case: 1 passed, 0 failed, 0 skipped\n"));
    job(summary);
    assert!(fs::read_to_string(folder.path().join("summary.md")).unwrap().contains("s08-ipv6"));
    let golden = traces.join("s08-ipv6.remb.csv");
    let broken = fs::read_to_string(&golden).unwrap().replacen(",interval,", ",decrease,", 1);
    fs::write(&golden, broken).unwrap();
    assert!(job(&format!("{check} || echo \"ended with $?\"")).ends_with("ended with 1\n"));
    job(changed);
    assert!(folder.path().join("changed").join(capture).join("estimate.png").exists());
}

#[test]
fn every_column_has_its_line() {
    let text = fs::read_to_string(root().join("docs/outputs.md")).unwrap();
    let sections: Vec<_> = text.split("\n## ").skip(1).collect();
    let expected: [(&str, &[&str]); 5] = [
        ("estimate.csv", &ESTIMATE_COLUMNS),
        ("remb.csv", &REMB_COLUMNS),
        ("streams.csv", &STREAM_COLUMNS),
        ("captures", &CAPTURE_COLUMNS),
        ("flows", &FLOW_COLUMNS),
    ];
    for (name, columns) in expected {
        let section = sections.iter().find(|section| section.starts_with(name)).unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.collect::<Vec<_>>(), columns, "{name}");
    }
}
