"""What the formulas do where no case can look: other libraries, traces, second gradients, options that YAML cannot
write. Each test is named in ``equivalent.yaml`` for the mutants that it kills."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

import reimpl

jax = pytest.importorskip("jax")

Library = Callable[[Any], Any]
LIBRARIES = [pytest.param(numpy.asarray, id="numpy"), pytest.param(jax.numpy.asarray, id="jax")]


@pytest.mark.parametrize("array", LIBRARIES)
def test_values_are_looked_at_in_any_library(array: Library) -> None:
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        reimpl.binary_cross_entropy(array([2.0]), array([0.5]))
    with pytest.raises(IndexError, match="out of bounds"):
        reimpl.nll_loss(array([[0.5, 1.5]]), array([2]))


@pytest.mark.parametrize("array", LIBRARIES)
@pytest.mark.parametrize("dtype", ["int8", "int16", "bool"])
def test_labels_of_other_types_are_refused_in_any_library(array: Library, dtype: str) -> None:
    with pytest.raises(RuntimeError, match="Long or Byte"):
        reimpl.nll_loss(array([[0.5, 1.5]]), array(numpy.asarray([1], dtype=dtype)))


@pytest.mark.parametrize("array", LIBRARIES)
@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_small_labels_of_pixels_are_taken_outside_torch(array: Library, dtype: str) -> None:
    rows = array(numpy.asarray([[[0.5, 1.0], [1.5, 2.0]]]))
    labels = array(numpy.asarray([[1, 0]], dtype=dtype))
    assert numpy.asarray(reimpl.nll_loss(rows, labels, reduction="none")).tolist() == [[-1.5, -1.0]]


@pytest.mark.parametrize("array", LIBRARIES)
def test_int32_labels_of_margin_losses_are_taken_outside_torch(array: Library) -> None:
    scores, label = array([[0.5, 0.25, 2.0]]), array(numpy.asarray([2], dtype="int32"))
    assert float(reimpl.multi_margin_loss(scores, label)) == 0.0


@pytest.mark.parametrize("array", LIBRARIES)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
def test_other_labels_of_margin_losses_are_refused_in_any_library(array: Library, dtype: str) -> None:
    with pytest.raises(RuntimeError, match="Long"):
        reimpl.multi_margin_loss(array([[0.5, 0.25, 2.0]]), array(numpy.asarray([1], dtype=dtype)))


@pytest.mark.parametrize("array", LIBRARIES)
def test_one_hot_takes_small_indices_outside_torch(array: Library) -> None:
    result = reimpl.one_hot(array(numpy.asarray([1, 0], dtype="int32")), 2)
    assert numpy.asarray(result).tolist() == [[0, 1], [1, 0]]
    assert result.dtype == "int32"


@pytest.mark.parametrize("array", LIBRARIES)
def test_one_hot_refuses_smaller_indices_outside_torch(array: Library) -> None:
    with pytest.raises(RuntimeError, match="LongTensor"):
        reimpl.one_hot(array(numpy.asarray([1, 0], dtype="int16")), 2)


def test_values_are_not_looked_at_in_a_trace_of_jax() -> None:
    assert jax.jit(reimpl.binary_cross_entropy)(jax.numpy.asarray([0.5]), jax.numpy.asarray([1.0])) > 0
    assert jax.jit(reimpl.nll_loss)(jax.numpy.asarray([[0.5, 1.5]]), jax.numpy.asarray([1])) == -1.5


def test_values_are_not_looked_at_on_a_device_without_any() -> None:
    x = torch.empty(3, device="meta")
    assert reimpl.binary_cross_entropy(x, x).device.type == "meta"
    assert reimpl.one_hot(torch.empty(3, dtype=torch.int64, device="meta"), 4).shape == (3, 4)
    scores, label = torch.empty((2, 3), device="meta", dtype=torch.float16), torch.empty(2, device="meta").long()
    assert reimpl.multi_margin_loss(scores, label).dtype == torch.float16


def test_values_are_not_looked_at_in_a_trace_of_torch() -> None:
    x = torch.tensor([0.25, 0.5])
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.jit.trace(lambda x: reimpl.binary_cross_entropy(x, x), (x,), check_trace=False)
    assert [warning for warning in heard if Path(warning.filename).stem == "_checks"] == []


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_dtype_converts_before_anything_else(name: str) -> None:
    x = torch.tensor([[1, 2, 70000]])
    found = getattr(reimpl, name)(x, 1, dtype=torch.float64)
    assert torch.equal(found, getattr(torch.nn.functional, name)(x, 1, dtype=torch.float64))
    y = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    assert getattr(reimpl, name)(y, 1, dtype=torch.float64).requires_grad


SCORES = numpy.random.default_rng(1).normal(size=(40, 5)).astype("float16")
PADDED = numpy.random.default_rng(2).integers(-1, 5, (40, 5))
WEIGHT = numpy.asarray([0.1, 3.3, 7.7, 0.25, 1.9], dtype="float16")


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_halves_of_multi_margin_are_computed_in_float32_outside_torchs_cpu(p: int, weight: Any) -> None:
    label, wide = numpy.abs(PADDED[:, 0]), None if weight is None else weight.astype("float32")
    found = reimpl.multi_margin_loss(SCORES, label, p, weight=weight, reduction="none")
    exact = reimpl.multi_margin_loss(SCORES.astype("float32"), label, p, weight=wide, reduction="none")
    assert (found.dtype, found.tolist()) == (numpy.float16, exact.astype("float16").tolist())


def test_halves_of_multilabel_margin_are_computed_in_float32_outside_torchs_cpu() -> None:
    found = reimpl.multilabel_margin_loss(SCORES, PADDED, reduction="none")
    exact = reimpl.multilabel_margin_loss(SCORES.astype("float32"), PADDED, reduction="none")
    assert (found.dtype, found.tolist()) == (numpy.float16, exact.astype("float16").tolist())


def test_curvature_of_smooth_l1_is_zero_past_a_tiny_beta() -> None:
    x = torch.tensor([1.0, -1.0, 1e-40, -1e-40], requires_grad=True)
    loss = reimpl.smooth_l1_loss(x, torch.zeros(4), reduction="sum", beta=1e-40)
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    assert torch.autograd.grad(slope.sum(), x)[0].tolist() == [0.0] * 4


@pytest.mark.parametrize("array", LIBRARIES)
def test_two_numbers_have_a_cosine_in_any_library(array: Library) -> None:
    assert float(reimpl.cosine_similarity(array(2.0), array(-3.0), 0)) == -1.0
    assert float(reimpl.cosine_similarity(array(-2.0), array(-3.0), -1)) == 1.0
