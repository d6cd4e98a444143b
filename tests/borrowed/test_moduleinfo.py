"""What torch tests its own modules with, run against ours: every input of ModuleInfo for the losses."""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import torch

from parity.agreement import Measure, judged
from parity.budget import allowed
from parity.truth import Exact
from parity.ulp import numbers
from reimpl import modules

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LOSSES = [
    name
    for name, value in vars(modules).items()
    if isinstance(value, type) and issubclass(value, torch.nn.Module) and not name.startswith("_")
]
WITHOUT = ("NLLLoss2d", "AdaptiveLogSoftmaxWithLoss", "PairwiseDistance", "CosineSimilarity",
           "TripletMarginLoss", "TripletMarginWithDistanceLoss")  # fmt: skip
"""Modules of which ModuleInfo has no entry in the versions that are tested."""


@cache
def entries() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_modules import module_db  # noqa: PLC0415, it takes seconds
    return {entry.module_cls.__name__: entry for entry in module_db}


def inputs(name: str, dtype: torch.dtype) -> list[Any]:
    """The constructor's and forward's arguments; none where torch does not take the dtype."""
    entry = entries().get(name)
    if entry is None or dtype not in entry.supported_dtypes("cpu"):
        return []
    torch.manual_seed(0)
    found = entry.module_inputs_func(entry, "cpu", dtype, requires_grad=False, training=True)
    return [each for each in found if each.forward_input is not None]


def built(package: Any, name: str, given: Any, dtype: torch.dtype) -> torch.nn.Module:
    made: torch.nn.Module = getattr(package, name)(*given.args, **given.kwargs)
    return made.to(dtype)


def _doubled(arguments: tuple[Any, ...]) -> list[Any]:
    return [a.double() if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in arguments]


def apart(name: str, dtype: torch.dtype) -> Iterator[str]:
    for each in inputs(name, dtype):
        theirs, ours = (built(package, name, each.constructor_input, dtype) for package in (torch.nn, modules))
        ours.load_state_dict(theirs.state_dict())
        forward = deepcopy(each.forward_input)
        expected = theirs(*forward.args, **forward.kwargs).detach()
        actual = ours(*forward.args, **forward.kwargs).detach()
        truth = theirs.double()(*_doubled(each.forward_input.args), **each.forward_input.kwargs)
        if wrong := _apart(actual, expected, truth):
            yield f"{each.desc}: {wrong}"


def _apart(actual: torch.Tensor, expected: torch.Tensor, truth: torch.Tensor) -> str:
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        return f"{actual.shape} {actual.dtype}, torch {expected.shape} {expected.dtype}"
    exact = Exact(numbers(truth), numbers(truth) * 0)
    measure = Measure(expected.dtype, allowed(expected.dtype, 100, gradient=False), double=lambda: exact)
    found, _ = judged(numbers(actual), numbers(expected), measure)
    return str(found or "")


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.filterwarnings("ignore")
def test_every_input_gives_what_torch_gives(name: str, dtype: torch.dtype) -> None:
    assert list(apart(name, dtype)) == []


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in WITHOUT])
@pytest.mark.filterwarnings("ignore")
def test_torch_has_inputs_for_it(name: str) -> None:
    assert inputs(name, torch.float32)
