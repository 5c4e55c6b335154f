"""Captures, and the program that the module is held against."""

import csv
import gzip
import io
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "testdata" / "captures"
S03 = CAPTURES / "s03-steps-audio.pcap.gz"
S12 = CAPTURES / "s12-bidir.pcap.gz"
S14 = CAPTURES / "s14-reorder.pcap.gz"


def program_path() -> Path:
    """The program as `cargo build` left it, the optimised one first; or what REMB_REPLAY says."""
    given = os.environ.get("REMB_REPLAY")
    candidates = [Path(given)] if given else [ROOT / "target" / kind / "remb-replay" for kind in ("release", "debug")]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    pytest.fail("the program is not built: cargo build --release")


@pytest.fixture(scope="session")
def program():
    path = program_path()

    def run(*arguments, check=True):
        command = [str(path), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stderr
        return done

    return run


def cells_of(text):
    """A CSV file's columns, as text."""
    header, *rows = csv.reader(io.StringIO(text))
    return dict(zip(header, map(list, zip(*rows))) if rows else ((name, []) for name in header))


def is_cell(value, text):
    """Whether a value of a table is what the file's cell says."""
    if value is None or text == "":
        return value is None and text == ""
    if isinstance(value, bool):
        return text in (("1", "yes") if value else ("0", "no"))
    return value == type(value)(text)


def assert_same(table, text, without=()):
    """A table is that of a CSV file, in every cell."""
    ours, theirs = table.to_pydict(), cells_of(text)
    assert list(ours) == list(theirs)
    for name in theirs:
        if name in without:
            continue
        assert len(ours[name]) == len(theirs[name]), name
        wrong = [pair for pair in zip(ours[name], theirs[name]) if not is_cell(*pair)]
        assert not wrong, f"{name}: {wrong[:3]}"


def fleet_of(folder: Path, count: int) -> list[str]:
    """So many captures that differ in their bytes; of every 40 one is poisonous, each in its own way."""
    folder.mkdir(parents=True)
    good = S14.read_bytes()
    kinds = [good[: len(good) // 2], b"", bytes([0x80, 0, 1, 2]) * 500, gzip.compress(bytes(100_000_000)), None]
    paths = []
    for number in range(count):
        path = folder / f"{number:05}.pcap.gz"
        if number % 40 == 7:
            kind = kinds[number // 40 % len(kinds)]
            # A pipe never ends.
            os.mkfifo(path) if kind is None else path.write_bytes(kind)
        else:
            # A comment in the header of the gzip file.
            path.write_bytes(good[:3] + b"\x10" + good[4:10] + b"%d\0" % number + good[10:])
        paths.append(str(path))
    return paths
