"""A failure on fewer numbers: the smallest inputs found on which the candidate still deviates in the same way.

Rules kept here: every step is judged as the trial itself was, and taken only if the same facet still fails by numbers,
so nothing is told that a refusal, a fall or an error of the case made; the number of steps is bounded, and their time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

import torch

from parity.case import Case, Trial
from parity.inputs import build, literal
from parity.judging import judged
from parity.losses import Subject, signatures
from parity.trial import Verdict

MOST_CASES = 10  # failures that are looked into: as many as a terminal shows in full
MOST_STEPS = 40  # trials judged for each
SECONDS = 20.0  # after which no further step is begun, for each
FACETS = ("value", "gradient")

Tensors = Mapping[str, torch.Tensor | None]


def first_failures(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The first failure of each case, of the first ``MOST_CASES``."""
    first: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.state == "failed":
            first.setdefault(verdict.trial.case.id, verdict)
    return list(first.values())[:MOST_CASES]


def smaller(verdicts: Sequence[Verdict], subject: Subject) -> dict[str, Verdict]:
    """Of the first failures those that also show on smaller inputs: the verdict on these, by the trial's id."""
    found = ((verdict.trial.id, shrunk(verdict, subject)) for verdict in first_failures(verdicts))
    return {name: verdict for name, verdict in found if verdict is not None}


def shrunk(verdict: Verdict, subject: Subject) -> Verdict | None:
    """The verdict on a trial with smaller, literal inputs that fails in value or gradient as this one does; None where
    there is none."""
    facet = next((name for name in FACETS if _deviates(verdict, name)), None)
    if facet is None or verdict.trial.case.left is not None or verdict.trial.case.known_gap is not None:
        return None
    search = _Search(verdict, subject, facet)
    search.run()
    return None if search.best is verdict else search.best


class _Search:
    """Cuts the inputs along one axis after the other; ``best`` is the verdict on the smallest that still fails."""

    def __init__(self, verdict: Verdict, subject: Subject, facet: str) -> None:
        self.best = verdict
        self.tensors: Tensors = build(verdict.trial, signatures()[verdict.trial.case.loss])
        self._subject = subject
        self._facet = facet
        self._steps = 0
        self._until = time.monotonic() + SECONDS

    def run(self) -> None:
        first = next((tensor for tensor in self.tensors.values() if tensor is not None), torch.zeros(()))
        for axis, size in enumerate(first.shape):
            whole = self.tensors

            def fails(kept: Sequence[int], axis: int = axis, size: int = size, whole: Tensors = whole) -> bool:
                return self._still_fails({name: _cut(t, axis, size, kept) for name, t in whole.items()})

            fewest(range(size), fails, first=self._worst(axis, first.ndim))

    def _worst(self, axis: int, dimensions: int) -> int | None:
        """Where along the axis the worst number stands, if the result has the dimensions of the inputs."""
        found = self.best.findings[self._facet].deviation
        return found.index[axis] if found is not None and len(found.index) == dimensions else None

    def _still_fails(self, tensors: Tensors) -> bool:
        trial = _with(self.best.trial, tensors)
        if trial is None or self._steps == MOST_STEPS or time.monotonic() > self._until:
            return False
        self._steps += 1
        found = judged(trial, self._subject, (self._facet,))
        if not _deviates(found, self._facet) or _is_finite(found, self._facet) != _is_finite(self.best, self._facet):
            return False
        self.best, self.tensors = found, tensors
        return True


def fewest(items: Sequence[int], fails: Callable[[Sequence[int]], bool], first: int | None = None) -> Sequence[int]:
    """A subset of ``items`` that fails and of which no part that was tried does (delta debugging); the item ``first``
    is tried alone before anything else."""
    if first is not None and len(items) > 1 and fails([items[first]]):
        return [items[first]]
    parts = 2
    while len(items) > 1:
        size = -(-len(items) // min(parts, len(items)))
        cuts = [range(at, min(at + size, len(items))) for at in range(0, len(items), size)]
        tried = [[items[at] for at in cut] for cut in cuts]
        tried += [[x for at, x in enumerate(items) if at not in cut] for cut in cuts if len(cuts) > 2]
        found = next((kept for kept in tried if fails(kept)), None)
        if found is None and size == 1:
            break
        items, parts = (items, 2 * parts) if found is None else (found, 2)
    return items


def _cut(tensor: torch.Tensor | None, axis: int, size: int, kept: Sequence[int]) -> torch.Tensor | None:
    """These places along the axis, of a tensor that has as many there; any other is left as it is."""
    if tensor is None or tensor.ndim <= axis or tensor.shape[axis] != size:
        return tensor
    return tensor.index_select(axis, torch.tensor(list(kept), device=tensor.device))


def _with(trial: Trial, tensors: Tensors) -> Trial | None:
    """The trial with these numbers in place of its own; what the case says of its results does not hold for them."""
    signature = signatures()[trial.case.loss]
    inputs = dict(trial.inputs)
    for name, tensor in tensors.items():
        like = trial.inputs[name]
        if tensor is None or like is None:
            continue
        made = literal(tensor, like, name, trial, signature)
        if made is None:
            return None
        inputs[name] = made
    case: Case = replace(trial.case, inputs=inputs, expect=None, expect_gradient={}, cotangent=None)
    return replace(trial, case=case, inputs=inputs)


def _deviates(verdict: Verdict, facet: str) -> bool:
    """Whether numbers differ that both sides gave."""
    return verdict.state == "failed" and facet in verdict.failures and verdict.failures[facet].deviation is not None


def _is_finite(verdict: Verdict, facet: str) -> bool:
    found = verdict.findings[facet].deviation
    return found is not None and isfinite(found.ulps)
