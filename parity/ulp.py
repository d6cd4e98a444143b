"""Distances in ulps (units in the last place) of a dtype.

Arithmetic here is NumPy float64, in which every value of the dtypes compared is exact. The ulp of a number is the gap
between neighbouring floats of its binade; zero and subnormals have the smallest subnormal's.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format: ``precision`` bits with the hidden one, exponents from ``minimum`` up."""

    precision: int
    minimum: int
    largest: float


FORMATS: dict[torch.dtype, Format] = {
    torch.float16: Format(11, -14, torch.finfo(torch.float16).max),
    torch.bfloat16: Format(8, -126, torch.finfo(torch.bfloat16).max),
    torch.float32: Format(24, -126, torch.finfo(torch.float32).max),
    torch.float64: Format(53, -1022, torch.finfo(torch.float64).max),
}
NARROWED = {torch.float16: np.float16, torch.float32: np.float32}  # NumPy rounds to these itself, once
COMPONENTS = {torch.complex64: torch.float32, torch.complex128: torch.float64}


def ulp(x: Numbers, dtype: torch.dtype) -> Numbers:
    """The ulp of ``dtype`` at each finite ``x``; NaN where ``x`` is not finite."""
    form = FORMATS[dtype]
    # frexp gives a mantissa in [0.5, 1): its exponent is one above the binade's.
    _, exponent = np.frexp(np.maximum(np.abs(x), 2.0**form.minimum))
    return np.where(np.isfinite(x), np.ldexp(1.0, exponent - form.precision), np.nan)


def distance(x: Numbers, y: Numbers, dtype: torch.dtype) -> Numbers:
    """|x - y| in ulps of ``dtype`` at the larger of the two; 0 for equals (NaNs too), inf where one is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(x - y) / ulp(np.maximum(np.abs(x), np.abs(y)), dtype)
    return np.where(same(x, y), 0.0, np.where(np.isnan(gap), np.inf, gap))


def same(x: Numbers, y: Numbers) -> NDArray[np.bool_]:
    """Where two arrays hold the same number: NaN equals NaN, and a zero's sign is not looked at."""
    alike: NDArray[np.bool_] = (x == y) | (np.isnan(x) & np.isnan(y))
    return alike


def rounded(x: Numbers, dtype: torch.dtype) -> Numbers:
    """``x`` rounded once (to nearest, ties to even) to ``dtype``, held in float64; inf beyond the largest number."""
    if dtype is torch.float64:
        return x
    with np.errstate(invalid="ignore", over="ignore"):
        if dtype in NARROWED:
            return np.asarray(x.astype(NARROWED[dtype]), dtype=np.float64)
        step = ulp(x, dtype)
        near = np.where(np.isfinite(x), np.rint(x / step) * step, x)
    return np.where(np.abs(near) > FORMATS[dtype].largest, np.copysign(np.inf, near), near)


def numbers(tensor: torch.Tensor) -> Numbers:
    """The numbers in float64, each exact; complex ones become a last dimension of two; ints beyond 2^53 round."""
    tensor = tensor.detach()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    array: NDArray[Any] = tensor.to("cpu", torch.float64).numpy(force=True)
    return np.asarray(array, dtype=np.float64)


def component(dtype: torch.dtype) -> torch.dtype:
    """The real dtype in whose ulps a value of ``dtype`` is measured; float64 for whole numbers, exact in it."""
    return COMPONENTS.get(dtype, dtype if dtype in FORMATS else torch.float64)


def hexadecimal(x: float) -> str:
    """The exact number, as ``float.hex`` spells it, without the zeros that say nothing: ``0x1.8p+0``."""
    return re.sub(r"\.?0*p", "p", x.hex())
