"""The examples on real clusters of this machine: poison, a killed worker, a stop and a new beginning, equal to `batch`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import CAPTURES, ROOT, cells_of, fleet_of
from remb_replay import fleet

EXAMPLES = ROOT / "python" / "examples"
COUNT = 200
LONGEST_S = 400
# Without it Ray gives its workers the lowest priority, which on a busy machine is none.
os.environ.setdefault("RAY_worker_niceness", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def begin(example, *arguments):
    command = [sys.executable, str(EXAMPLES / example), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, err[-2000:]
    return out


def descendants(pid):
    """Processes that came of this one, by their command."""
    children, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            commands[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        parent = int(stat.rsplit(")", 1)[1].split()[1])
        children.setdefault(parent, []).append(int(folder.name))
    found, waiting = {}, [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found[child] = commands.get(child, "")
            waiting.append(child)
    return found


def written(out):
    return {file for file in Path(out, "captures").glob("*.parquet") if not file.name.startswith(".")}


def wait_for(process, is_there):
    begun = time.monotonic()
    while not is_there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - begun < LONGEST_S
        time.sleep(0.005)


def end(process):
    """The example, and only what it began."""
    for pid in [process.pid, *descendants(process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()


def assert_same_as_batch(program, folder, out, batch):
    assert program("batch", folder, "-o", batch, check=False).returncode == 5, "some failed"
    import pyarrow.parquet

    for table in fleet.TABLES:
        ours = fleet.read(out, table)
        theirs = pyarrow.parquet.read_table(batch / f"{table}.parquet")
        assert ours.column_names == theirs.column_names and len(ours) == len(theirs)
        assert [str(kind) for kind in ours.schema.types] == [str(kind) for kind in theirs.schema.types]
        if table == "captures":
            ours, theirs = ours.drop_columns(["cpu_ms"]), theirs.drop_columns(["cpu_ms"])
        assert ours.to_pylist() == theirs.to_pylist(), table


CLUSTERS = [
    # Those at a task, by its name; without the agents of the node, which may not die.
    ("ray", "fleet_ray.py", ["--cpus", "2"], lambda command: command.startswith("ray::Map")),
    ("distributed", "fleet_dask.py", [], lambda command: "spawn_main" in command),
]


@pytest.mark.parametrize("engine, example, options, is_worker", CLUSTERS, ids=["ray", "dask"])
def test_a_cluster_survives_poison_a_killed_worker_and_a_stop(engine, example, options, is_worker, program, tmp_path):
    pytest.importorskip(engine)
    folder, out = tmp_path / "in", tmp_path / "out"
    paths = fleet_of(folder, COUNT)
    # Stopped in the middle.
    process = begin(example, folder, out, "--part", 2, *options)
    wait_for(process, lambda: len(written(out)) >= 5)
    end(process)
    # However far it came, there is something to do.
    for part in sorted(written(out))[10:]:
        part.unlink()
    left = len(fleet.missing(paths, out))
    assert COUNT - 20 <= left <= COUNT - 10
    # Begun again, and one of the workers that are at it is killed.
    before = written(out)
    process = begin(example, folder, out, "--part", 2, *options)
    wait_for(process, lambda: written(out) - before)
    workers = []

    def are_there():
        workers[:] = [pid for pid, command in descendants(process.pid).items() if is_worker(command)]
        return workers

    wait_for(process, are_there)
    os.kill(workers[0], signal.SIGKILL)
    at_kill = len(written(out))
    said = finish(process)
    assert at_kill < COUNT // 2, "it was in the middle"
    print(f"{engine}: begun again with {left} to do, worker {workers[0]} killed at {at_kill} of {COUNT // 2} parts; {said.splitlines()}")
    assert f"{COUNT} captures, {left} to do" in said
    assert fleet.missing(paths, out) == []
    assert_same_as_batch(program, folder, out, tmp_path / "batch")
    assert f"{COUNT} captures, 0 to do" in finish(begin(example, folder, out, *options))


def test_a_grid_on_ray_is_the_table_of_the_program(program, tmp_path):
    pytest.importorskip("ray")
    folder = tmp_path / "in"
    fleet_of(folder, COUNT)
    ranges = ["rate_control.backoff_factor=0.8:0.9:0.025", "overuse.max_threshold=400:800:100"]
    flags = [flag for text in ranges for flag in ("-P", text)]
    said = finish(begin("fleet_ray.py", folder, tmp_path / "ray.csv", "--cpus", "2", *flags))
    assert f"{COUNT} captures, 4 of them left out" in said
    program("sweep", folder, *flags, "--csv", tmp_path / "program.csv", check=False)
    ours, theirs = (cells_of((tmp_path / name).read_text()) for name in ("ray.csv", "program.csv"))
    assert list(ours) == list(theirs) and len(ours["rank"]) > 25
    for name in theirs:
        assert list(map(value, ours[name])) == list(map(value, theirs[name])), name


def value(cell):
    """Pandas writes 0.8 where the program writes 0.80, and True where it writes 1."""
    cell = {"True": "1", "False": "0"}.get(cell, cell)
    try:
        return float(cell)
    except ValueError:
        return cell


def test_a_step_done_twice_is_done_once(tmp_path):
    pytest.importorskip("pyarrow")
    paths = fleet_of(tmp_path / "in", 10)
    assert fleet.captures(tmp_path / "in") == paths
    for part in fleet.parts(paths, 4) + fleet.parts(paths, 4)[:1]:
        done = fleet.step(part, tmp_path / "out")
        assert done["captures"] == len(part)
    assert fleet.missing([*paths, "other"], tmp_path / "out") == ["other"]
    captures = fleet.read(tmp_path / "out", "captures").to_pydict()
    assert captures["capture"] == paths
    assert [code for code in captures["exit_code"] if code] == [5]
    (tmp_path / "out" / "captures" / ".half.parquet").write_bytes(b"half")
    assert fleet.missing(paths, tmp_path / "out") == []


def test_no_capture_is_twice_in_a_table_however_the_parts_were_cut(tmp_path):
    pytest.importorskip("pyarrow")
    out, paths = tmp_path / "out", fleet_of(tmp_path / "in", 6)
    for part in fleet.parts(paths, 4):
        fleet.step(part, out)
    expected = {kind: fleet.read(out, kind).to_pylist() for kind in ("flows", "remb", "captures")}
    # Killed before the last of its files.
    for part in sorted((out / "captures").iterdir())[:1]:
        part.unlink()
    for part in fleet.parts(fleet.missing(paths, out), 3):
        fleet.step(part, out)
    # And some once more, among others.
    fleet.step(paths[1:4], out)
    for kind in ("flows", "remb"):
        assert fleet.read(out, kind).to_pylist() == expected[kind]
    assert fleet.read(out, "captures")["capture"].to_pylist() == paths


def test_a_name_that_is_no_text_is_found_again(tmp_path):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"/a\xff.pcap.gz", b"/b.pcap.gz"):
        Path(os.fsdecode(os.fsencode(folder) + name)).write_bytes((CAPTURES / "s14-reorder.pcap.gz").read_bytes())
    paths = fleet.captures(folder)
    assert fleet.missing(paths, tmp_path / "out") == paths
    fleet.step(paths, tmp_path / "out")
    assert fleet.missing(paths, tmp_path / "out") == []
    assert fleet.read(tmp_path / "out", "captures")["capture"].to_pylist()[1] == paths[1], "in the order of `batch`"


def test_captures_are_in_the_order_of_batch(program, tmp_path):
    pyarrow = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "tree"
    for name in ("a/x.pcap.gz", "a.pcap.gz", "a-b/y.pcap.gz"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((CAPTURES / "s14-reorder.pcap.gz").read_bytes())
    program("batch", folder, "-o", tmp_path / "batch")
    fleet.step(fleet.captures(folder), tmp_path / "out")
    for kind in ("captures", "flows"):
        theirs = pyarrow.read_table(tmp_path / "batch" / f"{kind}.parquet")["capture"].to_pylist()
        assert fleet.read(tmp_path / "out", kind)["capture"].to_pylist() == theirs


def test_duckdb_and_pandas_read_what_batch_writes(program, tmp_path):
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    fleet_of(tmp_path / "in", 60)
    program("batch", tmp_path / "in", *sorted(CAPTURES.glob("*.pcap.gz")), "-o", tmp_path / "out", check=False)
    flows, captures = tmp_path / "out" / "flows.parquet", tmp_path / "out" / "captures.parquet"
    worst = duckdb.sql(f"SELECT capture, remb_falls, overuse_pct FROM '{flows}' ORDER BY remb_falls DESC, capture LIMIT 10")
    assert [str(kind) for kind in worst.types] == ["VARCHAR", "BIGINT", "DOUBLE"]
    falls = [row[1] for row in worst.fetchall()]
    assert falls == sorted(falls, reverse=True) and falls[0] > 0
    failed = duckdb.sql(f"SELECT exit_code, count(*) FROM '{captures}' WHERE error IS NOT NULL GROUP BY 1 ORDER BY 1").fetchall()
    assert failed == [(3, 1), (5, 1)]
    nulls = duckdb.sql(f"SELECT count(*) - count(frames), count(*) - count(error) FROM '{captures}'").fetchall()
    [(count,)] = duckdb.sql(f"SELECT count(*) FROM '{captures}'").fetchall()
    assert nulls == [(1, count - 2)], "of what is no capture nothing is known; without an error there is none"
    frame = pandas.read_parquet(flows)
    assert frame.fit.dtype == bool and frame.rembs.dtype == "int64" and frame.overuse_pct.dtype == float
    assert frame.groupby("capture").size().shape[0] == count - 1 - frame_less(pandas.read_parquet(captures))


def frame_less(captures):
    """Captures that were read and have no flow."""
    return int((captures.flows == 0).sum())


def test_what_the_manual_shows_is_what_duckdb_says(program, tmp_path):
    pytest.importorskip("duckdb")
    manual = (ROOT / "docs" / "fleet.md").read_text()
    script, shown = manual.split("```python\n")[1].split("```\n\n```text\n")
    program("batch", *sorted(CAPTURES.glob("*.pcap.gz")), "-o", tmp_path / "fleet", check=False)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.rstrip() == shown.split("```")[0].rstrip()
