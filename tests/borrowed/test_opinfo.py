"""What torch tests its own operators with, run against ours: OpInfo's sample, reference and error inputs.

The samples are judged by the engine's own facets, as cases are; nothing is looser here.
"""

import inspect
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

import reimpl
from parity.case import Case, Place, Trial
from parity.exam import Exam
from parity.facets import compare
from parity.losses import REFERENCE, signatures
from parity.outcome import Call
from parity.references import TORCH, reference_of
from parity.runner import FORMULAS, run, run_differentiably

DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "int64")
FACETS = ("value", "gradient", "dtype", "shape", "strides", "refusal", "warnings", "purity")
WITHOUT = ("pairwise_distance", "cosine_similarity", "linear_cross_entropy")
"""Functions of torch of which OpInfo has no entry by this name in the versions that are tested."""
OF_TORCH = [loss for loss in reimpl.__all__ if str(reference_of(loss)).startswith(TORCH)]


@cache
def entries() -> dict[str, list[Any]]:
    """OpInfo's entries by the name of the function, several where it has variants."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db  # noqa: PLC0415, it takes seconds
    found: dict[str, list[Any]] = {}
    for entry in op_db:
        found.setdefault(entry.name.removeprefix("nn.functional."), []).append(entry)
    return found


def call_of(loss: str, sample: Any, dtype: torch.dtype) -> Call:
    parameters = inspect.signature(getattr(reimpl, loss))
    bound = parameters.bind(sample.input, *sample.args, **sample.kwargs).arguments
    tensors = [name for name, value in bound.items() if isinstance(value, torch.Tensor)]
    arguments = {n: v.detach() if n in tensors else v for n, v in bound.items()}
    required = [a.name for a in signatures()[loss].arguments if a.required and not a.keyword_only and a.name in bound]
    return Call(loss, arguments, tuple(required), dtype if dtype.is_floating_point else torch.float32)


def judged(loss: str, sample: Any, dtype: torch.dtype) -> Iterator[str]:
    """What is found wrong in one sample."""
    plain = call_of(loss, sample, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, granted = run_differentiably(REFERENCE, plain, plain.floats)
        call = Call(loss, plain.arguments, plain.positional, plain.dtype, differentiable=granted)
        actual = run(FORMULAS, call, watched=True)
    case = Case(loss, "sample", Place("OpInfo", 1), inputs={})
    trial = Trial(case, str(dtype).removeprefix("torch."), "cpu", {}, {})  # type: ignore[arg-type]
    exam = Exam(trial, FORMULAS, call, expected, actual)
    for facet in FACETS:
        found = compare(facet, exam)
        if found.status == "failed":
            yield f"{facet}: {found.what} {found.deviation or ''} in {call.arguments}"


def samples(loss: str, dtype: torch.dtype, kind: str) -> list[Any]:
    found = [entry for entry in entries().get(loss, []) if dtype in entry.supported_dtypes("cpu")]
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [sample for entry in found for sample in getattr(entry, kind)("cpu", dtype, requires_grad=False)]


@pytest.mark.parametrize("kind", ["sample_inputs", "reference_inputs"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", OF_TORCH)
def test_every_sample_agrees(loss: str, dtype: str, kind: str) -> None:
    of = getattr(torch, dtype)
    assert [wrong for sample in samples(loss, of, kind) for wrong in judged(loss, sample, of)] == []


@pytest.mark.parametrize("loss", OF_TORCH)
def test_every_error_input_is_refused_as_torch_refuses_it(loss: str) -> None:
    inputs = [e for entry in entries().get(loss, []) if entry.error_inputs_func for e in entry.error_inputs("cpu")]
    for error in inputs:
        call = call_of(loss, error.sample_input, torch.float32)
        theirs, ours = run(REFERENCE, call).raised, run(FORMULAS, call).raised
        assert theirs is not None
        assert ours is not None, (error.error_regex, call.arguments)
        assert theirs.type in ours.bases


@pytest.mark.parametrize("loss", [loss for loss in OF_TORCH if loss not in WITHOUT])
def test_torch_has_samples_for_it(loss: str) -> None:
    assert samples(loss, torch.int64 if loss == "one_hot" else torch.float32, "sample_inputs")
