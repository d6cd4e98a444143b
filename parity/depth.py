"""Which trials the costly facets look at: few that between them have every value of every argument.

Rules kept here: the choice depends on the trials alone, so that it is the same on every machine; no loss is named.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from math import prod

from parity.case import Trial
from parity.choices import fine
from parity.losses import signatures

LARGE = 4096  # elements of an argument: enough to be dear in any transform
PREFERRED = ("float64", "float32", "bfloat16", "float16")


def deepened(trials: Sequence[Trial]) -> list[Trial]:
    """``trials`` in their order, with those marked that the costly facets are to look at."""
    by_loss: dict[str, list[Trial]] = defaultdict(list)
    for trial in filter(_fits, trials):
        by_loss[trial.case.loss].append(trial)
    chosen = {trial.id for of_loss in by_loss.values() for trial in _cover(of_loss)}
    return [replace(trial, in_depth=True) if trial.id in chosen else trial for trial in trials]


def _fits(trial: Trial) -> bool:
    """A plain call of the function on numbers that a change of rows leaves good."""
    case = trial.case
    sizes = [prod(given.shape) for given in trial.inputs.values() if given is not None]
    is_plain = trial.form == "function" and case.refused is None and case.left is None and case.only_facets is None
    return is_plain and case.known_gap is None and not any(size == 0 or size > LARGE for size in sizes)


def _cover(trials: Sequence[Trial]) -> Iterable[Trial]:
    """Greedily: always the trial with the most that has not been seen, the first of those with as much."""
    ranked = sorted(trials, key=lambda t: PREFERRED.index(t.dtype) if t.dtype in PREFERRED else len(PREFERRED))
    marks = {trial.id: _marks(trial) for trial in ranked}
    unseen = set().union(*marks.values())
    while unseen:
        best = max(ranked, key=lambda trial: len(marks[trial.id] & unseen))
        unseen -= marks[best.id]
        yield best


def _marks(trial: Trial) -> set[Hashable]:
    """What there is to see in a trial: its dtype, which arrays it gives and in how many dimensions, its options."""
    signature = signatures()[trial.case.loss]
    arrays = {(name, None if given is None else len(given.shape)) for name, given in trial.inputs.items()}
    options = {(name, fine(signature[name], value)) for name, value in trial.options.items()}
    return {trial.dtype, *arrays, *options}
