"""How far from the truth both sides are in one loss, over samples of its input space."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from parity.accuracy.gathered import Gathered
from parity.accuracy.known import Knowledge
from parity.accuracy.samples import Samples
from parity.accuracy.spread import Spread, together
from parity.case import FLOATS, Trial
from parity.errors import ParityError
from parity.losses import Subject

Group = Literal["value", "gradients"]

GROUPS: tuple[Group, ...] = ("value", "gradients")
SAMPLES = 400  # in each dtype: some ten seconds in all
WORK = 300  # elements evaluated in 50 digits, for each sample asked for: takes about as long as all the rest


@dataclass(frozen=True, slots=True)
class Plan:
    """How many samples in which dtypes (all that the trials have, unless named); ``only`` is one sample's number."""

    dtypes: Sequence[str] = ()
    samples: int = SAMPLES
    seed: int = 0
    only: int | None = None

    @property
    def sample_numbers(self) -> Sequence[int]:
        return range(self.samples) if self.only is None else [self.only]


@dataclass(frozen=True, slots=True)
class Part:
    """One dtype: of ``drawn`` samples torch refused some, and the candidate left some of the rest unanswered.

    ``left`` more were not drawn: there are no trials to draw about, or the work in 50 digits was used up.
    """

    dtype: str
    drawn: int
    refused: int
    unanswered: int
    left: int
    spreads: Sequence[Spread]

    def together(self, group: Group) -> Spread | None:
        """The value, or the gradients of all arguments as one; None where nothing of it was measured."""
        found = [spread for spread in self.spreads if (spread.quantity == "value") == (group == "value")]
        return together(found, group) if any(spread.count for spread in found) else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All dtypes of one loss."""

    loss: str
    candidate: str
    plan: Plan
    parts: Sequence[Part]


def measure(
    loss: str, subject: Subject, trials: Sequence[Trial], plan: Plan,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Accuracy:  # fmt: skip
    """Measures ``subject`` on samples about ``trials``; ``progress`` is told how many are done, of how many.

    Raises:
        ParityError: the subject lacks the loss, or there is no sample that torch takes.
    """
    if subject.function(loss) is None:
        raise ParityError(f"{subject.name} lacks {loss}")
    torch.set_num_threads(1)  # a thread's start costs more than a small tensor's whole work
    dtypes = plan.dtypes or [dtype for dtype in FLOATS if any(trial.dtype == dtype for trial in trials)]
    each = len(plan.sample_numbers)
    parts: list[Part] = []
    for dtype in dtypes:
        ticking = (progress(len(parts) * each + n, len(dtypes) * each) for n in range(1, each + 1))
        parts.append(_measured(dtype, subject, trials, plan, ticking))
    if not any(spread.count for part in parts for spread in part.spreads):
        drawn = sum(part.drawn for part in parts)
        raise ParityError(f"{loss}: of {drawn} samples torch took none; they are drawn about the floats of its cases")
    return Accuracy(loss, subject.name, plan, parts)


def _measured(dtype: str, subject: Subject, trials: Sequence[Trial], plan: Plan, ticking: Iterator[object]) -> Part:
    """One dtype; ``ticking`` is asked for its next after each sample."""
    found: torch.dtype = getattr(torch, dtype)
    samples = Samples(trials, dtype, plan.seed)
    gathered = Gathered(subject, found, Knowledge(found, WORK * plan.samples))
    drawn = 0
    for number in plan.sample_numbers if samples else ():
        if gathered.is_full:
            break
        gathered.add(samples[number])
        drawn += 1
        next(ticking)
    left = len(plan.sample_numbers) - drawn
    return Part(dtype, drawn, gathered.refused, gathered.unanswered, left, gathered.spreads())
