"""A subprocess that does captures, one after the other; one that crashed or hung is begun anew."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from typing import Any

from . import _native

#: Beyond the deadline a subprocess gets so long to say so itself, in seconds.
GRACE_S = 5.0
#: What is begun.
COMMAND = [sys.executable, "-c", "from remb_replay._isolated import main; main()"]


class Isolated:
    """Does one capture at a time in a subprocess."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def rows(self, path: str, deadline_s: float, settings: dict[str, Any]) -> dict[str, bytes]:
        """As ``batch_rows``. What crashes or hangs costs this capture alone: its row says so."""
        process = self._process = self._alive()
        assert process.stdin is not None and process.stdout is not None
        hung = threading.Event()
        rows: dict[str, bytes]

        def end() -> None:
            hung.set()
            process.kill()

        timer = threading.Timer(deadline_s + GRACE_S, end)
        timer.daemon = True
        timer.start()
        try:
            pickle.dump((path, deadline_s, settings), process.stdin)
            process.stdin.flush()
            rows, error = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            code = process.wait()
            if hung.is_set():
                return _native.failed_rows(path, f"hung: its process was ended {GRACE_S:g} s after the deadline")
            return _native.failed_rows(path, f"crashed: its process ended with {code}")
        finally:
            timer.cancel()
        if error is not None:
            raise error
        return rows

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        # It finds this package where this process did.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        return subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def close(self) -> None:
        """Ends it, in the middle of a capture if need be."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        pass


def main() -> None:
    """Does what comes in, until nothing does."""
    # Ctrl-C is for whoever began this, who ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb")
    # What native code prints is no answer.
    os.dup2(2, 1)
    while True:
        try:
            path, deadline_s, settings = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: tuple[dict[str, bytes] | None, Exception | None]
        try:
            answer = (_native.batch_rows(path, deadline_s=deadline_s, **settings), None)
        except Exception as error:  # It is raised where the rows were asked for.
            answer = (None, error)
        pickle.dump(answer, out)
        out.flush()
