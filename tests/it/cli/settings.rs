//! Flags and the files that they name: what is wrong is said with what there is.

use std::fs;

use super::{S03, ending, text};

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
