"""A step over some captures that any engine can run, anywhere and more than once: its results are files, whole or not there.

``step`` writes the rows of some captures, ``missing`` says which captures have none yet, ``read`` reads all of it. Files are Parquet, in a
folder for each table, by pyarrow.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any, Iterable, Sequence

from ._many import iterate
from ._native import RembError, capture_name, sweep_one, table_of

#: ``captures`` is written last: a capture that is in it is in all.
TABLES = ("flows", "remb", "streams", "events", "captures")


def captures(folder: str | os.PathLike[str]) -> list[str]:
    """What is in a folder and its folders, in the order of names, as ``batch`` finds it. Links to folders are not followed."""
    found: list[str] = []
    for entry in sorted(os.scandir(os.fspath(folder)), key=lambda entry: os.fsencode(entry.name)):
        if entry.is_dir(follow_symlinks=False):
            found += captures(entry.path)
        elif not entry.is_dir():
            found.append(entry.path)
    return found


def parts(paths: Sequence[str], size: int) -> list[list[str]]:
    """The captures in parts of so many."""
    return [list(paths[start : start + size]) for start in range(0, len(paths), size)]


def step(paths: Iterable[str], out: str | os.PathLike[str], **settings: Any) -> dict[str, int]:
    """Replays these captures and writes their rows, as ``batch`` has them. The same captures again replace their rows.

    ``settings`` are those of ``iterate``: ``deadline_s``, ``isolate`` and what a replay is told. Gives how many were done, and failed.
    """
    import pyarrow
    import pyarrow.parquet

    paths = list(paths)
    rows = list(iterate(paths, threads=1, **settings))
    name = hashlib.sha256("\0".join(paths).encode(errors="surrogateescape")).hexdigest()[:16]
    for kind in TABLES:
        table = pyarrow.table(table_of(kind, b"".join(one[kind] for one in rows)))
        folder = Path(out, kind)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            pyarrow.parquet.write_table(table, file, compression="snappy")
        os.chmod(file.name, 0o644)
        os.replace(file.name, folder / f"{name}.parquet")
    failed = sum(code not in (0, 4) for code in table["exit_code"].to_pylist())
    return {"captures": len(paths), "failed": failed}


def missing(paths: Iterable[str], out: str | os.PathLike[str]) -> list[str]:
    """Those of the captures that have no rows in ``out`` yet. That a capture has changed since is not noticed."""
    done = _parts(out)
    return [path for path in paths if capture_name(path) not in done]


def read(out: str | os.PathLike[str], kind: str) -> Any:
    """A table of all that was written, as a pyarrow table in the order of ``batch``: each capture's rows are those of one part."""
    import pyarrow
    import pyarrow.compute
    import pyarrow.parquet

    done = _parts(out)
    own: dict[str, list[str]] = {}
    for capture, part in done.items():
        own.setdefault(part, []).append(capture)
    tables = []
    for part, captures in own.items():
        table = pyarrow.parquet.read_table(Path(out, kind, part))
        is_own = pyarrow.compute.is_in(table["capture"], value_set=pyarrow.array(captures, pyarrow.string()))
        tables.append(table.filter(is_own))
    table = pyarrow.concat_tables(tables)
    # Folder by folder, one that is no text and so in quotes among the others; rows of one capture stay in their order.
    order = pyarrow.array(sorted(done, key=lambda capture: capture.removeprefix('"').split("/")))
    table = table.append_column("_capture", pyarrow.compute.index_in(table["capture"], value_set=order))
    table = table.append_column("_place", pyarrow.array(range(len(table))))
    return table.sort_by([("_capture", "ascending"), ("_place", "ascending")]).drop_columns(["_capture", "_place"])


def _parts(out: str | os.PathLike[str]) -> dict[str, str]:
    """The part of each capture: the last that was finished. Others were ended before, or divided in another way."""
    import pyarrow.parquet

    # What is not whole begins with a dot.
    files = [file for file in Path(out, "captures").glob("*.parquet") if not file.name.startswith(".")]
    parts: dict[str, str] = {}
    for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name)):
        captures = pyarrow.parquet.read_table(file, columns=["capture"])["capture"].to_pylist()
        parts.update(dict.fromkeys(captures, file.name))
    return parts


def swept(path: str, **grid: Any) -> str | None:
    """One capture's part of a sweep, as ``sweep_one`` gives it; None of what cannot be read, which ``sweep`` leaves out of a folder, too."""
    if not os.path.isfile(path):
        return None
    try:
        return sweep_one(path, **grid)
    except RembError as error:
        if error.exit_code == 2:
            raise
        return None
