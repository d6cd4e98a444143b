"""How far two right answers may lie apart, in ulps of the result's dtype: one table, each row with its reason.

Rules kept here: bits that are equal need no budget; nothing grows with the size of a number, only with the count of
roundings; no loss is named. A number beyond its row still agrees when it is no farther from the truth than the
reference is thereabouts (``FACTOR`` times, plus one ulp).
"""

from dataclasses import dataclass
from math import sqrt

import torch


@dataclass(frozen=True, slots=True)
class Row:
    """``value`` and ``gradient``: ulps for the element's own roundings; ``growth``: times √n for sums over n elements."""

    value: float
    gradient: float
    growth: float
    because: str


_WIDE = Row(
    value=4,
    gradient=6,
    growth=0.5,
    because="two library calls (exp, log) of one ulp each and two roundings between them; backward adds the product with"
    " the upstream gradient and a division. Sums in another order differ by a random walk of half ulps, √n / 2",
)
_HALF = Row(
    value=1,
    gradient=1,
    growth=0,
    because="half precision is computed in float32 and rounded once, so two right answers differ by the last bit at most;"
    " sums run in float32, whose roundings vanish in that bit",
)
TABLE: dict[torch.dtype, Row] = {
    torch.float64: _WIDE,
    torch.float32: _WIDE,
    torch.float16: _HALF,
    torch.bfloat16: _HALF,
}
FACTOR: dict[torch.dtype, float] = {torch.float64: 2, torch.float32: 2, torch.float16: 1, torch.bfloat16: 1}
"""How many times the reference's own error is still as good as the reference: two algorithms of one quality differ by
that much; in half precision twice the error would reach a scaling by 2 %, which is 2.5 ulps of bfloat16."""


def allowed(dtype: torch.dtype, terms: int, gradient: bool) -> float:
    """The ulps of ``dtype`` that two right answers may differ by, for sums over at most ``terms`` elements."""
    row = TABLE[dtype]
    return (row.gradient if gradient else row.value) + row.growth * sqrt(terms)
