"""The estimator alone: libwebrtc's own numbers packet by packet, and the form of learning environments."""

import csv
import io

import pytest

import remb_replay as rr
from conftest import ROOT

SEND_BPS = 800_000
VECTORS = ROOT / "testdata" / "vectors"


def vector(name, part):
    pyarrow = pytest.importorskip("pyarrow")
    with pyarrow.CompressedInputStream(pyarrow.OSFile(str(VECTORS / f"{name}.{part}.csv.zst")), "zstd") as file:
        return list(csv.DictReader(io.StringIO(file.read().decode())))


def number(row, name, default=0):
    return int(row[name]) if row.get(name) else default


@pytest.mark.parametrize(
    "name", ["a_const_1m", "b_drop_2m_500k_2m", "c_jitter15_unordered", "e_reorder_loss", "f2_two_ssrc_rtp_ts", "g_silence_3s"]
)
def test_rembs_and_estimates_are_those_that_libwebrtc_computed(name):
    estimator = rr.Estimator(scheduler="libwebrtc")
    estimates = []
    for row in vector(name, "in"):
        estimates.append(
            estimator.packet(
                arrival_us=number(row, "arrival_time_us"),
                ssrc=number(row, "ssrc"),
                size=number(row, "payload_size_bytes"),
                abs_send_time=number(row, "abs_send_time_24", None),
                rtp_timestamp=number(row, "rtp_timestamp"),
                transmission_offset=number(row, "transmission_offset"),
                now_us=number(row, "system_time_us", None),
            )
        )
    rembs = vector(name, "remb")
    expected = [(number(row, "time_us"), number(row, "bitrate_bps"), list(map(int, row["ssrcs"].split(";")))) for row in rembs]
    assert estimator.take_rembs() == expected and len(expected) > 5
    states = [row for row in vector(name, "state") if row["kind"] == "P"]
    wrong = [
        (row["pkt_idx"], estimates[number(row, "pkt_idx")], row["target_bps"])
        for row in states
        if row["valid"] == "1" and estimates[number(row, "pkt_idx")] != number(row, "target_bps")
    ]
    assert not wrong, wrong[:3]
    assert estimates[number(states[0], "pkt_idx")] is None or states[0]["valid"] == "1"


def packets(count):
    """1,000 bytes every 10 ms."""
    return [{"arrival_us": 10_000 * n, "send_time_us": 10_000 * n, "ssrc": 7, "size": 1000} for n in range(count)]


def test_a_steady_stream_is_estimated_and_rembs_follow():
    estimator = rr.Estimator()
    estimates = [estimator.packet(**packet) for packet in packets(1000)]
    assert estimates[0] is None
    assert estimates[-1] > SEND_BPS and estimator.usage == "normal"
    assert abs(estimator.incoming - SEND_BPS) < 0.02 * SEND_BPS
    rembs = estimator.take_rembs()
    assert 9 <= len(rembs) <= 12 and all(ssrcs == [7] for _, _, ssrcs in rembs)
    assert estimator.take_rembs() == []
    assert repr(estimator) == f"<remb_replay.Estimator: {estimates[-1]} bit/s, normal>"


def test_a_queue_that_grows_is_over_use_and_the_estimate_falls():
    estimator = rr.Estimator()
    seen = set()
    for n in range(1500):
        late = max(0, n - 800) * 3_000
        estimator.packet(arrival_us=10_000 * n + late, send_time_us=10_000 * n, ssrc=7, size=1000)
        seen.add((estimator.usage, estimator.rate_state))
    assert {usage for usage, _ in seen} >= {"normal", "overuse"} and {state for _, state in seen} == {"hold", "increase"}
    assert estimator.estimate < SEND_BPS


def test_dictionaries_of_packets_give_the_same():
    keyed, called = rr.Estimator(), rr.Estimator()
    assert keyed.get_estimated_bandwidth() == 300_000
    for packet in packets(300):
        called.packet(**packet)
        keyed.report_states(
            {
                "send_time_ms": packet["send_time_us"] / 1000,
                "arrival_time_ms": packet["arrival_us"] / 1000,
                "payload_type": 125,
                "sequence_number": 1,
                "ssrc": 7,
                "padding_length": 100,
                "header_length": 120,
                "payload_size": 900,
            }
        )
        assert keyed.estimate == called.estimate
    assert keyed.get_estimated_bandwidth() == called.estimate
    with pytest.raises(KeyError, match="ssrc"):
        keyed.report_states({"send_time_ms": 0, "arrival_time_ms": 0, "payload_size": 1})
    with pytest.raises(ValueError, match="arrival_time_ms"):
        keyed.report_states({"send_time_ms": 0, "arrival_time_ms": float("inf"), "payload_size": 1, "ssrc": 1})


def test_timers_run_without_packets_and_reset_forgets():
    estimator = rr.Estimator()
    for packet in packets(300):
        estimator.packet(**packet)
    before = len(estimator.take_rembs())
    assert estimator.advance(4_500_000) is not None and before >= 2
    assert len(estimator.take_rembs()) >= 1, "REMBs go on"
    estimator.set_rtt(40)
    with pytest.raises(ValueError):
        estimator.set_rtt(-1)
    estimator.reset()
    assert estimator.estimate is None and estimator.incoming is None and estimator.take_rembs() == []
    again, fresh = [estimator.packet(**packet) for packet in packets(300)], rr.Estimator()
    assert again == [fresh.packet(**packet) for packet in packets(300)], "as if it were new"


def test_what_is_no_packet_is_refused_and_time_does_not_run_backwards():
    estimator = rr.Estimator()
    wrong = [{"abs_send_time": 1 << 24}, {"arrival_us": 1 << 62}, {"size": -1}, {"ssrc": 1 << 32}]
    for change in wrong:
        with pytest.raises((ValueError, OverflowError)):
            estimator.packet(**{**packets(1)[0], "send_time_us": None, **change})
    for packet in packets(200):
        estimator.packet(**packet)
    assert estimator.advance(-5) == estimator.estimate


def test_settings_and_unknown_ones():
    def lowest(**settings):
        estimator = rr.Estimator(**settings)
        for n in range(1500):
            estimator.packet(arrival_us=10_000 * n + max(0, n - 800) * 3_000, send_time_us=10_000 * n, ssrc=7, size=1000)
        return min(bps for _, bps, _ in estimator.take_rembs())

    assert lowest(set={"rate_control.backoff_factor": 0.5}) < lowest()
    with pytest.raises(rr.SettingsError):
        rr.Estimator(set={"rate_control.backoff": 0.5})
    with pytest.raises(TypeError, match="'rtt'"):
        rr.Estimator(rtt="40ms")
