"""Functions of other frameworks' arrays on torch's tensors. TensorFlow is where `make references` runs this."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from parity.bridge import FRAMEWORKS, Framework
from parity.facets import facets

pytest.importorskip("torch._dynamo")  # before TensorFlow, as in parity.references

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
OTHERS = [torch.complex64, torch.complex128, torch.int64, torch.uint8, torch.bool]
FOREIGN = [framework for framework in FRAMEWORKS.values() if not framework.is_torch]
SLOPING = [framework for framework in FOREIGN if framework.has("gradients")]


@pytest.fixture
def framework(request: pytest.FixtureRequest) -> Framework:
    found: Framework = request.param
    return found if found.is_here else pytest.skip(f"no {found.name} here")


of_all = pytest.mark.parametrize("framework", FOREIGN, ids=lambda one: one.name, indirect=True)
of_sloping = pytest.mark.parametrize("framework", SLOPING, ids=lambda one: one.name, indirect=True)


def power(x: Any, power: int = 2) -> Any:
    return x**power


@of_all
@pytest.mark.parametrize("dtype", [*FLOATS, *OTHERS], ids=str)
def test_numbers_cross_bit_for_bit(framework: Framework, dtype: torch.dtype) -> None:
    if dtype in framework.without:
        pytest.skip(f"{framework.name} has no {dtype}")
    numbers = torch.tensor([1.0, 3.25, 0.0, 1e-3]).to(dtype)
    crossed = framework.bridged(lambda x: x)(numbers)
    assert (crossed.dtype, torch.equal(crossed, numbers)) == (dtype, True)


@of_all
def test_numbers_cross_from_any_place_in_memory(framework: Framework) -> None:
    numbers = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(framework.bridged(power)(numbers), numbers**2)


@of_all
def test_number_of_no_dimension_crosses(framework: Framework) -> None:
    assert torch.equal(framework.bridged(power)(torch.tensor(3.0)), torch.tensor(9.0))


@of_all
def test_options_are_passed_on(framework: Framework) -> None:
    assert framework.bridged(power)(torch.tensor(2.0), power=3) == 8


@of_all
def test_what_is_no_array_stays_what_it_is(framework: Framework) -> None:
    assert framework.bridged(lambda x: "no array")(torch.tensor(2.0)) == "no array"


@of_all
def test_exception_passes(framework: Framework) -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"):
        framework.bridged(lambda x: 1 // 0)(torch.tensor(2.0))


@of_sloping
def test_gradients_of_any_order_cross(framework: Framework) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (first,) = torch.autograd.grad(framework.bridged(power)(x, power=3), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12, 12)


@of_sloping
def test_argument_that_wants_no_gradient_gets_none(framework: Framework) -> None:
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
    assert torch.autograd.grad(framework.bridged(lambda x, y: x * y)(x, y), x) == (torch.tensor(3.0),)


@of_sloping
def test_gradient_of_a_complex_number_is_torchs(framework: Framework) -> None:
    x, cotangent = torch.tensor(1.0 + 2.0j, requires_grad=True), torch.tensor(0.5 - 1.0j)
    found = torch.autograd.grad(framework.bridged(lambda x: x * (2 + 3j))(x), x, cotangent)
    assert found == torch.autograd.grad(x * (2 + 3j), x, cotangent)


@of_sloping
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, on its first dual number
def test_derivative_along_a_tangent_crosses(framework: Framework) -> None:
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(torch.tensor(2.0), torch.tensor(10.0))
        value = framework.bridged(lambda x, y: x * y)(dual, torch.tensor(3.0))
        assert torch.autograd.forward_ad.unpack_dual(value).tangent == 30


@pytest.mark.parametrize(
    "change",
    [lambda x: x[::-1], lambda x: np.broadcast_to(x[:1], (2,)), lambda x: x.sum()],
    ids=["backwards", "not-writable", "scalar"],
)
def test_any_array_of_numpy_comes_back(change: Callable[[Any], Any]) -> None:
    found = FRAMEWORKS["numpy"].bridged(change)(torch.tensor([1.0, 2.0]))
    assert found.tolist() == change(np.array([1.0, 2.0])).tolist()


def test_edit_by_numpy_is_an_edit_of_the_tensor() -> None:
    numbers = torch.tensor([1.0, 2.0])
    FRAMEWORKS["numpy"].bridged(lambda x: x.fill(7.0))(numbers)
    assert numbers.tolist() == [7.0, 7.0]


def test_every_ability_of_a_framework_is_asked_for() -> None:
    needs = {getattr(facet, "NEEDS", "") for facet in facets().values()} | {"subnormal numbers"}
    assert {ability for framework in FOREIGN for ability in framework.abilities} <= needs
