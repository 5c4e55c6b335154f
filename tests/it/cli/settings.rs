//! Flags and the files that they name: what is wrong is said with what there is.

use std::fs;

use super::{S03, ending, run, text};

#[test]
fn a_picture_is_what_its_name_says_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let jpg = folder.path().join("x.jpg");
    for command in [&["replay", S03][..], &["compare", S03], &["sweep", S03, "-L", "remb.interval=1s"]] {
        let (code, errors) = ending(&[command, &["--plot", text(&jpg)]].concat());
        assert!(code == 2 && errors.contains("a picture is a .png or an .svg"), "{command:?}: {errors}");
    }
    assert!(!jpg.exists());
    let upper = folder.path().join("x.SVG");
    assert_eq!(ending(&["replay", S03, "-q", "--plot", text(&upper)]).0, 0);
    assert!(fs::read_to_string(upper).unwrap().contains("<svg"));
}

#[test]
fn a_selection_that_finds_nothing_says_what_there_is() {
    for (flags, code, expected) in [
        (
            &["--ssrc", "7"][..],
            4,
            "no stream that --ssrc selects; there are 0xb6aa5cac, 0x78043579, 0x1483902d",
        ),
        (&["--flow", "1.2.3.4:1-1.2.3.4:2"], 4, "look like RTP; there is 10.77.0.1:54009-10.77.0.2:35277"),
        (&["--from", "60", "--to", "30"], 2, "--from 60 is after --to 30: nothing lies between"),
        (
            &["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
            2,
            "--from 2026-01-02T00:00:00Z is after --to 2026-01-01T00:00:00Z",
        ),
        (&["--from", "9999-01-01T00:00:00Z", "--to", "30"], 2, "is out of range"),
        (&["--from", "2100-01-01T00:00:00Z", "--to", "30"], 4, "--from is after --to: nothing lies between"),
        (&["--from", "200"], 4, "--from is after the end of the capture, which has 110.2"),
        (&["--to", "1990-01-01T00:00:00Z"], 4, "--to is before the first frame"),
    ] {
        let (found, errors) = ending(&[&["replay", S03], flags].concat());
        assert!(found == code && errors.contains(expected), "{flags:?}: {found} {errors}");
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_3_and_a_wrong_one_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "a = [\n").unwrap();
    for flag in ["--config", "--sdp"] {
        for command in [
            &["replay", S03][..],
            &["inspect", S03],
            &["compare", S03],
            &["sweep", S03, "-L", "remb.interval=1s"],
        ] {
            // What inspect finds hangs on no parameter.
            if (flag, command[0]) == ("--config", "inspect") {
                assert!(ending(&["inspect", S03, "--config", "x"]).1.contains("unexpected argument"));
                continue;
            }
            let with = |path: &str| ending(&[command, &[flag, path]].concat());
            let (code, errors) = with("no-such-file");
            assert!(
                code == 3 && errors.contains(&format!("{flag} no-such-file")),
                "{command:?}: {code} {errors}"
            );
            assert_eq!(with(text(folder.path())).0, 3, "a folder");
        }
    }
    assert_eq!(ending(&["replay", S03, "--config", text(&file)]).0, 2);
    fs::write(&file, b"\xff").unwrap();
    assert_eq!(ending(&["replay", S03, "--sdp", text(&file)]).0, 2);
}

#[test]
fn a_run_s_config_has_every_default_and_makes_the_same_run_and_the_same_config() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let flags = ["--set", "rate_control.backoff_factor=0.8", "--rtt", "30ms"];
    assert_eq!(ending(&[&["replay", S03, "-q", "-o", text(&one)], &flags[..]].concat()).0, 0);
    let config = one.join("config.toml");
    let written = fs::read_to_string(&config).unwrap();
    for line in [
        "model = \"libwebrtc receive-side estimator, sources of",
        "profile = \"libwebrtc\"",
        "backoff_factor = 0.8",
        "scheduler = \"periodic\"",
        "rtt = \"30ms\"",
        "media = \"auto\"",
        "max_flows = 65536",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    let (code, errors) = ending(&["replay", S03, "-q", "-o", text(&two), "--config", text(&config)]);
    assert!(code == 0 && !errors.contains("W-OTHER-MODEL"), "{errors}");
    for name in ["config.toml", "remb.csv", "estimate.csv", "summary.json"] {
        assert_eq!(fs::read(one.join(name)).unwrap(), fs::read(two.join(name)).unwrap(), "{name}");
    }
    let older = folder.path().join("older.toml");
    fs::write(&older, written.replace("sources of 2026", "sources of 2019")).unwrap();
    for command in
        [&["replay", S03][..], &["compare", S03, "--phases", "1"], &["sweep", S03, "-L", "remb.interval=1s"]]
    {
        let (code, errors) = ending(&[command, &["--config", text(&older)]].concat());
        assert!(code == 0 && errors.contains("warning[W-OTHER-MODEL]"), "{command:?}: {errors}");
        assert!(errors.contains("sources of 2019"), "{errors}");
    }
    assert_eq!(ending(&["replay", S03, "--strict", "--config", text(&older)]).0, 5);
    fs::write(&older, written.replace("[flags]", "[flags]\nnonsense = 1")).unwrap();
    let (code, errors) = ending(&["replay", S03, "--config", text(&older)]);
    assert!(code == 2 && errors.contains("nonsense"), "{errors}");
}

/// One screen: the usual flags.
#[test]
fn the_short_help_is_at_most_40_lines_of_100_columns() {
    for command in ["inspect", "explain", "replay", "compare", "sweep", "batch", "convert", "check", "params"]
    {
        let help = String::from_utf8(run(&[command, "-h"]).stdout).unwrap();
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(help.lines().count() <= 40 && widest <= 100, "{command}: {widest}\n{help}");
        let all = String::from_utf8(run(&[command, "--help"]).stdout).unwrap();
        for flag in help.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(all.contains(flag.trim_end_matches([',', '\''])), "{command}: {flag}");
        }
    }
}

#[test]
fn files_in_each_other_s_places_are_told_what_was_meant() {
    let (capture, table) = ("testdata/captures/s16-any.pcap.gz", "testdata/captures/s16-any.remb.csv");
    let meant = format!("did you mean compare {capture} --recorded {table}?");
    for (arguments, expected) in [
        (&["compare", table, capture][..], meant.as_str()),
        (&["compare", capture, table], meant.as_str()),
        (&["compare", capture, capture], "--remb-csv a.csv"),
        (&["compare", table], "compare CAPTURE --recorded"),
        (&["compare", capture, "--recorded", capture], "--recorded takes a table (CSV)"),
        (&["check", capture], "check takes cases (*.toml)"),
    ] {
        let (code, errors) = ending(arguments);
        assert!(code == 2 && errors.contains(expected), "{arguments:?}: {code} {errors}");
    }
}

#[test]
fn a_command_line_that_cannot_be_read_is_told_what_was_meant() {
    let took = format!("'--csv' took '{S03}' as its value");
    for (arguments, expected) in [
        (&[S03][..], "a command goes first: 'remb-replay explain"),
        (&[S03, "explain"], "a command goes first"),
        (&["explain", S03, "-o", "out"], "'-o' is a flag of replay"),
        (&["explain", S03, "--html", "call.html"], "'--html' is a flag of replay"),
        (&["inspect", S03, "--phases", "9"], "'--phases' is a flag of compare"),
        (&["explain", "--csv", S03], took.as_str()),
    ] {
        let (code, errors) = ending(arguments);
        assert!(code == 2 && errors.contains(expected), "{arguments:?}: {code} {errors}");
    }
    let (code, errors) = ending(&["explain", "--no-such-flag", S03]);
    assert!(code == 2 && !errors.contains("is a flag of"), "{errors}");
    // A switch takes no value.
    for arguments in [&["convert", "-q", S03][..], &["batch", "--estimate", S03], &["check", "-q"]] {
        let (code, errors) = ending(arguments);
        assert!(code == 2 && !errors.contains("as its value"), "{arguments:?}: {errors}");
    }
}

#[test]
fn an_output_in_a_folder_that_is_not_there_names_the_folder() {
    let (code, errors) = ending(&["replay", S03, "--html", "no-such-folder/call.html"]);
    assert!(code == 3 && errors.contains("there is no folder no-such-folder"), "{errors}");
    assert!(!errors.contains(".tmp"), "{errors}");
}

#[test]
fn what_was_written_is_said_and_which_picture_is_of_which_flow() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let call = "testdata/captures/s12-bidir.pcap.gz";
    let (code, errors) = ending(&["replay", call, "-o", text(&out)]);
    assert_eq!(code, 0, "{errors}");
    let line = errors.lines().find(|line| line.starts_with("wrote into ")).unwrap();
    for entry in fs::read_dir(&out).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(line.contains(&name), "{name}: {line}");
    }
    assert!(errors.contains("estimate.png: 10.77.0.1:56077-10.77.0.2:54785"), "{errors}");
    assert!(errors.contains("estimate-2.png: 10.77.0.2:54785-10.77.0.1:56077"), "{errors}");
}

#[test]
fn compare_is_pointed_to_where_both_are_apart_for_long_and_only_there() {
    let summary = |flags: &[&str]| {
        String::from_utf8(run(&[&["replay", S03, "--scheduler", "libwebrtc"], flags].concat()).stdout)
            .unwrap()
    };
    let text = summary(&["--rtt", "400ms"]);
    let line =
        "more than 5 % apart for 73.4 of 110.1 s, the longest from 67.6 to 86.9 s; remb-replay compare";
    assert!(text.contains(line), "{text}");
    assert!(!summary(&[]).contains("apart for"));
}

#[test]
fn a_flag_that_would_do_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("x.png");
    for (arguments, expected) in [
        (
            &["replay", S03, "--view", "3..4"][..],
            "--output-dir <DIR>|--plot <FILE.png|FILE.svg>|--html <FILE>",
        ),
        (&["replay", S03, "--view", "3..4", "--json", "-"], "--output-dir <DIR>|--plot"),
        (&["replay", S03, "--tables", "csv"], "--output-dir <DIR>"),
    ] {
        let (code, errors) = ending(arguments);
        assert!(code == 2 && errors.contains(expected), "{arguments:?}: {code} {errors}");
    }
    assert_eq!(ending(&["replay", S03, "-q", "--view", "3..4", "--plot", text(&plot)]).0, 0);
    assert!(plot.exists());
}

#[cfg(feature = "parquet")]
#[test]
fn a_table_is_parquet_by_its_name_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (command, name) in [
        (&["replay", S03, "-q", "--remb-csv"][..], "remb.parquet"),
        (&["replay", S03, "-q", "--estimate-csv"], "estimate.PARQUET"),
        (&["inspect", S03, "-q", "--csv"], "streams.parquet"),
        (&["inspect", S03, S03, "-q", "--csv"], "several.parquet"),
        (&["explain", S03, "-q", "--csv"], "events.parquet"),
    ] {
        let (code, errors) = ending(&[command, &[text(&path(name))]].concat());
        assert_eq!(code, 0, "{errors}");
        let bytes = fs::read(path(name)).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{name}");
    }
    for command in [&["compare", S03, "--csv"][..], &["sweep", S03, "-L", "remb.interval=1s", "--csv"]] {
        let (code, errors) = ending(&[command, &[text(&path("x.parquet"))]].concat());
        assert!(code == 2 && errors.contains("this table is written as CSV alone"), "{command:?}: {errors}");
    }
    assert!(!path("x.parquet").exists());
}

#[test]
fn settings_can_be_printed_without_a_capture() {
    for command in ["replay", "explain", "compare", "sweep", "batch"] {
        let printed = run(&[command, "--print-config"]);
        assert!(printed.status.success(), "{command}: {}", String::from_utf8_lossy(&printed.stderr));
        assert!(String::from_utf8(printed.stdout).unwrap().contains("profile = \"libwebrtc\""), "{command}");
    }
}

#[test]
fn the_help_of_batch_has_no_flag_that_batch_refuses() {
    for help in ["-h", "--help"] {
        let text = String::from_utf8(run(&["batch", help]).stdout).unwrap();
        assert!(text.contains("--deadline") && !text.contains("--event-log"), "{text}");
    }
    let (code, errors) = ending(&["batch", S03, "-o", "nowhere", "--event-log", "x"]);
    assert!(code == 2 && errors.contains("--event-log goes with one capture"), "{errors}");
}
