"""What the unchanged formulas do in a trial, so that a mutant that does the same there need not be judged there.

Rules kept here: a look decides which trials are worth judging; whether a mutant is killed, ``parity.trial.check``
decides.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import torch

from parity.case import Application, Trial
from parity.facets import facets
from parity.losses import Subject
from parity.mutants.workshop import Statement
from parity.outcome import Call, Outcome
from parity.runner import run
from parity.trial import Verdict, check

Print = bytes

FACETS = tuple(name for name in facets() if name != "compile")
"""Compiling takes a fifth of a second a mutant and trial; tests/reimpl compiles every loss."""

AT_ONCE = ("value", "gradient", "dtype", "shape", "refusal", "warnings", "strides", "expect")
"""The facets that cost next to nothing and see most: few mutants get past them."""

AFTER = tuple(name for name in FACETS if name not in AT_ONCE)


@dataclass(frozen=True, slots=True)
class Look:
    """One trial that the unchanged formulas pass: its calls, what they gave, and which statements they ran.

    ``reached`` is None where that is not known.
    """

    at: int
    calls: tuple[Call, ...]
    prints: tuple[Print, ...]
    reached: frozenset[Statement] | None

    def reaches(self, file: str, statement: int | None) -> bool:
        """Whether the trial runs the statement; with None, whether it runs anything of the file."""
        if self.reached is None:
            return True
        if statement is None:
            return any(name == file for name, _ in self.reached)
        return (file, statement) in self.reached


def look(at: int, trial: Trial, plain: Subject, probed: Subject, reached: set[Statement]) -> Look | None:
    """What is seen of ``trial``; None where the formulas do not pass: it could kill no mutant."""
    reached.clear()
    verdict = check(trial, probed, FACETS)
    known = is_passed(verdict)
    if not known:  # perhaps the probes stood in the way, of torch.compile for instance
        verdict = check(trial, plain, FACETS)
    if not is_passed(verdict) or verdict.call is None:
        return None
    calls = tuple(_calls(verdict.call, trial.case.right))
    return Look(at, calls, prints(plain, calls), frozenset(reached) if known else None)


def is_passed(verdict: Verdict) -> bool:
    """No facet failed but those in which the case says so."""
    gap = verdict.trial.case.known_gap
    allowed = set(gap.facets) if gap is not None else set()
    return verdict.state in ("passed", "known gap", "failed") and not set(verdict.failures) - allowed


def prints(subject: Subject, calls: Iterable[Call]) -> tuple[Print, ...]:
    return tuple(_print(run(subject, call)) for call in calls)


def is_changed(subject: Subject, look: Look) -> bool:
    """Whether ``subject`` does anything else in one of the calls."""
    return any(_print(run(subject, call)) != old for call, old in zip(look.calls, look.prints, strict=True))


def _calls(call: Call, right: Application | None) -> Iterator[Call]:
    """The trial's own call, the other side of an identity, and the call with each gradient that was not taken."""
    yield call
    if right is not None:
        yield replace(call, expression=right)
    for name in set(call.floats) - set(call.differentiable):
        yield replace(call, differentiable=(name,))


def _print(outcome: Outcome) -> Print:
    """A fingerprint of all that facets can see."""
    gradients = [(c, n, _plain(g)) for c, named in outcome.gradients.items() for n, g in named.items()]
    rest = (outcome.returned, outcome.raised, outcome.raised_in_backward, outcome.impurities, outcome.aliases)
    seen = (_plain(outcome.value), gradients, rest, sorted({category for category, _ in outcome.warned}))
    return hashlib.blake2b(repr(seen).encode(), digest_size=16).digest()


def _plain(tensor: torch.Tensor | None) -> object:
    if tensor is None:
        return None
    content = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
    return tensor.dtype, tuple(tensor.shape), tensor.stride(), str(tensor.device), hashlib.blake2b(content).digest()
