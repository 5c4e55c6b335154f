"""A call: its tables are the program's, by every reader of Arrow; errors, threads, Ctrl-C."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import remb_replay as rr
from conftest import CAPTURES, ROOT, S03, S12, S14, assert_same, cells_of, made

TABLES = ["estimate", "remb", "streams", "events"]


@pytest.fixture(scope="module")
def call():
    return rr.replay(S12)


@pytest.fixture(scope="module")
def outputs(program, tmp_path_factory):
    out = tmp_path_factory.mktemp("program") / "out"
    program("replay", S12, "-o", out, "--html", out.with_suffix(".html"))
    return out


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_the_files_of_the_program(call, outputs, table):
    assert len(getattr(call, table)) > 0
    assert_same(getattr(call, table), (outputs / f"{table}.csv").read_text())


def test_the_summary_is_that_of_the_program(call, outputs):
    assert call.summary == json.loads((outputs / "summary.json").read_text())
    assert call.exit_code == 0 and call.path == S12


def test_the_picture_and_the_page_are_those_of_the_program(call, outputs, tmp_path):
    call.plot(tmp_path / "call.png")
    assert (tmp_path / "call.png").read_bytes() == (outputs / "estimate.png").read_bytes()
    second = call.summary["flows"][1]["flow"]
    call.plot(tmp_path / "second.png", flow=second)
    assert (tmp_path / "second.png").read_bytes() == (outputs / "estimate-2.png").read_bytes()
    call.plot(tmp_path / "call.svg")
    assert (tmp_path / "call.svg").read_text().startswith("<svg")
    call.html(tmp_path / "call.html")
    assert (tmp_path / "call.html").read_bytes() == outputs.with_suffix(".html").read_bytes()
    with pytest.raises(rr.SettingsError, match="flow '1' was not estimated"):
        call.plot(tmp_path / "none.png", flow="1")
    with pytest.raises(OSError, match="No such file"):
        call.plot(tmp_path / "none" / "call.png")


SETTINGS = [
    (["--rtt", "40ms", "--set", "rate_control.backoff_factor=0.9"], {"rtt": "40ms", "set": {"rate_control.backoff_factor": 0.9}}),
    (["--scheduler", "libwebrtc", "--from", "10", "--to", "30.5"], {"scheduler": "libwebrtc", "from_": 10, "to": 30.5}),
    (["--filter", "trendline", "--remb-interval", "500ms"], {"filter": "trendline", "remb_interval": "500ms"}),
    (["--media", "all", "--remb-decrease-threshold", "10%"], {"media": "all", "remb_decrease_threshold": "10%"}),
    (["--abs-send-time-id", "0", "--sender-ssrc", "0x7"], {"abs_send_time_id": 0, "sender_ssrc": 7}),
    (["--profile", "gcc-draft-02", "--copies", "last"], {"profile": "gcc-draft-02", "copies": "last"}),
    (["--exclude-ssrc", "0x78043579", "--clock-offset", "0.7ms"], {"exclude_ssrc": 0x78043579, "clock_offset": "0.7ms"}),
    (["--clock-offset", "0.7ms"], {"clock_offset": "0.7ms"}),
    (["--srtp-tag-len", "20"], {"srtp_tag_len": 20}),
    (["--sdp", str(CAPTURES / "s03-steps-audio.answer.sdp")], {"sdp": CAPTURES / "s03-steps-audio.answer.sdp"}),
]


@pytest.mark.parametrize("flags, settings", SETTINGS, ids=[" ".join(flags[::2]) for flags, _ in SETTINGS])
def test_settings_are_those_of_the_flags(flags, settings, program, tmp_path):
    program("replay", S03, *flags, "--remb-csv", tmp_path / "remb.csv")
    ours = rr.replay(S03, estimate=False, **settings)
    assert_same(ours.remb, (tmp_path / "remb.csv").read_text())
    if "sdp" not in settings:
        assert ours.remb.to_pydict() != rr.replay(S03, estimate=False).remb.to_pydict(), "they make a difference"


# Those that do nothing in the calls that were recorded: what is made, flags, the same settings, and what there is without the last.
MADE = [
    ({"transport_cc": True}, ["--ignore-transport-cc"], {"ignore_transport_cc": True}),
    ({"moves_at": 5}, ["--merge-flows"], {"merge_flows": True}),
    ({"flows": 2}, ["--max-flows", "1"], {"max_flows": 1}),
    ({"flows": 2}, ["--max-ssrcs", "1"], {"max_ssrcs": 1}),
    ({}, ["--abs-send-time-id", "0", "--abs-capture-time-id", "4"], {"abs_send_time_id": 0, "abs_capture_time_id": 4}),
    ({}, ["--abs-send-time-id", "0", "--toffset-id", "3"], {"abs_send_time_id": 0, "toffset_id": 3}),
]


@pytest.mark.parametrize("capture, flags, settings", MADE, ids=[flags[-1 if len(flags) == 1 else -2] for _, flags, _ in MADE])
def test_settings_of_rare_calls_are_those_of_the_flags(capture, flags, settings, program, tmp_path):
    path = made(tmp_path / "made.pcap", **capture)
    program("replay", path, *flags, "--remb-csv", tmp_path / "remb.csv", check=False)

    def rembs(settings):
        try:
            return rr.replay(path, estimate=False, **settings).remb
        except rr.NothingError:
            return None

    ours, without = rembs(settings), rembs(dict(list(settings.items())[:-1]))
    assert_same(ours, (tmp_path / "remb.csv").read_text())
    assert without is None or ours.to_pydict() != without.to_pydict(), "it makes a difference"


def test_a_session_of_a_log_is_chosen():
    log = ROOT / "testdata" / "event-logs" / "u02-congested-start.receiver.log.gz"
    assert len(rr.replay(log, session=1).remb) > 0
    with pytest.raises(rr.CaptureError, match="has no session 2: 1 in all"):
        rr.replay(log, session=2)


def test_a_flow_behind_the_first_sixteen_is_drawn_by_its_name(program, tmp_path):
    path = made(tmp_path / "made.pcap", flows=20, seconds=4)
    call = rr.replay(path)
    for flow in (2, 18):
        call.plot(tmp_path / "call.png", flow=call.summary["flows"][flow]["flow"])
        picture = (tmp_path / "call.png").read_bytes()
        name = call.summary["flows"][flow]["flow"]
        program("replay", path, "--flow", name, "--plot", tmp_path / "alone.png", "--force")
        assert picture == (tmp_path / "alone.png").read_bytes(), "as where there is no other"


def test_what_was_interrupted_can_be_drawn_again(tmp_path):
    script = """
import os, signal, sys, threading, remb_replay as rr
call = rr.replay(sys.argv[1], estimate=False)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        call.html(sys.argv[2])
except KeyboardInterrupt:
    pass
call.html(sys.argv[2])
call.plot(sys.argv[3])
"""
    page, picture, long = tmp_path / "call.html", tmp_path / "call.png", tmp_path / "long.pcap.gz"
    long.write_bytes(S03.read_bytes() * 10)
    subprocess.run([sys.executable, "-c", script, str(long), str(page), str(picture)], check=True, timeout=120)
    assert page.stat().st_size > 100_000 and picture.read_bytes().startswith(b"\x89PNG")


PIPED = """
import os, sys, threading, remb_replay as rr
def fill():
    with open(sys.argv[2], "wb") as pipe:
        pipe.write(open(sys.argv[1], "rb").read())
threading.Thread(target=fill, daemon=True).start()
{0}
"""


@pytest.mark.parametrize("action", ["compare", "replay", "plot", "html"])
def test_a_pipe_is_read_once(action, tmp_path):
    pipe, out = tmp_path / "pipe", tmp_path / "out.png"
    os.mkfifo(pipe)
    actions = {
        "compare": "print(rr.compare(sys.argv[2], phases=5).metrics == rr.compare(sys.argv[1], phases=5).metrics)",
        "replay": "print(len(rr.replay(sys.argv[2]).remb) > 0)",
    }
    drawn = f"""
call = rr.replay(sys.argv[2])
try:
    call.{action}(sys.argv[3])
except rr.CaptureError as error:
    print("no file, which could be read again" in str(error))
"""
    script = PIPED.format(actions.get(action, drawn))
    done = subprocess.run([sys.executable, "-c", script, str(S12), str(pipe), str(out)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_flows_and_streams_are_chosen(call):
    first, second = (flow["flow"] for flow in call.summary["flows"][:2])
    chosen = [rr.replay(S12, estimate=False, flow=flow).summary["flows"] for flow in (second, [second])]
    assert [[flow["flow"] for flow in flows if flow["packets_fed"]] for flows in chosen] == [[second]] * 2
    ssrc = call.summary["flows"][0]["streams"][0]["ssrc"]
    for given in (ssrc, int(ssrc, 16), [ssrc]):
        fed = rr.replay(S12, estimate=False, media="all", ssrc=given).summary["flows"]
        streams = [stream for flow in fed for stream in flow["streams"] if stream["packets_fed"]]
        assert [stream["ssrc"] for stream in streams] == [ssrc]


def test_every_reader_of_arrow_takes_the_tables_with_types_and_nulls(call, outputs):
    pandas, polars, pyarrow, duckdb = map(pytest.importorskip, ["pandas", "polars", "pyarrow", "duckdb"])
    expected = cells_of((outputs / "estimate.csv").read_text())
    empty = expected["estimate_bps"].count("")
    frame = pandas.DataFrame.from_arrow(call.estimate)
    assert len(frame) == len(call.estimate) == len(expected["flow"])
    assert frame.estimate_bps.isna().sum() == empty > 0
    assert frame.time_s.dtype == float and frame.time_s.iloc[-1] == float(expected["time_s"][-1])
    table = pyarrow.table(call.estimate)
    kinds = {name: str(table.schema.field(name).type) for name in ["flow", "time_s", "incoming_bps", "probe"]}
    assert kinds == {"flow": "string", "time_s": "double", "incoming_bps": "int64", "probe": "bool"}
    assert pyarrow.schema(call.estimate) == table.schema
    assert table.to_pydict() == call.estimate.to_pydict()
    frame = polars.DataFrame(call.estimate)
    assert frame["estimate_bps"].null_count() == empty and str(frame["estimate_bps"].dtype) == "Int64"
    rembs = call.remb
    last = duckdb.sql("SELECT max(bitrate_bps), count(*) FROM rembs").fetchall()
    assert last == [(max(rembs.to_pydict()["bitrate_bps"]), len(rembs))]


def test_a_table_outlives_its_call():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(rr.replay(S14).estimate)
    assert table.num_rows > 1000 and table["time_s"].null_count == 0


def test_compare_has_the_figures_of_the_program(program, tmp_path):
    said = program("compare", S12, "--phases", "5", "--json", tmp_path / "compare.json")
    ours = rr.compare(S12, phases=5)
    assert ours.metrics == json.loads((tmp_path / "compare.json").read_text())["flows"]
    assert str(ours) == said.stdout
    with pytest.raises(rr.SettingsError, match="phases 0"):
        rr.compare(S12, phases=0)


def test_errors_have_the_exit_code_of_the_program(tmp_path):
    def code(kind, text, action):
        with pytest.raises(kind, match=text) as error:
            action()
        assert isinstance(error.value, rr.RembError)
        return error.value.exit_code

    (tmp_path / "text").write_text("no capture")
    (tmp_path / "cut").write_bytes(S14.read_bytes()[:30])
    assert code(rr.CaptureError, "none: No such file", lambda: rr.replay(tmp_path / "none")) == 3
    assert code(rr.CaptureError, "text: not a capture", lambda: rr.replay(tmp_path / "text")) == 3
    assert code(rr.CaptureError, "directory", lambda: rr.replay(tmp_path)) == 3
    assert code(rr.NothingError, "S?s14-reorder.*: no", lambda: rr.replay(S14, ssrc=1)) == 4
    assert code(rr.SettingsError, "backoff", lambda: rr.replay(S14, set={"rate_control.backoff_factor": 9})) == 2
    for wrong in [{"rtt": "61s"}, {"rtt": "soon"}, {"flow": "x"}, {"ssrc": -1}, {"media": "video"}, {"profile": "x"},
                  {"from_": 9, "to": 8}, {"from_": "noon"}, {"sdp": tmp_path / "none"}, {"srtp_tag_len": 65},
                  {"set": {"no.such": 1}}, {"filter": "kalmann"}, {"set": {"remb.decrease_threshold": "5%"}}]:
        assert code(rr.SettingsError, ".", lambda: rr.replay(S14, **wrong)) == 2, wrong
    with pytest.raises(TypeError, match="no setting is called 'rrt' here"):
        rr.replay(S14, rrt="40ms")
    with pytest.raises(TypeError):
        rr.replay(S14, merge_flows="yes")
    with pytest.raises(AttributeError, match="estimate=False"):
        rr.replay(S14, estimate=False).estimate


def test_a_capture_that_is_cut_is_replayed_up_to_there(program, tmp_path):
    (tmp_path / "cut").write_bytes(S14.read_bytes()[:50_000])
    call = rr.replay(tmp_path / "cut")
    theirs = program("replay", tmp_path / "cut", "--json", "-", check=False)
    assert call.exit_code == theirs.returncode == 5
    assert call.summary == json.loads(theirs.stdout) and call.summary["input"]["ended_early"]


def test_python_goes_on_while_a_capture_is_read(tmp_path):
    """The lock is released: this thread counts on while the other reads."""
    long = tmp_path / "long.pcap.gz"
    long.write_bytes(S03.read_bytes() * 20)
    thread = threading.Thread(target=rr.replay, args=(long,), kwargs={"estimate": False})
    thread.start()
    ticks = 0
    while thread.is_alive():
        ticks += 1
        time.sleep(0.0005)
    assert ticks > 20


SCRIPT = """
import sys, time
import remb_replay as rr
print("begun", flush=True)
try:
    {0}
    print("done")
except KeyboardInterrupt:
    print("interrupted")
"""
ENDLESS = [
    "rr.replay(sys.argv[1])",
    "rr.replay(sys.argv[1], estimate=False)",
    "rr.compare(sys.argv[1])",
    "rr.replay_many([sys.argv[1]] * 8, threads=4)",
    "rr.replay_many([sys.argv[1]] * 8, threads=4, isolate=True)",
    "rr.sweep([sys.argv[1]] * 8, ranges=['rate_control.backoff_factor=0.8:0.9:0.05'], threads=4)",
    "rr.replay(sys.argv[2])",
    "rr.replay_many([sys.argv[3]], deadline_s=3600)",
]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Minutes of work."""
    path = tmp_path_factory.mktemp("long") / "long.pcap.gz"
    path.write_bytes(S03.read_bytes() * 1000)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def long_to_hash(tmp_path_factory):
    """A damaged capture with hours of zeros behind it, which take no room."""
    path = tmp_path_factory.mktemp("damaged") / "damaged.pcap"
    with path.open("wb") as file:
        file.write(gzip.decompress(S14.read_bytes()) + bytes([255] * 16))
        file.truncate(1 << 40)
    yield path
    path.unlink()


@pytest.mark.parametrize("call", ENDLESS)
def test_ctrl_c_ends_it(call, long, long_to_hash, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Somebody holds the pipe open and writes nothing.
    writer = os.open(pipe, os.O_RDWR)
    command = [sys.executable, "-c", SCRIPT.format(call), str(long), str(pipe), str(long_to_hash)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    time.sleep(1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    os.close(writer)
    assert (out, err) == ("interrupted\n", "")
    # Of two minutes and more that it would have taken.
    assert time.monotonic() - begun < 30


def test_memory_without_the_table_of_estimates_does_not_grow_with_the_capture(tmp_path):
    long = tmp_path / "long.pcap.gz"
    long.write_bytes(S03.read_bytes() * 20)
    script = """
import resource, sys, remb_replay as rr
rr.replay(sys.argv[1], estimate=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rr.replay(sys.argv[2], estimate=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    command = [sys.executable, "-c", script, str(S03), str(long)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(grown) < 8 * 1024, "KiB; 20 times the packets"


def test_the_example_draws_with_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "picture.png"
    example = ROOT / "python" / "examples" / "picture.py"
    subprocess.run([sys.executable, str(example), str(S03), str(picture)], check=True)
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 50_000


def test_it_needs_no_other_package():
    """What is imported by the import, and by a replay, is Python's own."""
    script = """
import sys
import remb_replay as rr
rr.replay(sys.argv[1]).estimate.to_pydict()
rr.Estimator()
print([name for name in sys.modules if "." not in name and name not in sys.stdlib_module_names and name != "remb_replay"])
"""
    command = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.append(sys.argv[2])\n" + script, str(S14)]
    found = subprocess.run([*command, str(rr_folder())], check=True, capture_output=True, text=True).stdout
    assert found == "['__main__']\n"


def rr_folder():
    from pathlib import Path

    return Path(rr.__file__).resolve().parents[1]


def test_cells_are_read_as_they_are_written_to_the_last_bit():
    random.seed(1)
    numbers = [random.choice([1, -1]) * random.getrandbits(random.randrange(1, 63)) for _ in range(20_000)]
    numbers += [0, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**18]
    reals = [f"{number / 10**6:.{random.randrange(1, 12)}f}" for number in numbers]
    reals[:6] = ["-0.0", "1790000000.123456789", "0.1", "123456789012345678901234567890.5", "9007199254740993.0", "0.30000000000000004"]
    flow = 'a, "b"\nc'
    rows = [f'x,{real},,"{flow.replace(chr(34), chr(34) * 2)}",,{number},,,' for real, number in zip(reals, numbers)]
    table = rr.table_of("remb", ("\n".join(rows) + "\n").encode()).to_pydict()
    assert [value.hex() for value in table["time_s"]] == [float(real).hex() for real in reals]
    assert table["bitrate_bps"] == numbers and set(table["flow"]) == {flow} and set(table["ssrcs"]) == {None}
    for wrong in ["x,1.5.2,,,,,,,", "x,1,,,,1.5,,,", "x,1,,,,9223372036854775808,,,", "x,1", "x,1,,,,,,,,", "x,-,,,,,,,"]:
        with pytest.raises(rr.SettingsError, match="another kind|of [0-9]+ cells in a table of 9 columns"):
            rr.table_of("remb", f"{wrong}\n".encode())
