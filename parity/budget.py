"""How far two right answers may lie apart, in ulps of the result's dtype: one table, each row with its reason.

Rules kept here: bits that are equal need no budget; nothing grows with the size of a number, only with the count of
roundings; no loss is named.
"""

from dataclasses import dataclass
from math import sqrt

import torch


@dataclass(frozen=True, slots=True)
class Row:
    """What one dtype allows.

    ``value`` and ``gradient``: ulps from the reference for an element's own roundings. ``factor``: times the
    reference's own error, from the truth, plus one ulp. ``growth``: how much of √n both gain in sums over n elements.
    """

    value: float
    gradient: float
    factor: float
    growth: float
    because: str


_WIDE = Row(
    value=4,
    gradient=6,
    factor=4,
    growth=0.5,
    because="Two library calls (exp, log) of an ulp each and two roundings between them; backward adds the product with"
    " the upstream gradient and a division. A gradient that autograd derives from the formula takes up to four times"
    " the roundings of one written by hand. Sums in another order drift apart by a random walk: half ulps, √n of them.",
)
_HALF = Row(
    value=1,
    gradient=1,
    factor=1,
    growth=0,
    because="Half precision is computed in float32 and rounded once: two right answers differ by the last bit at most,"
    " and those of sums in float32 vanish in it. More would let a scaling by 2 % pass: 2.5 ulps of bfloat16.",
)
TABLE: dict[torch.dtype, Row] = {
    torch.float64: _WIDE,
    torch.float32: _WIDE,
    torch.float16: _HALF,
    torch.bfloat16: _HALF,
}


def allowed(dtype: torch.dtype, terms: int, *, gradient: bool) -> float:
    """The ulps of ``dtype`` that two right answers may differ by, for sums over at most ``terms`` elements."""
    row = TABLE[dtype]
    return (row.gradient if gradient else row.value) + row.growth * sqrt(terms)


def factor(dtype: torch.dtype, terms: int) -> float:
    """How many times the reference's own error is still as good as the reference."""
    row = TABLE[dtype]
    return row.factor + row.growth * sqrt(terms)
