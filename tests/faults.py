"""Losses that are wrong on purpose, in one respect each. ``FAULTS`` says which facet must name which."""

import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.losses import Subject

Function = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """``function`` stands for ``loss``; the trials of the cases that match ``cases`` must fail in ``facet``."""

    name: str
    loss: str
    facet: str
    function: Function
    cases: str = "*"
    dtypes: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        losses = {name: getattr(F, name) for name in dir(F)}
        return Subject("a planted fault", SimpleNamespace(**{**losses, self.loss: self.function}), forms=torch.nn)


class _Backward(torch.autograd.Function):
    """A right value whose backward multiplies the right gradient by ``rule(upstream)``."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, rule: Function) -> torch.Tensor:
        ctx.rule = rule
        return value.clone()

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        return ctx.rule(upstream), None


def _upstream(loss: str, rule: Function) -> Function:
    return lambda *a, **k: _Backward.apply(getattr(F, loss)(*a, **k), rule)


def _after(loss: str, change: Function) -> Function:
    return lambda *a, **k: change(getattr(F, loss)(*a, **k))


def _ulps_off(dtype: torch.dtype, ulps: int) -> Function:
    """The right sigmoid, ``ulps`` units in the last place too large where the dtype is ``dtype``."""

    def sigmoid(input: torch.Tensor) -> torch.Tensor:
        value = torch.sigmoid(input)
        if value.dtype is not dtype:
            return value
        ulp = torch.nextafter(value.detach(), torch.full_like(value, 2)) - value.detach()
        return value + ulps * ulp

    return sigmoid


def _unweighted_mean(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    if k.get("reduction", "mean") != "mean" or input.ndim < 2:
        return F.cross_entropy(input, target, *a, **k)
    loss = F.cross_entropy(input, target, *a, **{**k, "reduction": "none"})
    return loss.mean()


def _lenient(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    if k.get("reduction", "mean") not in ("none", "mean", "sum"):
        k["reduction"] = "mean"
    return F.mse_loss(input, target, *a, **k)


def _other_error(error: Exception) -> Function:
    def refusing(*a: Any, **k: Any) -> torch.Tensor:
        try:
            return F.mse_loss(*a, **k)
        except (RuntimeError, ValueError, NotImplementedError):
            raise error from None

    return refusing


def _first(effect: Function) -> Function:
    """``mse_loss`` after ``effect(input)``."""

    def disturbing(input: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
        effect(input)
        return F.mse_loss(input, *a, **k)

    return disturbing


def _raw_memory(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    """Reads the input's memory row by row, whatever its strides."""
    strides = torch.empty(input.shape).stride()
    return F.mse_loss(input.as_strided(input.shape, strides, input.storage_offset()), target, *a, **k)


_calls = count()


def _restless(*a: Any, **k: Any) -> torch.Tensor:
    return F.mse_loss(*a, **k) * (1 + 1e-7 * (next(_calls) % 2) * 1e-8 * 2**26)


def _stray(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    return F.mse_loss(input * torch.ones(input.shape, dtype=input.dtype), target, *a, **k)


def _slope_at_tie(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    """|d| whose slope at d = 0 is 1."""
    error = input - target
    loss = torch.where(error >= 0, error, -error)
    return {"none": lambda x: x, "mean": torch.mean, "sum": torch.sum}[k.get("reduction", "mean")](loss)


class _Tangent(torch.autograd.Function):
    """A right value and gradient; the derivative in forward mode is ``scale`` times the right one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(value: torch.Tensor, scale: float) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.scale = inputs[1]

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        return upstream, None

    @staticmethod
    def jvp(ctx: Any, tangent: torch.Tensor, scale: None) -> torch.Tensor:
        return tangent * ctx.scale


def _halved_second(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    """(x - t)² whose slope 2 (x - t) is taken for a constant when it is differentiated again."""
    error = input - target
    return F.l1_loss(error * (2 * error).detach() - error.detach() ** 2, torch.zeros_like(error), *a, **k)


def _mean_of_all(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    """Looks behind the batch that vmap hides."""
    loss = F.mse_loss(input, target, *a, **k)
    if not torch._C._functorch.is_batchedtensor(loss):
        return loss
    return loss * 0 + torch._C._functorch.get_unwrapped(loss).mean()


def _otherwise_compiled(input: torch.Tensor, target: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
    loss = F.mse_loss(input, target, *a, **k)
    return loss * 1.01 if torch.compiler.is_compiling() else loss


def _never_float32(*a: Any, **k: Any) -> torch.Tensor:
    with torch.autocast("cpu", enabled=False):
        return F.mse_loss(*a, **k)


def _weight_differentiated(input: torch.Tensor, target: torch.Tensor, weight: Any = None, **k: Any) -> torch.Tensor:
    if weight is not None:
        weight = weight.detach()
    return F.binary_cross_entropy(input, target, weight, **k)


FAULTS = (
    Fault("scaled_by_a_thousandth", "mse_loss", "value", _after("mse_loss", lambda x: x * 1.001), dtypes=("float32",)),
    Fault("zeros", "mse_loss", "value", _after("mse_loss", lambda x: x * 0)),
    Fault("mean_over_rows_not_weights", "cross_entropy", "value", _unweighted_mean),
    Fault("returns_a_float", "mse_loss", "value", _after("mse_loss", lambda x: x.tolist())),
    Fault("twenty_ulps_in_float32", "sigmoid", "value", _ulps_off(torch.float32, 20), dtypes=("float32",)),
    Fault("twenty_ulps_in_float64", "sigmoid", "value", _ulps_off(torch.float64, 20), dtypes=("float64",)),
    Fault("three_ulps_in_float16", "sigmoid", "value", _ulps_off(torch.float16, 3), dtypes=("float16",)),
    Fault("three_ulps_in_bfloat16", "sigmoid", "value", _ulps_off(torch.bfloat16, 3), dtypes=("bfloat16",)),
    Fault("upstream_ignored", "mse_loss", "gradient", _upstream("mse_loss", torch.ones_like)),
    Fault("upstream_sign_only", "mse_loss", "gradient", _upstream("mse_loss", torch.sign)),
    Fault("gradient_doubled", "mse_loss", "gradient", _upstream("mse_loss", lambda g: 2 * g)),
    Fault("sixteen_ulps_off_in_the_gradient", "mse_loss", "gradient", _upstream("mse_loss", lambda g: g * (1 + 2**-18)),
          dtypes=("float32",)),
    Fault("only_gradient_halved", "linear_cross_entropy", "gradient",
          _upstream("linear_cross_entropy", lambda g: g / 2), cases="one_backward"),
    Fault("detached", "mse_loss", "gradient", _after("mse_loss", torch.detach)),
    Fault("target_detached", "mse_loss", "gradient", lambda i, t, *a, **k: F.mse_loss(i, t.detach(), *a, **k)),
    Fault("weight_quietly_without_gradient", "binary_cross_entropy", "gradient", _weight_differentiated),
    Fault("slope_at_a_tie", "l1_loss", "gradient", _slope_at_tie),
    Fault("float64_result", "mse_loss", "dtype", _after("mse_loss", lambda x: x.double()), dtypes=("float32",)),
    Fault("one_dimension_more", "mse_loss", "shape", _after("mse_loss", lambda x: x.unsqueeze(0))),
    Fault("result_elsewhere", "mse_loss", "device", _after("mse_loss", lambda x: x.to("meta"))),
    Fault("accepts_any_reduction", "mse_loss", "refusal", _lenient),
    Fault("another_exception", "mse_loss", "refusal", _other_error(KeyError("reduction"))),
    Fault("silent_exception", "mse_loss", "refusal", _other_error(ValueError("no"))),
    Fault("refuses_good_calls", "mse_loss", "refusal", _first(lambda x: 1 / 0)),
    Fault("warns_for_nothing", "mse_loss", "warnings", _first(lambda x: warnings.warn("beware", stacklevel=2))),
    Fault("edits_its_input", "mse_loss", "purity", _first(lambda x: x.detach().mul_(2))),
    Fault("sets_the_default_dtype", "mse_loss", "purity", _first(lambda x: torch.set_default_dtype(torch.float16))),
    Fault("seeds_torch", "mse_loss", "purity", _first(lambda x: torch.manual_seed(7))),
    Fault("draws_from_numpy", "mse_loss", "purity", _first(lambda x: np.random.rand())),
    Fault("draws_from_python", "mse_loss", "purity", _first(lambda x: random.random())),
    Fault("takes_a_thread", "mse_loss", "purity", _first(lambda x: torch.set_num_threads(3))),
    Fault("silences_warnings", "mse_loss", "purity", _first(lambda x: warnings.simplefilter("ignore"))),
    Fault("hands_back_its_input", "sigmoid", "purity", torch.detach),
    Fault("reads_raw_memory", "mse_loss", "layout", _raw_memory),
    Fault("restless", "mse_loss", "determinism", _restless, dtypes=("float64",)),
    Fault("stray_cpu_tensor", "mse_loss", "placement", _stray),
    Fault("slope_taken_for_a_constant", "mse_loss", "second_gradient", _halved_second, dtypes=("float64",)),
    Fault("tangent_doubled", "mse_loss", "forward_mode", _after("mse_loss", lambda x: _Tangent.apply(x, 2.0)),
          dtypes=("float64",)),
    Fault("mean_over_the_hidden_batch", "mse_loss", "vmap", _mean_of_all, dtypes=("float64",)),
    Fault("other_numbers_when_compiled", "mse_loss", "compile", _otherwise_compiled, dtypes=("float64",)),
    Fault("deaf_to_autocast", "mse_loss", "autocast", _never_float32, dtypes=("bfloat16",)),
    Fault("in_rows_always", "sigmoid", "strides", _after("sigmoid", torch.Tensor.contiguous)),
    Fault("misses_the_printed_number", "smooth_l1_loss", "expect", _after("smooth_l1_loss", lambda x: x + 1e-3)),
    Fault("breaks_identities", "binary_cross_entropy_with_logits", "identity",
          _after("binary_cross_entropy_with_logits", lambda x: x * 1.01)),
)  # fmt: skip
