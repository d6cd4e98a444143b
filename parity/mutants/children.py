"""Work done in forks of this process, which may hang, crash, or ask for all memory there is.

Rules kept here: the process that forks sees no accelerator, for which backward would start threads that do not
survive a fork; a fork that computes for too long ends by a signal that no loop in C can hold off. POSIX only.
"""

import os
import pickle
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

MEMORY = 4 * 2**30  # bytes that a fork may ask for beyond what is in use

OUT_OF_TIME = signal.SIGPROF
"""What ends a fork that computes for too long."""

_fork = get_context("fork")


def in_children(tasks: Sequence[Callable[[], Any]], jobs: int) -> Iterator[tuple[int, Any, int | None]]:
    """Each task in a fork of this process: its index, its answer (None where there came none), the exit status."""
    todo = iter(enumerate(tasks))
    running: dict[Any, tuple[int, Any]] = {}
    while True:
        while len(running) < jobs and (task := next(todo, None)):
            ours, theirs = _fork.Pipe(duplex=False)
            process = _fork.Process(target=_answer, args=(task[1], theirs))
            process.start()
            theirs.close()
            running[ours] = (task[0], process)
        if not running:
            return
        for ready in wait(list(running)):
            at, process = running.pop(ready)
            answer = _received(ready)  # type: ignore[arg-type]  # `wait` returns what it was given
            process.join()
            yield at, answer, process.exitcode


def _answer(task: Callable[[], Any], to: Connection) -> None:
    signal.signal(OUT_OF_TIME, signal.SIG_DFL)
    to.send_bytes(pickle.dumps(task()))  # plainly: torch's own way of sending shares memory with a process that ends


def _received(connection: Connection) -> Any:
    try:
        return pickle.loads(connection.recv_bytes())
    except EOFError:
        return None
    finally:
        connection.close()


def limit_time(seconds: float) -> None:
    """From now on, of computing: a machine that is busy or asleep makes no mutant hang."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def silence() -> None:
    """What torch says about a mutant's nonsense is of no interest."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def limit_memory() -> None:
    """A mutant that broadcasts too much gets an error, not the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
