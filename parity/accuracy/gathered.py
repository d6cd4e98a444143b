"""Samples of one dtype, run on both sides and measured.

Rules kept here: what torch refuses is counted, not measured; where the candidate gives no number, its error is
infinite; an element whose truth is not known counts as unknown, for neither side.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from parity.accuracy.known import Knowledge, Mask
from parity.accuracy.samples import Sample
from parity.accuracy.spread import SIDES, Side, Spread, Worst
from parity.agreement import off
from parity.exam import MEASURED
from parity.losses import REFERENCE, Subject
from parity.outcome import Outcome
from parity.runner import run
from parity.truth import Exact, Quantity, Truth, quantity_of
from parity.ulp import Numbers, numbers


@dataclass
class _Found:
    """What is known of one quantity so far."""

    truth: list[Numbers] = field(default_factory=list)
    errors: dict[Side, list[Numbers]] = field(default_factory=lambda: {side: [] for side in SIDES})
    worst: dict[Side, Worst] = field(default_factory=dict)
    unknown: int = 0


class Gathered:
    """``refused`` samples torch does not take; ``unanswered`` are those of the rest that the candidate does not."""

    def __init__(self, subject: Subject, dtype: torch.dtype, knowledge: Knowledge) -> None:
        self._subject = subject
        self._dtype = dtype
        self._knowledge = knowledge
        self._found: dict[str, _Found] = defaultdict(_Found)
        self.refused = 0
        self.unanswered = 0

    @property
    def is_full(self) -> bool:
        """Whether more samples would tell nothing: in float64 their truth costs work."""
        return self._dtype is torch.float64 and self._knowledge.is_spent

    def add(self, sample: Sample) -> None:
        theirs = run(REFERENCE, sample.call)
        if theirs.value is None:
            self.refused += 1
            return
        ours = run(self._subject, sample.call)
        self.unanswered += ours.value is None
        truth = Truth(sample.call)
        for name, quantity in _quantities(theirs).items():
            sides = _sides(quantity, ours, theirs)
            exact, looked = self._knowledge.of(sample, truth, quantity, sides["candidate"], sides["torch"])
            self._measure(name, sample, sides, exact, looked & ~np.isnan(exact.high))
            self._found[name].unknown += int((looked & np.isnan(exact.high)).sum())

    def spreads(self) -> list[Spread]:
        return [
            Spread(
                name,
                np.concatenate(found.truth),
                {side: np.concatenate(errors) for side, errors in found.errors.items()},
                found.worst,
                found.unknown,
            )
            for name, found in self._found.items()
        ]

    def _measure(self, name: str, sample: Sample, sides: Mapping[Side, Numbers], exact: Exact, known: Mask) -> None:
        """The errors of the elements whose truth is ``known``."""
        found = self._found[name]
        found.truth.append(exact.high[known])
        errors = {side: np.where(known, off(x, exact, self._dtype), -1.0) for side, x in sides.items()}
        for side, error in errors.items():
            found.errors[side].append(error[known])
            if error.max(initial=-1.0) > (found.worst[side].errors[side] if side in found.worst else -1.0):
                at = np.unravel_index(int(error.argmax()), error.shape)
                found.worst[side] = Worst(
                    sample,
                    name,
                    tuple(int(i) for i in at),
                    {s: float(x[at]) for s, x in sides.items()},
                    {s: float(e[at]) for s, e in errors.items()},
                    float(exact.high[at]),
                )


def _quantities(outcome: Outcome) -> dict[str, Quantity]:
    """The value, and each argument's gradient under the upstream gradient by which errors are measured."""
    gradients = {c: named for c, named in outcome.gradients.items() if c in MEASURED}
    slopes = {f"gradient of {a}": (c, a) for c, named in gradients.items() for a, g in named.items() if g is not None}
    return {"value": None, **slopes}


def _sides(quantity: Quantity, ours: Outcome, theirs: Outcome) -> dict[Side, Numbers]:
    """The numbers of both; NaN where the candidate has none of that shape."""
    expected, actual = quantity_of(theirs, quantity), quantity_of(ours, quantity)
    assert expected is not None
    right = numbers(expected)
    found = np.full(right.shape, np.nan) if actual is None or actual.shape != expected.shape else numbers(actual)
    return {"candidate": found, "torch": right}
