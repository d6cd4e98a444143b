"""A candidate in a process of its own, as a subject: whatever is asked of it is asked there.

Rules kept here: the judge never imports the candidate; a worker answers within its limits or is ended; what it answers
is plain data, and believed to be no more than that.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from select import POLLIN, POLLOUT, poll
from signal import Signals
from tempfile import TemporaryDirectory
from typing import Any, Self

from parity.candidates import NO_NAMES
from parity.errors import CandidateError, FallError
from parity.losses import Subject
from parity.nursery import absolute_path, environment, nursery
from parity.outcome import Call, Outcome
from parity.runner import run
from parity.wire import MalformedError, answer_in, number_in, receive, send, texts_in

GRACE = 1.0  # seconds in which a worker that has closed its line may end by itself, and so say how
LOOK = 0.05  # seconds between two looks at a worker's clock and memory
GIB = 2**30
THREADS = 1  # of torch's: a thread's start costs more than a small tensor's whole work


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate may take: seconds a trial (or an import), GiB of memory, the threads that torch gives it; and
    whether it may not call torch's own losses."""

    seconds: float = 60.0
    memory: float = 8.0
    threads: int = THREADS
    forbid_reference: bool = False


class RemoteSubject(Subject):
    """The candidate ``spec`` in a worker, which is started where there is none: at first, and after each that fell.

    ``hangs`` counts the trials without an answer in time. Of the last trial, ``impurities`` are what any of its runs
    left behind, not only the one that is known to be looked at, and ``called`` are torch's own losses that ran. The
    import has ``replaced`` names of torch.
    """

    def __init__(
        self, spec: str, limits: Limits, names: Mapping[str, str] = NO_NAMES, framework: str = "torch"
    ) -> None:
        super().__init__(spec, None, names=names, framework=framework)
        self.limits = limits
        nursery()  # begins to load while the judge has other things to do
        self.hangs = 0
        self.impurities: set[str] = set()
        self.called: set[str] = set()
        self.replaced: tuple[str, ...] = ()
        self._scratch = TemporaryDirectory(prefix="parity-", ignore_cleanup_errors=True)
        self._worker: _Worker | None = None
        self._first_dtype = True
        self._has: dict[tuple[str, str], bool] = {}
        self._takes: dict[str, tuple[str, ...] | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._scratch.cleanup()

    def begin(self, *, first_dtype: bool = True) -> None:
        """A new trial begins, with the whole time to itself. In the ``first_dtype`` of a case its plain call is looked
        through for calls of torch's losses; where these are forbidden, all calls are.

        Raises:
            CandidateError: the candidate cannot be imported.
        """
        if self._worker is None:
            self._worker = _Worker(self, self._scratch.name)
            self._import(self._worker)
        self._worker.left = self.limits.seconds
        self._first_dtype = first_dtype
        self.impurities.clear()
        self.called.clear()

    def finish(self) -> None:
        """The trial ends.

        Raises:
            FallError: the worker holds more memory than it may.
        """
        if self._worker is not None:
            try:
                self._worker.look()
            except FallError:
                self._fell()
                raise

    def _import(self, worker: "_Worker") -> None:
        try:
            said = worker.heard()
        except FallError as fall:
            self._fell()
            raise CandidateError(f"candidate {self.name!r} cannot be imported: {fall}") from fall
        match said:
            case ["failed", str(message)]:
                self.stop()
                raise CandidateError(message)
            case ["ready", [*names]]:
                self.replaced = tuple(map(str, names))

    def answer(self, way: Callable[..., Outcome], call: Call, **options: Any) -> Outcome:
        # A plain call that only repeats another is watched too, but looked through for torch's losses no second time.
        is_plain = way.__name__ == run.__name__
        repeats = is_plain and not options.get("watched", False)
        if repeats:
            options["watched"] = True
        looked = not repeats and (self.limits.forbid_reference or (is_plain and self._first_dtype))
        outcome, called = self._asked("outcome", ["go", way.__name__, call, options, looked], answer_in)
        self.impurities.update(outcome.impurities)
        self.called.update(called)
        assert isinstance(outcome, Outcome)
        return outcome

    def has(self, loss: str) -> bool:
        return self._known("has", loss)

    def has_form(self, name: str) -> bool:
        return self._known("has form", name)

    def takes(self, name: str) -> tuple[str, ...] | None:
        if name not in self._takes:
            self._takes[name] = self._asked("takes", ["takes", name], texts_in)
        return self._takes[name]

    def ratio(self, loss: str, size: int) -> float | None:
        """The candidate's time beside torch's, taken where the candidate is."""
        found: float | None = self._asked("time", ["time", loss, size], number_in)
        return found

    def _known(self, question: str, name: str) -> bool:
        if (question, name) not in self._has:
            self._has[question, name] = bool(self._asked("has", [question, name], bool))
        return self._has[question, name]

    def _asked(self, kind: str, request: list[Any], checked: Callable[[Any], Any]) -> Any:
        assert self._worker is not None, "a trial has begun"
        try:
            match self._worker.asked(request):
                case [str(said), what] if said == kind:
                    return checked(what)
                case ["lacks", str(message)]:
                    raise CandidateError(message)
                case ["broke", str(message)]:
                    raise FallError(f"it broke off: {message}")
            raise MalformedError("it is none")
        except MalformedError as error:
            self._fell()
            raise FallError(f"its answer cannot be read: {error}") from error
        except FallError:
            self._fell()
            raise

    def _fell(self) -> None:
        """The next trial has a new worker; what the old one had to say of itself counts no more."""
        if self._worker is not None and self._worker.hung:
            self.hangs += 1
        self.stop()

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.end(0)
            self._worker = None


class _Worker:
    """One process with the candidate in it; ``left`` are the seconds that it still has."""

    def __init__(self, subject: RemoteSubject, scratch: str) -> None:
        limits = subject.limits
        order = {
            "candidate": subject.name, "names": dict(subject.names), "framework": subject.framework.name,
            "scratch": scratch, "folder": str(Path.cwd()),
            "path": absolute_path(), "environment": environment(), "threads": limits.threads,
        }  # fmt: skip
        self._limits = limits
        self._nursery = nursery()
        self._line, self._process = self._nursery.begin(order)
        self._line.setblocking(False)
        self._ended: tuple[int, bool] | None = None
        self._begun = 0.0
        self.left = limits.seconds
        self.hung = False

    def asked(self, request: list[Any]) -> Any:
        """The answer to a request.

        Raises:
            FallError: there is none, and why.
            MalformedError: it is no message.
        """
        return self._within(lambda: send(self._line, request, partial(self._wait, POLLOUT))) or self.heard()

    def heard(self) -> Any:
        return self._within(lambda: receive(self._line, partial(self._wait, POLLIN)))

    def _within(self, action: Callable[[], Any]) -> Any:
        self._begun = time.monotonic()
        try:
            return action()
        except (EOFError, ConnectionError):
            raise FallError(_words(*self.end(GRACE))) from None
        finally:
            self.left -= time.monotonic() - self._begun

    def _wait(self, event: int) -> None:
        """Until the line is ready for it; looks at the clock and the memory meanwhile."""
        waiting = poll()
        waiting.register(self._line, event)
        while not waiting.poll(LOOK * 1000):
            if time.monotonic() - self._begun > self.left:
                self.hung = True
                raise FallError(f"no answer within {self._limits.seconds:g} s")
            self.look()

    def look(self) -> None:
        """Raises where the process has more memory than it may."""
        if resident(self._process) > self._limits.memory * GIB:
            raise FallError(f"it took more than {self._limits.memory:g} GiB of memory")

    def end(self, patience: float) -> tuple[int, bool]:
        self._line.close()
        if self._ended is None:
            self._ended = self._nursery.end(self._process, patience)
        return self._ended


def resident(process: int) -> int:
    """Bytes of memory that a process holds; 0 where the system has no /proc to say so."""
    try:
        return int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _words(status: int, by_itself: bool) -> str:
    if not by_itself:
        return "the candidate closed the line to the judge"
    how = f"signal {Signals(-status).name}" if status < 0 else f"exit status {status}"
    return f"the candidate ended its process ({how})"
