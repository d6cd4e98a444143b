"""Which trials the costly facets look at: few that between them have every value of every argument.

Compiling takes two hundred times a plain call, so it gets the fewest trials that have every value of every option
(depth 2); the others get more, until every dtype and every number of dimensions is seen too (depth 1).

Rules kept here: the choice depends on the trials alone, so that it is the same on every machine; no loss is named.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from math import prod

from parity.case import Trial
from parity.choices import fine
from parity.covering import cover
from parity.losses import signatures

LARGE = 4096  # elements of an argument: enough to be dear in any transform
PREFERRED = ("float64", "float32", "bfloat16", "float16")


def deepened(trials: Sequence[Trial]) -> list[Trial]:
    """``trials`` in their order, with those marked that the costly facets are to look at."""
    by_loss: dict[str, list[Trial]] = defaultdict(list)
    for trial in filter(_fits, trials):
        by_loss[trial.case.loss].append(trial)
    chosen = {trial.id: depth for of_loss in by_loss.values() for trial, depth in _cover(of_loss)}
    return [replace(trial, depth=chosen[trial.id]) if trial.id in chosen else trial for trial in trials]


def _fits(trial: Trial) -> bool:
    """A plain call of the function on numbers that a change of rows leaves good."""
    case = trial.case
    sizes = [prod(given.shape) for given in trial.inputs.values() if given is not None]
    is_plain = trial.form == "function" and case.refused is None and case.left is None and case.only_facets is None
    return is_plain and case.known_gap is None and not any(size == 0 or size > LARGE for size in sizes)


def _cover(trials: Sequence[Trial]) -> Iterator[tuple[Trial, int]]:
    ranked = sorted(trials, key=_dearness)
    options = [_options(trial) for trial in ranked]
    marks = [options[at] | _shape(trial) for at, trial in enumerate(ranked)]
    deepest = list(cover(options))
    yield from ((ranked[at], 2) for at in deepest)
    yield from ((ranked[at], 1) for at in cover(marks, set().union(*(marks[at] for at in deepest))))


def _dearness(trial: Trial) -> tuple[int, int]:
    """Of two trials that show as much, the one in a usual dtype, then the smaller one is taken."""
    rank = PREFERRED.index(trial.dtype) if trial.dtype in PREFERRED else len(PREFERRED)
    return rank, sum(prod(given.shape) for given in trial.inputs.values() if given is not None)


def _options(trial: Trial) -> set[Hashable]:
    """The value of every option, told or not; that there is none to tell counts too."""
    signature = signatures()[trial.case.loss]
    values = {a.name: a.default for a in signature.arguments if a.kind == "option"} | dict(trial.options)
    return {(name, fine(signature[name], value)) for name, value in values.items()} or {()}


def _shape(trial: Trial) -> set[Hashable]:
    """Its dtype, and which arrays it gives in how many dimensions."""
    return {trial.dtype, *((name, None if given is None else len(given.shape)) for name, given in trial.inputs.items())}
