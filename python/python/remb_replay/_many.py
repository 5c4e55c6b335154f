"""Many captures: in threads, or where the native code is not trusted in subprocesses."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, TypeVar

from . import _native

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ._isolated import Isolated

# What only some need is imported where it is: threads and subprocesses would more than double the time of the import.
Done = TypeVar("Done")


def _in_threads(
    work: Callable[[str], Done], paths: Iterable[Any], threads: int | None, end: Callable[[], None]
) -> Iterator[Done]:
    """In the order of the paths; no more than twice as many as there are threads are ahead of whoever takes them.

    ``end`` ends what is being worked on: Ctrl-C reaches the main thread alone, and where one fails the others are not waited for.
    """
    from concurrent.futures import ThreadPoolExecutor

    count = threads or os.cpu_count() or 1
    pool = ThreadPoolExecutor(count)
    ahead: deque[Future[Done]] = deque()
    try:
        for path in paths:
            ahead.append(pool.submit(work, os.fspath(path)))
            if len(ahead) >= 2 * count:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()
        end()
        pool.shutdown(wait=True)


def iterate(
    paths: Iterable[Any],
    *,
    deadline_s: float = 60.0,
    isolate: bool = False,
    threads: int | None = None,
    **settings: Any,
) -> Iterator[dict[str, bytes]]:
    """The rows of each capture, in order: a dictionary of CSV without headers by table, which ``table_of`` makes a table.

    Memory does not grow with the captures. With ``isolate=True`` each thread has a subprocess, so that a crash or a hang of the native
    code costs that capture alone.
    """
    stop = _native.Stop()
    every: list[Isolated] = []
    idle: deque[Isolated] = deque()

    def here(path: str) -> dict[str, bytes]:
        return _native.batch_rows(path, deadline_s=deadline_s, stop=stop, **settings)

    def isolated(path: str) -> dict[str, bytes]:
        try:
            process = idle.pop()
        except IndexError:
            process = Isolated()
            every.append(process)
        try:
            return process.rows(path, deadline_s, settings)
        finally:
            idle.append(process)

    def close() -> None:
        for process in every:
            process.close()

    if not isolate:
        yield from _in_threads(here, paths, threads, stop.set)
        return
    from ._isolated import Isolated

    try:
        yield from _in_threads(isolated, paths, threads, close)
    finally:
        # One that was begun while the others were ended.
        close()


_ERRORS = {
    3: _native.CaptureError,
    5: _native.IncompleteError,
}


def replay_many(
    paths: Iterable[Any],
    *,
    table: str = "flows",
    on_error: str = "row",
    deadline_s: float = 60.0,
    isolate: bool = False,
    threads: int | None = None,
    **settings: Any,
) -> _native.Table:
    """One table over many captures, as ``batch`` writes it: ``flows``, ``captures``, ``remb``, ``streams`` or ``events``.

    A capture that fails is a row of ``captures``, with its reason. With ``on_error="raise"`` the first one raises: ``CaptureError`` if it
    cannot be opened or is none, ``IncompleteError`` if it is damaged or takes longer than ``deadline_s``. That there is nothing to
    estimate in a capture is no failure of it.
    """
    if on_error not in ("row", "raise"):
        raise _native.SettingsError(f"on_error '{on_error}' is neither row nor raise")
    _native.table_of(table, b"")
    kept = []
    for rows in iterate(paths, deadline_s=deadline_s, isolate=isolate, threads=threads, **settings):
        if on_error == "raise":
            capture = _native.table_of("captures", rows["captures"]).to_pydict()
            [name], [code], [error] = capture["capture"], capture["exit_code"], capture["error"]
            if code in _ERRORS:
                raise _ERRORS[code](f"{name}: {error}")
        kept.append(rows[table])
    return _native.table_of(table, b"".join(kept))


def sweep(
    paths: Iterable[Any],
    *,
    lists: Iterable[str] = (),
    ranges: Iterable[str] = (),
    phases: int = 1,
    threads: int | None = None,
    **settings: Any,
) -> _native.Table:
    """A grid of parameters over captures, ranked: the table that the program's ``sweep --csv`` writes.

    ``lists`` are written as ``-L``, e.g. ``["controller.filter=kalman,trendline"]``; ``ranges`` as ``-P``, e.g.
    ``["rate_control.backoff_factor=0.8:0.9:0.025"]``. ``sweep_one`` does one capture's part, on any machine, and ``rank`` puts the
    parts together.
    """
    grid = {"lists": list(lists), "ranges": list(ranges), "phases": phases, **settings}
    stop = _native.Stop()

    def one(path: str) -> str:
        return _native.sweep_one(path, stop=stop, **grid)

    return _native.rank(list(_in_threads(one, paths, threads, stop.set)), **grid)
