"""The native half of remb_replay."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, final

from typing_extensions import Unpack

from ._settings import ParameterSettings, Settings

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
    "batch_rows",
    "capture_name",
    "compare",
    "failed_rows",
    "rank",
    "replay",
    "sweep_one",
    "table_of",
]

__version__: str

_Path = str | PathLike[str]

class RembError(Exception):
    """An error of this package."""

    exit_code: int
    """That of the program."""

class SettingsError(RembError):
    """A setting that cannot be: exit code 2."""

class CaptureError(RembError):
    """Cannot be opened, or is no capture: exit code 3."""

class NothingError(RembError):
    """Read, and nothing to work on: exit code 4."""

class IncompleteError(RembError):
    """Damaged, cut off or given up: exit code 5."""

@final
class Table:
    """A table that pandas, Polars, pyarrow and DuckDB take as it is, by the Arrow PyCapsule interface. What is missing is null."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]:
        """The names of its columns."""

    def to_pydict(self) -> dict[str, list[Any]]:
        """A dictionary of lists, by column; what is missing is None. Needs no other package."""

@final
class Call:
    """A call as a capture has it, replayed."""

    @property
    def path(self) -> str | PathLike[str]:
        """The path it was read from."""

    @property
    def estimate(self) -> Table:
        """A row for each step of the estimator, as in ``estimate.csv``."""

    @property
    def remb(self) -> Table:
        """A row for each REMB, as in ``remb.csv``."""

    @property
    def streams(self) -> Table:
        """A row for each RTP stream, as in ``streams.csv``."""

    @property
    def events(self) -> Table:
        """A row for each thing that happened to an estimate, as in ``events.csv``."""

    @property
    def exit_code(self) -> int:
        """What the program would have ended with: 0, or 5 where the capture is damaged or a limit was hit."""

    @property
    def summary(self) -> dict[str, Any]:
        """What was read, what was inferred and by what evidence, what came out: as in ``summary.json``."""

    def plot(self, path: _Path, *, flow: str | None = None) -> None:
        """Draws a flow, the first where none is named: SVG where the path ends in that, else PNG. Reads the capture again."""

    def html(self, path: _Path) -> None:
        """Writes the page of ``replay --html``, with every row, to zoom. Reads the capture again."""

@final
class Comparison:
    """How near a replay comes to the REMBs that the capture has. As a text it is what the program prints."""

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """One for each flow and receiver, as ``flows`` in the program's JSON."""

    @property
    def notes(self) -> list[str]:
        """What the program says beside them."""

@final
class Estimator:
    """libwebrtc's estimator and its REMB schedule, live. Times are microseconds of one clock of the receiver, of any origin."""

    def __new__(cls, **settings: Unpack[ParameterSettings]) -> Estimator: ...
    def packet(
        self,
        *,
        arrival_us: int,
        ssrc: int,
        size: int,
        abs_send_time: int | None = None,
        send_time_us: int | None = None,
        rtp_timestamp: int = 0,
        transmission_offset: int = 0,
        now_us: int | None = None,
    ) -> int | None:
        """A packet arrived: payload and padding in bytes, and its 24 bits of abs-send-time or when it was sent by the sender's clock. Gives
        the estimate in bit/s, or None as long as there is none."""

    def advance(self, now_us: int) -> int | None:
        """Time passes without a packet: timers that are due run. Gives the estimate."""

    def set_rtt(self, rtt_ms: float) -> None:
        """Tells the round trip time; until then it is 200 ms, as in libwebrtc."""

    @property
    def estimate(self) -> int | None:
        """Bit/s; None as long as there is none."""

    @property
    def incoming(self) -> int | None:
        """What arrived over the last second, bit/s."""

    @property
    def usage(self) -> Literal["normal", "overuse", "underuse"]: ...
    @property
    def rate_state(self) -> Literal["hold", "increase"]: ...
    def take_rembs(self) -> list[tuple[int, int, list[int]]]:
        """REMBs since this was called last: time in µs, bit/s, SSRCs."""

    def report_states(self, stats: dict[str, Any]) -> None:
        """A packet as learning environments describe it: ``arrival_time_ms``, ``send_time_ms``, ``ssrc``, ``payload_size``, and
        ``padding_length`` where there is padding. Further keys are passed over."""

    def get_estimated_bandwidth(self) -> int:
        """Bit/s; 300,000 as long as there is no estimate."""

    def reset(self) -> None:
        """Forgets all packets."""

@final
class Stop:
    """Ends what other threads read by ``batch_rows`` and ``sweep_one``: they raise KeyboardInterrupt."""

    def __new__(cls) -> Stop: ...
    def set(self) -> None:
        """Ends them, soon."""

def replay(path: _Path, *, estimate: bool = True, **settings: Unpack[Settings]) -> Call:
    """Replays a capture; ``estimate=False`` leaves out the table of the estimator's steps, which saves time and memory.

    Raises ``CaptureError``, ``NothingError`` and ``SettingsError``. One that is damaged further on is replayed up to there: ``exit_code``
    is 5."""

def compare(path: _Path, *, phases: int = 50, skip: str = "0s", **settings: Unpack[Settings]) -> Comparison:
    """Replays a capture at so many phases of the receiver's clock and holds it against the REMBs that are in it; ``skip`` leaves out the
    beginning.

    Raises what ``replay`` does, and ``NothingError`` where there is nothing to compare."""

def batch_rows(
    path: _Path, *, deadline_s: float = 60.0, stop: Stop | None = None, **settings: Unpack[Settings]
) -> dict[str, bytes]:
    """The rows of a capture by table, as CSV without headers. A capture that fails is its row."""

def capture_name(path: _Path) -> str:
    """As a capture is called in tables: its path, or that in quotes where it is no text."""

def failed_rows(path: _Path, error: str) -> dict[str, bytes]:
    """The same of a capture of which nothing came, for the reason given."""

def table_of(name: str, rows: bytes) -> Table:
    """A table of ``batch``, by its name, of rows of it."""

def sweep_one(
    path: _Path,
    *,
    lists: Sequence[str] = ...,
    ranges: Sequence[str] = ...,
    phases: int = 1,
    stop: Stop | None = None,
    **settings: Unpack[Settings],
) -> str:
    """One capture at every point of a grid, as a text that ``rank`` takes back."""

def rank(
    parts: Sequence[str],
    *,
    lists: Sequence[str] = ...,
    ranges: Sequence[str] = ...,
    phases: int = 1,
    **settings: Unpack[Settings],
) -> Table:
    """The ranking of the parts of all captures: the table that the program's ``sweep --csv`` writes. Grid and settings are those of
    ``sweep_one``."""
