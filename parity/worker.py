"""The process that a candidate runs in: it answers the judge's requests one at a time, and whatever happens to it
happens to it alone.

It begins as a nursery that has loaded torch and the engine and knows no candidate. For each worker that the judge asks
for, the nursery forks; the fork lets go of what it inherited, imports the candidate, and answers on a line of its own.

Rules kept here: nothing here judges; no candidate is imported in the nursery; a worker has no descriptor but its line
and /dev/null, a session of its own, the judge's environment without pytest's part of it, and a scratch folder as
temporary directory, and as working directory once the candidate is imported.
"""

import contextlib
import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from socket import recv_fds, socket
from typing import Any

import torch
import torch._dynamo  # now, not by torch's first backward: it changes warning filters, and functions of torch

from parity.candidates import candidate
from parity.errors import CandidateError
from parity.lookout import looking_out
from parity.losses import Subject
from parity.outcome import Call, Outcome
from parity.patches import Patches
from parity.runner import run, run_placed
from parity.timing import ratio
from parity.transforms import autocast, compiled, forward, looped, mapped, second
from parity.wire import Known, MalformedError, is_sendable, receive, send

_ALL: tuple[Callable[..., Outcome], ...] = (run, run_placed, second, forward, mapped, looped, compiled, autocast)
WAYS = {way.__name__: way for way in _ALL}
SELDOM = 50_000  # objects made between two walks of Python's collector: a hundred trials' worth
PAUSE = 0.005  # seconds between two looks whether a process has ended


def settle() -> None:
    """What is imported by now stays: the collector need not walk it, a seventh of the time that compiling takes."""
    gc.freeze()
    gc.set_threshold(SELDOM)


def nurse(descriptor: int) -> None:
    """Forks workers, and says how they ended, until the judge closes the line; then none of them lives on."""
    line = socket(fileno=descriptor)
    workers: set[int] = set()
    settle()
    while True:
        try:
            _, descriptors, _, _ = recv_fds(line, 1, 1)
            match receive(line):
                case ["begin", order]:
                    workers.add(_begin(line, descriptors[0], order))
                case ["end", int(worker), patience] if worker in workers:
                    workers.remove(worker)
                    send(line, _ended(worker, patience))
        except (EOFError, OSError, MalformedError):
            for worker in workers:
                _ended(worker, 0)
            return


def _begin(line: socket, descriptor: int, order: Mapping[str, Any]) -> int:
    worker = os.fork()
    if not worker:
        line.close()
        _live(socket(fileno=descriptor), order)
    os.close(descriptor)
    send(line, worker)
    return worker


def _ended(worker: int, patience: float) -> list[Any]:
    """How a worker ended: its exit status, or a signal as a negative number; and whether it did so by itself, which it
    has so many seconds for. What it began itself ends with it."""
    until = time.monotonic() + patience
    found, status = os.waitpid(worker, os.WNOHANG)
    while not found and time.monotonic() < until:
        time.sleep(PAUSE)
        found, status = os.waitpid(worker, os.WNOHANG)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, SIGKILL)
    if not found:
        os.kill(worker, SIGKILL)
        _, status = os.waitpid(worker, 0)
    return [os.waitstatus_to_exitcode(status), bool(found)]


def _live(line: socket, order: Mapping[str, Any]) -> None:
    """A worker's whole life."""
    try:
        _move_in(order)
        patches = Patches()
        subject = _imported(line, order, patches)
        os.chdir(order["scratch"])
        known: Known = {}  # calls are made of copies: what is kept here nobody edits
        while subject is not None:
            request = receive(line, known=known)
            worker = os.getpid()
            answer = _answer(subject, request, patches)
            if os.getpid() == worker:  # a fork that the candidate made has nothing to say
                send(line, answer)
    finally:
        os._exit(1)


def _move_in(order: Mapping[str, Any]) -> None:
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), Path("/proc/self/oom_score_adj").open("w") as score:
        score.write("1000")  # where the machine runs out of memory, this process is the one to go
    os.environ.clear()
    os.environ.update(order["environment"], TMPDIR=order["scratch"])
    tempfile.tempdir = None
    os.chdir(order["folder"])
    sys.path[:] = order["path"]
    sys.argv[:] = [""]
    torch.set_num_threads(order["threads"])


def _imported(line: socket, order: Mapping[str, Any], patches: Patches) -> Subject | None:
    try:
        subject = candidate(order["candidate"], order["names"], order["framework"])
    except BaseException as error:
        send(line, ["failed", str(error) if isinstance(error, CandidateError) else _told(error)])
        return None
    send(line, ["ready", patches.accepted()])
    return subject


def _answer(subject: Subject, request: Any, patches: Patches) -> list[Any]:
    try:
        match request:
            case ["has", name]:
                return ["has", subject.has(name)]
            case ["has form", name]:
                return ["has", subject.has_form(name)]
            case ["takes", name]:
                return ["takes", subject.takes(name)]
            case ["time", loss, size]:
                return ["time", ratio(subject, loss, size)]
            case ["go", way, call, options, looked]:
                return ["outcome", _gone(subject, way, call, options, looked, patches)]
    except CandidateError as error:
        return ["lacks", str(error)]
    except BaseException as error:
        return ["broke", _told(error)]
    return ["broke", "the request is unknown"]


def _gone(
    subject: Subject, way: str, call: Call, options: Mapping[str, Any], looked: bool, patches: Patches
) -> list[Any]:
    """The outcome, and which of torch's own losses ran for it; tracing calls too much to be looked through."""
    through = looked and way != compiled.__name__
    with looking_out(call) if through else nullcontext(set[str]()) as called:
        outcome = WAYS[way](subject, call, **options)
    if way == run.__name__:
        replaced = (f"{name} was replaced" for name in patches.undone())
        outcome = replace(outcome, impurities=(*outcome.impurities, *replaced))
    return [_sendable(outcome), tuple(sorted(called))]


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace").decode()


def _sendable(outcome: Outcome) -> Outcome:
    """Without tensors that have no numbers of their own in memory, such as sparse ones."""
    gradients = {
        cotangent: {name: g if g is None or is_sendable(g) else None for name, g in named.items()}
        for cotangent, named in outcome.gradients.items()
    }
    outcome = replace(outcome, gradients=gradients)
    if outcome.value is None or is_sendable(outcome.value):
        return outcome
    return replace(outcome, value=None, returned=f"{outcome.returned} of {outcome.value.layout}")
