"""WebRTC's receive-side bandwidth estimator (REMB, Google Congestion Control), re-run on captures.

>>> import remb_replay as rr
>>> call = rr.replay("call.pcap.gz", rtt="40ms", set={"rate_control.backoff_factor": 0.9})
>>> call.summary["flows"][0]["rembs"]["count"]
>>> import pandas; pandas.DataFrame.from_arrow(call.estimate)

Tables are handed over by the Arrow PyCapsule interface: pandas, Polars, pyarrow and DuckDB take them as they are, and this package needs
none of them. Python's lock is released while a capture is read; Ctrl-C ends it.
"""

from ._many import iterate, replay_many, sweep
from ._native import (
    Call,
    CaptureError,
    Comparison,
    Estimator,
    IncompleteError,
    NothingError,
    RembError,
    SettingsError,
    Stop,
    Table,
    __version__,
    compare,
    rank,
    replay,
    sweep_one,
    table_of,
)

__all__ = [
    "Call",
    "CaptureError",
    "Comparison",
    "Estimator",
    "IncompleteError",
    "NothingError",
    "RembError",
    "SettingsError",
    "Stop",
    "Table",
    "__version__",
    "compare",
    "iterate",
    "rank",
    "replay",
    "replay_many",
    "sweep",
    "sweep_one",
    "table_of",
]
