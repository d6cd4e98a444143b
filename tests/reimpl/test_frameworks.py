"""The same lines run on torch, NumPy, JAX and on objects that only know arithmetic."""

from fractions import Fraction

import mpmath
import numpy
import pytest
import torch
from counterpart import counterpart

import reimpl
from reimpl._array import filled

jax = pytest.importorskip("jax")


class Number:
    """A 50-digit number with no more than NumPy asks of an object."""

    def __init__(self, value):
        # NumPy's mean divides by an integer of its own.
        plain = value.item() if isinstance(value, numpy.generic) else value
        self.value = mpmath.mpf(plain.value if isinstance(plain, Number) else plain)


def _operation(name):
    def operation(self, *others):
        with mpmath.workdps(50):
            result = getattr(self.value, name)(*(Number(other).value for other in others))
        return Number(result) if isinstance(result, mpmath.mpf) else result

    return operation


def _function(name):
    def function(self):
        with mpmath.workdps(50):
            return Number(getattr(mpmath, name)(self.value))

    return function


_ARITHMETIC = ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg", "abs")
for _name in (*_ARITHMETIC, "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Number, f"__{_name}__", _operation(f"__{_name}__"))
for _name in ("exp", "log", "log1p", "expm1", "sqrt"):
    setattr(Number, _name, _function(_name))
Number.arctan = _function("atan")


def as_numbers(array):
    return numpy.vectorize(Number, otypes=[object])(array) if array.dtype == float else array


def as_floats(result):
    return numpy.vectorize(lambda number: float(Number(number).value), otypes=[float])(result)


def of_torch(loss, example):
    arguments, options = example
    return counterpart(loss)(*map(torch.from_numpy, arguments), **options).numpy()


def test_number_keeps_fifty_digits():
    assert float((Number(1) / 3 - Number(mpmath.mpf(1) / 3)).value) == pytest.approx(float(Fraction(0)), abs=1e-15)


def test_numpy_gives_what_torch_gives(loss, example):
    result = getattr(reimpl, loss)(*example[0], **example[1])
    numpy.testing.assert_allclose(result, of_torch(loss, example), rtol=1e-14)
    assert result.dtype == numpy.float64


def test_objects_give_what_torch_gives(loss, example):
    result = getattr(reimpl, loss)(*map(as_numbers, example[0]), **example[1])
    numpy.testing.assert_allclose(as_floats(result), of_torch(loss, example), rtol=1e-14)


def test_jax_gives_what_torch_gives(loss, example):
    with jax.enable_x64(True):
        result = getattr(reimpl, loss)(*map(jax.numpy.asarray, example[0]), **example[1])
        numpy.testing.assert_allclose(result, of_torch(loss, example), rtol=1e-13)


def test_jax_grad_gives_the_gradient_of_torch(loss, example):
    arguments, options = example
    input = torch.tensor(arguments[0], requires_grad=True)
    counterpart(loss)(input, *map(torch.from_numpy, arguments[1:]), **options).sum().backward()
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda x, *rest: getattr(reimpl, loss)(x, *rest, **options).sum()))
        numpy.testing.assert_allclose(gradient(*map(jax.numpy.asarray, arguments)), input.grad, rtol=1e-12, atol=1e-15)


def test_jax_without_64_bits_takes_its_own_labels():
    result = reimpl.cross_entropy(jax.numpy.asarray([[0.0, 2.0]]), jax.numpy.asarray([1]))
    assert float(result) == pytest.approx(0.126928, rel=1e-5)


def test_jax_has_the_slope_of_torch_at_a_kink():
    slope = jax.grad(lambda x: reimpl.hinge_embedding_loss(x, jax.numpy.asarray([-1, -1]), reduction="sum"))
    assert slope(jax.numpy.asarray([1.0, 2.0])).tolist() == [-1.0, 0.0]


def test_jax_passes_the_gradient_of_a_length_below_the_floor_as_torch_does():
    x, y = [[0.3, 0.4]], [[1.0, 2.0]]
    found = jax.grad(lambda x: reimpl.cosine_similarity(x, jax.numpy.asarray(y), eps=1.0).sum())(jax.numpy.asarray(x))
    expected = torch.func.grad(lambda x: torch.cosine_similarity(x, torch.tensor(y), eps=1.0).sum())(torch.tensor(x))
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)


def test_jax_has_no_slope_at_a_tie_as_torch_has_none():
    x, y = (jax.numpy.asarray([1.0, 2.0, -3.0]) + shift for shift in (0, jax.numpy.asarray([0.0, 1.0, -1.0])))
    for loss in (reimpl.l1_loss, lambda x, y: reimpl.pairwise_distance(x, y, p=1, eps=0.0)):
        assert jax.grad(lambda x, loss=loss: 3 * loss(x, y).sum())(x)[0] == 0


def test_jax_differentiates_kl_div_by_its_target_too():
    x, t = ([-3.0, -2.0], [-0.5, -7.0]), ([0.1, 0.9], [0.25, 0.75])
    found = jax.grad(lambda t: reimpl.kl_div(jax.numpy.asarray(x), t, reduction="sum"))(jax.numpy.asarray(t))
    target = torch.tensor(t, requires_grad=True)
    reimpl.kl_div(torch.tensor(x), target, reduction="sum").backward()
    numpy.testing.assert_allclose(found, target.grad, rtol=1e-5)


def test_small_labels_of_jax_are_no_negative_ones():
    rows = numpy.linspace(-1, 1, 2 * 200, dtype=numpy.float32).reshape(2, 200)
    found = reimpl.nll_loss(jax.numpy.asarray(rows), jax.numpy.asarray([156, 3], dtype=jax.numpy.uint8))
    numpy.testing.assert_allclose(found, -(rows[0, 156] + rows[1, 3]) / 2, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 1), (0, 3), ()])
def test_number_fills_an_array_of_objects(shape):
    found = filled(as_numbers(numpy.ones(shape)), 3)
    assert found.shape == shape
    assert {(type(number), float(as_floats(number))) for number in found.ravel()} <= {(Number, 3.0)}
