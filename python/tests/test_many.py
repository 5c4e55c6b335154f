"""Many captures: the rows of `batch`, whatever does them, and the table of `sweep`."""

import sys

import pytest

import remb_replay as rr
from conftest import S03, S12, S14, assert_same, fleet_of
from remb_replay import _isolated

GRID = {"lists": ["controller.filter=kalman,trendline"], "ranges": ["rate_control.backoff_factor=0.8:0.9:0.05"]}


@pytest.mark.parametrize("isolate", [False, True])
def test_tables_are_those_of_batch(program, tmp_path, isolate):
    paths = fleet_of(tmp_path / "in", 50)
    program("batch", *paths, "-o", tmp_path / "out", "--tables", "csv", check=False)
    for table in ["captures", "flows", "remb", "streams", "events"]:
        ours = rr.replay_many(paths, table=table, isolate=isolate, threads=2)
        assert_same(ours, (tmp_path / "out" / f"{table}.csv").read_text(), without=["cpu_ms"])
        assert len(ours) >= 49


def test_every_poison_is_a_row(tmp_path):
    paths = fleet_of(tmp_path / "in", 200)
    poisonous = [path for number, path in enumerate(paths) if number % 40 == 7]
    captures = rr.replay_many(poisonous + [tmp_path / "none", S14], table="captures").to_pydict()
    assert captures["exit_code"] == [5, 3, 3, 3, 3, 3, 0]
    says = ["cut off", "empty", "not a capture", "not a capture", "no file but a pipe", "No such file"]
    assert all(text in error for text, error in zip(says, captures["error"])), captures["error"]
    assert captures["error"][-1] is None and captures["cpu_ms"][-1] > 0


def test_a_failure_is_a_row_or_an_error(tmp_path):
    (tmp_path / "garbage").write_bytes(bytes([0x80, 0, 1, 2]))
    (tmp_path / "cut").write_bytes(S14.read_bytes()[:50_000])
    with pytest.raises(rr.CaptureError, match="garbage: not a capture"):
        rr.replay_many([S14, tmp_path / "garbage"], on_error="raise")
    with pytest.raises(rr.IncompleteError, match="cut: "):
        rr.replay_many([S14, tmp_path / "cut"], on_error="raise")
    late = rr.replay_many([S12], table="captures", deadline_s=0.0001).to_pydict()
    assert late["exit_code"] == [5] and "--deadline" in late["error"][0]
    with pytest.raises(rr.SettingsError, match="on_error"):
        rr.replay_many([S14], on_error="ignore")
    with pytest.raises(rr.SettingsError, match="no table is called 'flow'; there are captures, flows"):
        rr.replay_many([S14], table="flow")
    for isolate in (False, True):
        with pytest.raises(TypeError, match="'rrt'"):
            rr.replay_many([S14], rrt="40ms", isolate=isolate)


CRASHING = """
import os, time
from remb_replay import _isolated, _native
rows = _native.batch_rows
def batch_rows(path, **settings):
    if path.endswith("abort"):
        os.abort()
    if path.endswith("hang"):
        time.sleep(3600)
    if path.endswith("noise"):
        os.write(1, b"a print of native code")
    return rows(path, **settings)
_native.batch_rows = batch_rows
_isolated.main()
"""


def test_a_crash_or_a_hang_of_a_subprocess_costs_its_capture_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(_isolated, "COMMAND", [sys.executable, "-c", CRASHING])
    monkeypatch.setattr(_isolated, "GRACE_S", 2.0)
    (tmp_path / "noise").write_bytes(S14.read_bytes())
    paths = [str(S14), str(tmp_path / "abort"), str(S14), str(tmp_path / "hang"), str(tmp_path / "noise"), str(S14)]
    captures = rr.replay_many(paths, table="captures", isolate=True, threads=1, deadline_s=5).to_pydict()
    assert captures["exit_code"] == [0, 5, 0, 5, 0, 0]
    assert captures["error"][1] == "crashed: its process ended with -6"
    assert captures["error"][3] == "hung: its process was ended 2 s after the deadline"
    assert len(rr.replay_many(paths[:2], isolate=True, threads=1)) == 1, "no row of flows for what crashed"


def test_no_more_captures_are_ahead_than_needed():
    taken = []

    def paths():
        for number in range(100):
            taken.append(number)
            yield S14

    rows = rr.iterate(paths(), threads=2)
    next(rows)
    assert len(taken) <= 5
    rows.close()
    assert len(taken) <= 5


def test_a_sweep_is_that_of_the_program(program, tmp_path):
    flags = [flag for text in GRID["lists"] for flag in ("-L", text)]
    flags += [flag for text in GRID["ranges"] for flag in ("-P", text)]
    program("sweep", S03, S12, *flags, "--csv", tmp_path / "sweep.csv")
    table = rr.sweep([S03, S12], **GRID)
    assert_same(table, (tmp_path / "sweep.csv").read_text())
    assert len(table) > 6
    with pytest.raises(rr.SettingsError, match="nothing is swept"):
        rr.sweep([S03])
    with pytest.raises(rr.CaptureError):
        rr.sweep([S14, "/none"], **GRID)


def test_parts_of_a_sweep_are_ranked_wherever_they_were_made():
    parts = [rr.sweep_one(path, **GRID) for path in (S03, S14)]
    assert rr.rank(parts, **GRID).to_pydict() == rr.sweep([S03, S14], **GRID).to_pydict()
    with pytest.raises(rr.NothingError, match="no flow to estimate in 1 capture"):
        rr.rank(["[]"], **GRID)
    with pytest.raises(rr.SettingsError, match="not a part"):
        rr.rank(["{"], **GRID)
