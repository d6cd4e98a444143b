"""Where a judge has its workers from: a process that has torch loaded and no candidate, and forks a worker at once."""

import atexit
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from signal import SIGKILL
from socket import send_fds, socket, socketpair
from typing import Any

from parity.errors import ParityError
from parity.wire import receive, send

BEGIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import parity.worker as w; w.nurse(int(sys.argv[2]))"
PATIENCE = 10.0  # seconds that it has to go when the judge does


class Nursery:
    """One such process, from its start until it is closed."""

    def __init__(self) -> None:
        self._line, theirs = socketpair()
        with theirs:
            words = [sys.executable, "-P", "-c", BEGIN, json.dumps(absolute_path()), str(theirs.fileno())]
            self._process = subprocess.Popen(
                words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                start_new_session=True, env=environment(),
            )  # fmt: skip
        atexit.register(self.close)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def begin(self, order: Mapping[str, Any]) -> tuple[socket, int]:
        """A new worker that follows ``order``: the line to it, and its process.

        Raises:
            ParityError: no process can be started.
        """
        ours, theirs = socketpair()
        try:
            with theirs:
                send_fds(self._line, [b"+"], [theirs.fileno()])
                send(self._line, ["begin", order])
                worker: int = receive(self._line)
        except (OSError, EOFError) as error:
            ours.close()
            raise ParityError("the process that workers are made from has ended; what it said is above") from error
        return ours, worker

    def end(self, worker: int, patience: float) -> tuple[int, bool]:
        """Its exit status (a signal's number, negative), and whether it ended by itself within so many seconds."""
        try:
            self._line.send(b"-")
            send(self._line, ["end", worker, patience])
            status, by_itself = receive(self._line)
        except (OSError, EOFError):  # the candidate ended its own parent
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, SIGKILL)
            return -SIGKILL, True
        return status, by_itself

    def close(self) -> None:
        atexit.unregister(self.close)
        self._line.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)


@cache
def _nurseries() -> list[Nursery]:
    return []


def nursery() -> Nursery:
    """The one of this process, started when first asked for."""
    known = _nurseries()
    if not known or not known[-1].is_alive:
        known[:] = [Nursery()]
    return known[-1]


def environment() -> dict[str, str]:
    """This process's, without what would tell a candidate that it is being tested."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def absolute_path() -> list[str]:
    return [str(Path(folder).absolute()) for folder in sys.path]
