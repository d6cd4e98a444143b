"""Ways to vary the floats of a trial, each into another corner of the input space.

Rules kept here: every number comes of the generator given; an array keeps its shape, its sign where all its numbers
have one, and [0, 1] where they lie in it; marks (0 and 1, or 1 and -1, in any argument but the first) stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from parity.ulp import FORMATS, Numbers, rounded, ulp

REACH = 30  # powers of two, up and down, as far as the dtype has them
NUDGE = 4  # ulps
STEEPEST = 3  # powers of ten of a logit


@dataclass(frozen=True, slots=True)
class Scene:
    """What a variation sees: the float arrays by argument, and the numbers among the options, at which losses bend."""

    generator: np.random.Generator
    arrays: Mapping[str, Numbers]
    options: tuple[float, ...]
    dtype: torch.dtype

    @property
    def first(self) -> str:
        return next(iter(self.arrays))

    @property
    def free(self) -> list[str]:
        """The arguments that are varied."""
        return [name for name, own in self.arrays.items() if name == self.first or not _are_marks(own)]

    def own(self, name: str) -> Numbers:
        """The trial's own numbers, brought within the ends where they are not 0; 1 where they are none."""
        x = np.nan_to_num(self.arrays[name], nan=1.0)
        size = np.clip(np.abs(x), *np.exp2(self.ends))
        return np.where(x == 0, x, np.copysign(size, x))

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest power of two that is drawn: what the dtype has of 2^±30."""
        form = FORMATS[self.dtype]
        return max(-REACH, form.minimum - form.precision + 1), min(REACH, np.log2(form.largest) - 1)

    def powers(self, shape: tuple[int, ...]) -> Numbers:
        """Positive numbers of all magnitudes alike."""
        return np.exp2(self.generator.uniform(*self.ends, shape))

    def signs(self, shape: tuple[int, ...]) -> Numbers:
        return self.generator.choice(np.array([-1.0, 1.0]), shape)

    def steps(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """A few ulps, up, down or none."""
        return self.generator.integers(-NUDGE, NUDGE + 1, shape)

    def row_constants(self, shape: tuple[int, ...]) -> Numbers:
        """One number a row, for rows of ``shape``."""
        rows = (*shape[:-1], 1) if shape else ()
        return np.broadcast_to(self.signs(rows) * self.powers(rows), shape)

    def partners(self, name: str) -> list[Numbers]:
        """The other arrays that broadcast to the shape of ``name``."""
        shape = self.arrays[name].shape
        fitting = (self.own(other) for other in self.arrays if other != name)
        return [np.broadcast_to(own, shape) for own in fitting if _fits(own.shape, shape)]


Arrays = dict[str, Numbers]


@np.errstate(over="ignore")
def vary(kind: str, scene: Scene) -> Arrays:
    """The arrays that are varied, in numbers of the dtype; what ``kind`` leaves as it is keeps the trial's numbers."""
    drawn = {name: scene.own(name) for name in scene.free} | KINDS[kind](scene)
    return {name: _held(_kept(x, scene.own(name)), scene.dtype) for name, x in drawn.items() if name in scene.free}


def _scaled(scene: Scene) -> Arrays:
    """Each array by a factor of its own."""
    return {name: scene.own(name) * scene.powers(()) for name in scene.free}


def _of_all_magnitudes(scene: Scene) -> Arrays:
    """Each element of a magnitude of its own."""
    shapes = {name: scene.arrays[name].shape for name in scene.free}
    return {name: scene.signs(shape) * scene.powers(shape) for name, shape in shapes.items()}


def _nudged(scene: Scene) -> Arrays:
    """A few ulps from the trial's own numbers, which stand at the kinks."""
    return {name: _stepped(scene, rounded(scene.own(name), scene.dtype)) for name in scene.free}


def _close(scene: Scene) -> Arrays:
    """The first argument a few ulps from another one, or its rows from a constant: differences cancel, maxima tie."""
    name = scene.first
    shape = scene.arrays[name].shape
    partners = scene.partners(name) or [scene.row_constants(shape)]
    base = partners[scene.generator.integers(len(partners))]
    return {name: _stepped(scene, rounded(base, scene.dtype))}


def _at_options(scene: Scene) -> Arrays:
    """An argument, or its distance from another one, a few ulps from a numeric option such as a margin."""
    name = scene.free[scene.generator.integers(len(scene.free))]
    shape = scene.arrays[name].shape
    option = scene.options[scene.generator.integers(len(scene.options))] if scene.options else 0.0
    near = _stepped(scene, np.broadcast_to(rounded(np.array(option), scene.dtype), shape))
    bases = [np.zeros(shape), scene.row_constants(shape), *scene.partners(name)]
    return {name: bases[scene.generator.integers(len(bases))] + scene.signs(shape) * near}


def _offset(scene: Scene) -> Arrays:
    """All that has the first argument's shape, moved far from 0 by one number a row, of 1 or more."""
    shape = scene.arrays[scene.first].shape
    constants = scene.row_constants(shape)
    far = np.where(np.abs(constants) < 1, 1 / constants, constants)
    return {name: scene.own(name) + far for name in scene.free if scene.arrays[name].shape == shape}


def _saturated(scene: Scene) -> Arrays:
    """Logits from ±1 to ±1000, probabilities next to 0 and to 1."""
    return {name: _extreme(scene, scene.own(name)) for name in scene.free}


KINDS: Mapping[str, Callable[[Scene], Arrays]] = {
    "scaled": _scaled,
    "all magnitudes": _of_all_magnitudes,
    "nudged": _nudged,
    "close": _close,
    "at options": _at_options,
    "offset": _offset,
    "saturated": _saturated,
}


def _extreme(scene: Scene, own: Numbers) -> Numbers:
    if not _is_within_one(own):
        return scene.signs(own.shape) * 10 ** scene.generator.uniform(0, STEEPEST, own.shape)
    small = np.minimum(scene.powers(own.shape), 1.0) * scene.generator.uniform(0.5, 1.0, own.shape)
    return np.where(scene.signs(own.shape) > 0, small, 1.0 - small)


def _stepped(scene: Scene, x: Numbers) -> Numbers:
    return x + scene.steps(x.shape) * ulp(np.maximum(np.abs(x), 2.0**-REACH), scene.dtype)


def _kept(x: Numbers, own: Numbers) -> Numbers:
    """``x`` in the domain that the trial's own numbers show. What leaves [0, 1] is turned into its reciprocal, which
    keeps the distance from 1 and the spread of magnitudes."""
    if _is_within_one(own):
        size = np.abs(x)
        return np.where(size > 1, 1 / np.maximum(size, 1), size)
    return np.abs(x) if (own >= 0).all() else -np.abs(x) if (own <= 0).all() else x


def _held(x: Numbers, dtype: torch.dtype) -> Numbers:
    return np.clip(rounded(x, dtype), -FORMATS[dtype].largest, FORMATS[dtype].largest)


def _is_within_one(own: Numbers) -> bool:
    return bool(((own >= 0) & (own <= 1)).all())


def _are_marks(own: Numbers) -> bool:
    return bool(np.isin(own, (-1, 0, 1)).all() and (own != 0).any())


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, whole) == whole
    except ValueError:
        return False
