"""Which values of each argument, and which pairs of them, the cases reach: per loss, dtype and facet.

Rules kept here: arguments and their values come from signatures; a pair that torch refuses is reached by a case that
shows the refusal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from parity.case import Signature, Trial
from parity.choices import choices, classes
from parity.facets import facets_of

Value = tuple[str, str]
"""An argument and the class of its value: ``("reduction", "sum")``."""

Pair = tuple[Value, Value]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many trials of one loss reach each value and each pair of values, and each value by dtype and by facet."""

    signature: Signature
    values: Counter[Value] = field(default_factory=Counter)
    pairs: Counter[Pair] = field(default_factory=Counter)
    by_dtype: Counter[tuple[str, Value]] = field(default_factory=Counter)
    by_facet: Counter[tuple[str, Value]] = field(default_factory=Counter)

    @property
    def all_values(self) -> list[Value]:
        return list(_values(self.signature))

    @property
    def all_pairs(self) -> list[Pair]:
        return list(_pairs(self.signature))

    @property
    def missing_values(self) -> list[Value]:
        return [value for value in self.all_values if not self.values[value]]

    @property
    def missing_pairs(self) -> list[Pair]:
        return [pair for pair in self.all_pairs if not self.pairs[pair]]


def coverage(trials: Iterable[Trial], signature: Signature) -> Coverage:
    """What ``trials``, all of one loss, reach of its arguments."""
    found = Coverage(signature)
    for trial in trials:
        values = list(choices(trial, signature).items())
        found.values.update(values)
        found.pairs.update(combinations(values, 2))
        found.by_dtype.update((trial.dtype, value) for value in values)
        found.by_facet.update(product(facets_of(trial), values))
    return found


def covered(trials: Iterable[Trial], signatures: Mapping[str, Signature]) -> list[Coverage]:
    """The coverage of every loss that has a trial."""
    by_loss: dict[str, list[Trial]] = {}
    for trial in trials:
        by_loss.setdefault(trial.case.loss, []).append(trial)
    return [coverage(of_loss, signatures[loss]) for loss, of_loss in by_loss.items() if loss in signatures]


def _values(signature: Signature) -> Iterator[Value]:
    yield from ((argument.name, of) for argument in signature.arguments for of in classes(argument))


def _pairs(signature: Signature) -> Iterator[Pair]:
    for first, second in combinations(signature.arguments, 2):
        yield from product(((first.name, of) for of in classes(first)), ((second.name, of) for of in classes(second)))


def spelled(values: Sequence[Value]) -> str:
    """``weight=given with reduction=sum``."""
    return " with ".join(f"{name}={of}" for name, of in values)
