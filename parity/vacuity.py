"""Whether what a trial is held to would also accept an answer that is plainly wrong.

Zeros, a constant, a scaling by 2 %, a divisor off by one, a dropped term, a neighbour's row, a gradient that keeps only
the sign of its upstream gradient: each is judged exactly as the candidate is, and each must be turned down. One is
spared where it is not wrong: where it differs from the right answer by no more than the last bit of the dtype (an
empty, zero, constant or NaN answer among them), or is itself as near the truth as the reference.
"""

from collections.abc import Iterator

import numpy as np
import torch

from parity.agreement import Measure, agrees
from parity.exam import Exam, described
from parity.outcome import ONES, SCALAR_COTANGENTS
from parity.truth import Quantity, quantity_of
from parity.ulp import Numbers, distance, numbers, rounded

SCALING = 1.02


@np.errstate(all="ignore")
def accepted_fake(exam: Exam) -> str | None:
    """The first plainly wrong answer that this trial would accept, in words; None where it accepts none."""
    if exam.expected.value is None:
        return None
    for quantity in looked_at(exam):
        right = quantity_of(exam.expected, quantity)
        if right is not None and (right.is_floating_point() or right.is_complex()):
            name = _accepted(exam, quantity, numbers(right), exam.measure(quantity, right.dtype))
            if name is not None:
                return f"{described(quantity)}: {name} would be accepted"
    return None


def looked_at(exam: Exam) -> list[Quantity]:
    """The value, and each argument's gradient under the last of the engine's own upstream gradients."""
    upstream = [name for name in exam.expected.gradients if name not in (ONES, "one-hot", "given")][-1:]
    return [q for q in exam.quantities() if q is None or q[0] in upstream]


def _accepted(exam: Exam, quantity: Quantity, right: Numbers, measure: Measure) -> str | None:
    """The first fake that is accepted although it is wrong; all are judged at once, stacked along a first dimension."""
    named = dict(fakes(exam, quantity, right))
    if not named:
        return None
    stack = rounded(np.stack(list(named.values())), measure.dtype)
    finite = np.isfinite(right)
    wrong = (distance(stack, right, measure.dtype)[:, finite] > 1).any(axis=1)
    accepted = agrees(stack, right, measure, patient=False)[:, finite].all(axis=1)
    taken = np.flatnonzero(wrong & accepted)
    return list(named)[taken[0]] if taken.size else None


def fakes(exam: Exam, quantity: Quantity, right: Numbers) -> Iterator[tuple[str, Numbers]]:
    """Plainly wrong answers by name, made of the right one."""
    finite = right[np.isfinite(right)]
    if not finite.size:
        return
    yield "zeros", np.where(np.isfinite(right), 0.0, right)
    yield "a scaling by 2 %", right * SCALING
    if right.size > 1:
        yield "a constant", np.where(np.isfinite(right), finite.mean(), right)
    if right.ndim and right.shape[0] > 1:
        yield "a neighbour's row", np.where(np.isfinite(right), np.roll(right, 1, axis=0), right)
    if exam.expected.value is not None and exam.expected.value.ndim == 0:
        yield from _of_a_reduction(exam, quantity, right)


def _of_a_reduction(exam: Exam, quantity: Quantity, right: Numbers) -> Iterator[tuple[str, Numbers]]:
    terms = exam.unreduced
    value = exam.expected.value
    if terms is None or value is None or terms.is_complex() or terms.numel() < 2:
        return
    total, mean = float(terms.sum()), float(value)
    if not np.isfinite(total) or total == 0 or mean == 0:
        return
    divisor = total / mean
    if divisor > 1.5:
        yield "a divisor off by one", right * (divisor / (divisor - 1))
    if quantity is None:
        dropped = float(terms.flatten()[_median(terms)])
        yield "a dropped term", right * ((total - dropped) / total)
    elif (full := quantity_of(exam.expected, (ONES, quantity[1]))) is not None:
        sign = np.sign(SCALAR_COTANGENTS[-1])
        yield "its upstream gradient's sign only", sign * numbers(full)


def _median(terms: torch.Tensor) -> int:
    """Where the term of middling size stands: neither the one that hardly counts nor the one that is everything."""
    return int(terms.flatten().abs().argsort()[terms.numel() // 2])
