"""Captures, and the program that the module is held against."""

import csv
import gzip
import io
import os
import struct
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


def made(path: Path, flows: int = 1, seconds: int = 10, moves_at: float | None = None, transport_cc: bool = False) -> Path:
    """A capture of so many flows of video, a packet each 20 ms. Extension 3 is abs-send-time, 4 abs-capture-time, by another clock, and with
    `transport_cc` 5 counts the packets. From the second `moves_at` on it comes from another port."""
    file = io.BytesIO()
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    for number in range(50 * seconds):
        for flow in range(flows):
            sent = number / 50
            arrived = sent + 0.02 * abs(number % 100 - 50) / 50
            elements = b"\x32" + struct.pack(">I", int(sent * 2**18) & 0xFFFFFF)[1:]
            elements += b"\x47" + struct.pack(">Q", int((3.9e9 + 0.9 * sent) * 2**32))
            elements += b"\x51" + struct.pack(">H", number) if transport_cc else bytes(3)
            rtp = struct.pack(">BBHIIHH", 0x90, 96, number, number * 1800, 100 + flow, 0xBEDE, 4) + elements + bytes(1000)
            port = 5000 + flow + (1000 if moves_at is not None and sent >= moves_at else 0)
            udp = struct.pack(">HHHH", port, 9000, 8 + len(rtp), 0) + rtp
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + udp
            file.write(struct.pack("<IIII", int(arrived), int(arrived % 1 * 1e6), len(ip), len(ip)) + ip)
    path.write_bytes(file.getvalue())
    return path
