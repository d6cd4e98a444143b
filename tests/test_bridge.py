"""TensorFlow's functions on torch's tensors; `make references` runs this where TensorFlow is."""

import pytest
import torch

pytest.importorskip("torch._dynamo")  # first, as in parity.references
tensorflow = pytest.importorskip("tensorflow")

from parity.bridge import bridged  # noqa: E402

square = bridged(lambda x, power=2: x**power)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64], ids=str)
def test_numbers_cross_bit_for_bit(dtype: torch.dtype) -> None:
    numbers = torch.tensor([1.0, -3.25, 1e-3]).to(dtype)
    assert torch.equal(bridged(tensorflow.identity)(numbers), numbers)


def test_numbers_cross_from_any_place_in_memory() -> None:
    assert torch.equal(square(torch.arange(6.0).reshape(2, 3).T), torch.arange(6.0).reshape(2, 3).T ** 2)


def test_options_are_passed_on() -> None:
    assert square(torch.tensor(2.0), power=3) == 8


def test_gradients_of_any_order_cross() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (first,) = torch.autograd.grad(square(x, power=3), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12, 12)


def test_argument_that_wants_no_gradient_gets_none() -> None:
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
    assert torch.autograd.grad(bridged(lambda x, y: x * y)(x, y), x) == (torch.tensor(3.0),)
