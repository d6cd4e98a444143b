"""Samples of a loss's input space: trials as seeds of shape and options, their floats drawn anew.

Rules kept here: a sample depends on its number, the seed, the dtype and the case files alone, so that it can be drawn
again by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import torch

from parity.accuracy.variations import KINDS, REACH, Scene, vary
from parity.case import FLOATS, Trial
from parity.losses import signatures
from parity.outcome import Call
from parity.trial import referred
from parity.ulp import numbers

SEEDS = 200  # trials of a dtype that samples are drawn from: more would be built for a sample or two each
LARGEST = 1024  # elements of a seed's inputs, and of its value
LARGEST_IN_DIGITS = 64  # the same in float64, where the truth costs a run of the formula for each slope


@dataclass(frozen=True, slots=True)
class Sample:
    """One call on drawn numbers; ``kind`` says which variation, ``trial`` of what."""

    number: int
    kind: str
    trial: Trial
    call: Call


class Samples:
    """The samples of one loss in one dtype, by number."""

    def __init__(self, trials: Sequence[Trial], dtype: str, seed: int) -> None:
        self._seed = seed
        self._dtype: torch.dtype = getattr(torch, dtype)
        fitting = [trial for trial in trials if trial.dtype == dtype and _is_seed(trial)]
        order = np.random.default_rng(seed).permutation(len(fitting))[:SEEDS]
        calls = [(fitting[at], *referred(fitting[at])) for at in order]
        self._seeds = [
            (trial, replace(call, cotangent=None, ones=False))
            for trial, call, expected, _ in calls
            if call.floats
            and expected.value is not None
            and expected.value.dtype is self._dtype
            and expected.value.numel() <= _largest(dtype)
        ]

    def __bool__(self) -> bool:
        return bool(self._seeds)

    def __getitem__(self, number: int) -> Sample:
        """The kinds of variation take turns."""
        generator = np.random.default_rng([self._seed, number])
        trial, call = self._seeds[generator.integers(len(self._seeds))]
        kind = list(KINDS)[number % len(KINDS)]
        scene = Scene(
            generator, {name: numbers(call.tensors[name]) for name in _drawn(call)}, _numbers(call), self._dtype
        )
        drawn = {name: torch.from_numpy(np.asarray(x)).to(self._dtype) for name, x in vary(kind, scene).items()}
        return Sample(number, kind, trial, replace(call, arguments={**call.arguments, **drawn}))


def _drawn(call: Call) -> list[str]:
    """The floats, but for classes that are written as floats: there is none of another number. Labels in the shape of
    what they label are no classes, but numbers."""
    labels = {a.name for a in signatures()[call.loss].arguments if a.kind == "labels"}
    first = next(iter(call.tensors.values()))
    return [name for name in call.floats if name not in labels or call.tensors[name].shape == first.shape]


def _is_seed(trial: Trial) -> bool:
    """Whether torch takes it, as a function, in one float dtype, and no input is empty or large."""
    inputs = [given for given in trial.inputs.values() if given is not None]
    is_of_one_dtype = all(given.dtype in (None, "same", trial.dtype) or given.dtype not in FLOATS for given in inputs)
    sizes = [prod(given.shape) for given in inputs]
    is_fit = min(sizes, default=0) > 0 and sum(sizes) <= _largest(trial.dtype)
    is_defined = trial.form == "function" and trial.case.refused is None and not trial.undefined
    return is_defined and is_of_one_dtype and is_fit


def _largest(dtype: str) -> int:
    return LARGEST_IN_DIGITS if dtype == "float64" else LARGEST


def _numbers(call: Call) -> tuple[float, ...]:
    """The options that are numbers by kind, given or left at their defaults, of a size that inputs have."""
    options = (argument for argument in signatures()[call.loss].arguments if float in argument.types)
    given = (call.arguments.get(argument.name, argument.default) for argument in options)
    return tuple(float(x) for x in given if isinstance(x, int | float) and abs(x) <= 2**REACH)
