"""Right implementations by other routes than torch's and ours: none of them may be turned down on numbers.

Each is what a good engineer might write: another order of operations, another way to the log-sum-exp, float64 inside,
sums from first to last or in halves, means in one pass or two, slopes by hand or left to autograd, a compiler's code.
Half precision is computed in float32 and rounded once, which is what every serious port does.
"""

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from honest.formulas import Function, Route, formulas
from honest.sums import (
    Tensor,
    first_to_last,
    folded,
    in_halves,
    last_to_first,
    logarithm_of,
    mean_of_shares,
    online,
    rest_beside_one,
    running_mean,
    two_pass_mean,
)  # fmt: skip
from parity.losses import Subject

HALVES = (torch.float16, torch.bfloat16)
ROUTES = {
    "summed_first_to_last": Route(first_to_last, two_pass_mean(first_to_last), logarithm_of(first_to_last)),
    "summed_last_to_first": Route(last_to_first, two_pass_mean(last_to_first), folded, by_hand=True),
    "summed_in_halves": Route(in_halves, two_pass_mean(in_halves), rest_beside_one),
    "divided_before_summed": Route(torch.sum, mean_of_shares, torch.logsumexp, by_hand=True),
    "in_one_pass": Route(torch.sum, running_mean, online, by_hand=True),
}
PLAIN = Route(torch.sum, two_pass_mean(torch.sum), logarithm_of(torch.sum))


def _cast(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return change(value) if isinstance(value, Tensor) else value


def _widened(function: Function, wide: Callable[[Tensor], Tensor]) -> Function:
    """``function`` on widened floats, its result rounded back to what torch gives."""

    def widened(*arguments: Any, **options: Any) -> Tensor:
        result = function(*(_cast(a, wide) for a in arguments), **{k: _cast(v, wide) for k, v in options.items()})
        floats = [a.dtype for a in arguments if isinstance(a, Tensor) and a.is_floating_point()]
        return result.to(floats[0]) if floats and len(set(floats)) == 1 and result.is_floating_point() else result

    return widened


def _double(x: Tensor) -> Tensor:
    return x.double() if x.is_floating_point() else x


def _single(x: Tensor) -> Tensor:
    return x.float() if x.dtype in HALVES else x


def _as_subject(functions: dict[str, Function], wide: Callable[[Tensor], Tensor] = _single) -> Subject:
    widened = {name: _widened(function, wide) for name, function in functions.items()}
    return Subject("an honest variant", SimpleNamespace(**widened), forms=SimpleNamespace())


VARIANTS: dict[str, Subject] = {
    "float64_inside": _as_subject({name: getattr(F, name) for name in formulas(PLAIN)}, _double),
    **{name: _as_subject(formulas(route)) for name, route in ROUTES.items()},
}


@cache
def compiled() -> Subject:
    """The plain formulas as TorchInductor makes them: seconds for each loss, dtype and number of dimensions."""
    torch.compiler.reset()
    return _as_subject({name: torch.compile(f, dynamic=True) for name, f in formulas(PLAIN).items()})
