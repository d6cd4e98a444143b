"""The bugs that shipped in real losses and passed their suites, planted one by one; the cases must kill each.

Every entry names its class and where it was seen. Most are torch's own function with one thing wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.losses import Subject

Function = Callable[..., Any]
Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class Named:
    """``function`` stands for ``loss``; ``seen`` says where somebody shipped it."""

    name: str
    seen: str
    loss: str
    function: Function

    @property
    def subject(self) -> Subject:
        losses = {name: getattr(F, name) for name in dir(F)}
        return Subject(self.name, SimpleNamespace(**{**losses, self.loss: self.function}), forms=torch.nn)


class _Backward(torch.autograd.Function):
    """A right value whose backward multiplies the right gradient by ``rule(upstream)``."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, rule: Function) -> Tensor:
        ctx.rule = rule
        return value.clone()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        return ctx.rule(upstream), None


def _upstream(loss: str, rule: Function) -> Function:
    return lambda *a, **k: _Backward.apply(getattr(F, loss)(*a, **k), rule)


def _after(loss: str, change: Function) -> Function:
    return lambda *a, **k: change(getattr(F, loss)(*a, **k))


def _with(loss: str, **changed: Function) -> Function:
    """torch's function with some of its options put through a function."""

    def altered(*a: Any, **k: Any) -> Any:
        return getattr(F, loss)(*a, **{**k, **{name: rule(k[name]) for name, rule in changed.items() if name in k}})

    return altered


def _on_input(loss: str, change: Function) -> Function:
    return lambda input, *a, **k: getattr(F, loss)(change(input), *a, **k)


def _on_target(loss: str, change: Function) -> Function:
    return lambda input, target, *a, **k: getattr(F, loss)(input, change(target), *a, **k)


def _total(loss: str, total: Function) -> Function:
    """torch's elementwise loss, reduced by ``total(unreduced, reduction)``."""

    def reduced(*a: Any, **k: Any) -> Any:
        word = k.get("reduction", "mean")
        if word not in ("mean", "sum") or k.get("reduce") is not None or k.get("size_average") is not None:
            return getattr(F, loss)(*a, **k)
        return total(getattr(F, loss)(*a, **{**k, "reduction": "none"}), word)

    return reduced


def _by_count(unreduced: Tensor, word: str) -> Tensor:
    return unreduced.mean() if word == "mean" else unreduced.sum()


def _sum_in_own_dtype(unreduced: Tensor, word: str) -> Tensor:
    total = unreduced.sum()
    return total / unreduced.numel() if word == "mean" else total


def _without_tail(unreduced: Tensor, word: str) -> Tensor:
    """A vector loop of eight that forgets the elements left over."""
    flat = unreduced.flatten()
    kept = flat[: max(flat.numel() // 8 * 8, 1)] if flat.numel() > 8 else flat
    return kept.sum() / unreduced.numel() if word == "mean" else kept.sum()


def _smoothing_without(*dropped: str) -> Function:
    """The evenly spread part of the target computed without some of the arguments."""

    def smoothed(input: Tensor, target: Tensor, **k: Any) -> Tensor:
        epsilon = k.get("label_smoothing", 0.0)
        if not epsilon > 0 or target.is_floating_point():
            return F.cross_entropy(input, target, **k)
        sharp = F.cross_entropy(input, target, **{**k, "label_smoothing": 0.0})
        rest = {name: value for name, value in k.items() if name not in dropped}
        shown = target.where(target != k.get("ignore_index", -100), 0) if "ignore_index" in dropped else target
        even = F.cross_entropy(input, shown, **{**rest, "label_smoothing": 1.0})
        return (1 - epsilon) * sharp + epsilon * even

    return smoothed


def _masked_by_product(input: Tensor, target: Tensor, **k: Any) -> Tensor:
    """An ignored row times 0, which is NaN where the row is."""
    if k.get("reduction") != "none" or target.is_floating_point() or input.ndim < 2:
        return F.cross_entropy(input, target, **k)
    ignored = target == k.get("ignore_index", -100)
    rest = {name: value for name, value in k.items() if name != "ignore_index"}
    return F.cross_entropy(input, target.where(~ignored, 0), **rest) * ~ignored


def _weight_of_ignored(input: Tensor, target: Tensor, **k: Any) -> Tensor:
    """The mean's divisor counts the weights of ignored rows, taken from class 0."""
    weight = k.get("weight")
    if weight is None or k.get("reduction", "mean") != "mean" or input.ndim < 2:
        return F.nll_loss(input, target, **k)
    total = F.nll_loss(input, target, **{**k, "reduction": "sum"})
    return total / weight[target.where(target != k.get("ignore_index", -100), 0)].sum()


def _true_class_rounded_early(input: Tensor, target: Tensor, *a: Any, **k: Any) -> Tensor:
    """The true class's softmax rounded to bfloat16 before 1 is taken from it. In float32: in halves torch itself takes
    the softmax from a rounded logarithm, and is as wrong."""
    plain = not a and set(k) <= {"reduction"} and input.ndim == 2 and not target.is_floating_point()
    if not plain or input.dtype != torch.float32:
        return F.cross_entropy(input, target, *a, **k)

    class Early(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return F.cross_entropy(x, target, **k)

        @staticmethod
        def backward(ctx: Any, upstream: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            chosen, soft = F.one_hot(target, x.shape[1]).bool(), x.softmax(1)
            slope = soft.where(~chosen, soft.bfloat16().float() - 1)
            scale = {"mean": upstream / x.shape[0], "sum": upstream}.get(k.get("reduction", "mean"))
            return slope * (upstream[:, None] if scale is None else scale)

    return Early.apply(input)


def _quadratic_only(input: Tensor, target: Tensor, **k: Any) -> Tensor:
    return F.huber_loss(input, target, **{**k, "delta": 1e30})


def _not_scaled_by_delta(input: Tensor, target: Tensor, **k: Any) -> Tensor:
    """Smooth L1 under Huber's name."""
    delta = k.pop("delta", 1.0)
    return F.huber_loss(input, target, delta=delta, **k) / delta


def _scaled_by_beta(input: Tensor, target: Tensor, **k: Any) -> Tensor:
    """Huber under smooth L1's name."""
    beta = k.get("beta", 1.0)
    return F.smooth_l1_loss(input, target, **k) * (beta if beta > 0 else 1)


def _slope_one_at_ties(input: Tensor, target: Tensor, *a: Any, **k: Any) -> Tensor:
    if a or set(k) - {"reduction"}:
        return F.l1_loss(input, target, *a, **k)
    error = input - target
    loss = torch.where(error >= 0, error, -error)
    return {"mean": torch.mean, "sum": torch.sum}.get(k.get("reduction", "mean"), lambda x: x)(loss)


def _without_maximum(input: Tensor, dim: int | None = None, *a: Any, **k: Any) -> Tensor:
    if dim is None or input.ndim == 0 or not input.is_floating_point():
        return F.log_softmax(input, dim, *a, **k)
    return input - input.exp().sum(dim, keepdim=True).log()


def _maximum_given_back(input: Tensor, dim: int | None = None, *a: Any, **k: Any) -> Tensor:
    """x - (m + log Σ exp(x - m)): the sum with m rounds the logarithm away where m is large."""
    if dim is None or input.ndim == 0 or not input.is_floating_point():
        return F.log_softmax(input, dim, *a, **k)
    return input - input.logsumexp(dim, keepdim=True)


def _zero_times_infinity(input: Tensor, target: Tensor, *a: Any, **k: Any) -> Tensor:
    """A probability of 0 for a class that cannot be counts as 0, not NaN."""
    if target.is_floating_point():
        input = input.where((target != 0) | ~torch.isneginf(input), -1e4)
    return F.cross_entropy(input, target, *a, **k)


def _target_clamped(input: Tensor, target: Tensor, *a: Any, **k: Any) -> Tensor:
    """A label outside the classes quietly becomes the nearest one."""
    if not target.is_floating_point() and input.ndim > 1:
        target = target.where(target == k.get("ignore_index", -100), target.clamp(0, input.shape[1] - 1))
    return F.cross_entropy(input, target, *a, **k)


def _weight_quietly_constant(input: Tensor, target: Tensor, weight: Tensor | None = None, **k: Any) -> Tensor:
    return F.nll_loss(input, target, None if weight is None else weight.detach(), **k)


def _broadcasting(input: Tensor, target: Tensor, *a: Any, **k: Any) -> Tensor:
    try:
        return F.binary_cross_entropy(*torch.broadcast_tensors(input, target), *a, **k)
    except RuntimeError:
        return F.binary_cross_entropy(input, target, *a, **k)


def _no_nan(x: Tensor) -> Tensor:
    return x.nan_to_num(nan=0.0, posinf=torch.inf, neginf=-torch.inf) if x.is_floating_point() else x


def _read_in_a_row(x: Tensor) -> Tensor:
    return x.as_strided(x.shape, torch.empty(x.shape).stride(), x.storage_offset())


def _padding_skipped(target: Tensor) -> Tensor:
    """A -1 is passed over, where it should end the row."""
    return target.gather(-1, (target < 0).long().argsort(dim=-1, stable=True))


NAMED = (
    Named("upstream_ignored", "pytorch 27039, 94226", "nll_loss", _upstream("nll_loss", torch.ones_like)),
    Named("upstream_ignored_too", "Liger 680, 968", "cross_entropy", _upstream("cross_entropy", torch.ones_like)),
    Named("upstream_sign_only", "a loss that passed gradcheck", "smooth_l1_loss",
          _upstream("smooth_l1_loss", torch.sign)),
    Named("upstream_misbroadcast", "pytorch 94226", "cross_entropy",
          _upstream("cross_entropy", lambda g: g.mean().expand_as(g))),
    Named("mean_over_rows_without_weights", "pytorch 69511", "nll_loss", _total("nll_loss", _by_count)),
    Named("mean_over_elements_without_weights", "torch-mlir 3585", "l1_loss", _total("l1_loss", _by_count)),
    Named("weight_of_ignored_rows_counted", "pytorch 73205", "nll_loss", _weight_of_ignored),
    Named("ignored_row_leaks_nan", "pytorch 20406", "cross_entropy", _masked_by_product),
    Named("smoothing_without_weight", "pytorch 69339", "cross_entropy", _smoothing_without("weight")),
    Named("smoothing_of_ignored_rows", "pytorch 72056", "cross_entropy", _smoothing_without("ignore_index")),
    Named("none_returns_scalar", "Liger 421", "cross_entropy",
          _after("cross_entropy", torch.mean)),
    Named("none_flattened", "Liger 421", "mse_loss", _after("mse_loss", lambda x: x.flatten() if x.ndim else x)),
    Named("true_class_rounded_early", "Liger 1329", "cross_entropy", _true_class_rounded_early),
    Named("linear_zone_missing", "KernelBench 96", "huber_loss", _quadratic_only),
    Named("clamp_missing", "KernelBench 100", "binary_cross_entropy",
          _on_input("binary_cross_entropy", lambda x: x.clamp(1e-7, 1 - 1e-7))),
    Named("delta_scale_missing", "pytorch 48595", "huber_loss", _not_scaled_by_delta),
    Named("beta_scale_too_much", "Paddle is_huber", "smooth_l1_loss", _scaled_by_beta),
    Named("slope_at_a_tie", "pytorch 185517, 2298", "l1_loss", _slope_one_at_ties),
    Named("sum_overflows_in_half", "tinygrad 17445", "mse_loss", _total("mse_loss", _sum_in_own_dtype)),
    Named("exp_overflows", "optax 1792", "log_softmax", _without_maximum),
    Named("offset_rounds_digits_away", "pytorch 2221", "log_softmax", _maximum_given_back),
    Named("masked_class_made_finite", "optax 896", "cross_entropy",
          _on_input("cross_entropy", lambda x: x.clamp(min=-1e4))),
    Named("zero_times_infinity", "optax 1762", "cross_entropy", _zero_times_infinity),
    Named("float32_for_halves", "pytorch 197098", "cross_entropy",
          _after("cross_entropy", lambda x: x.float() if x.dtype in (torch.float16, torch.bfloat16) else x)),
    Named("dtype_of_the_input_only", "xla", "smooth_l1_loss",
          lambda input, *a, **k: F.smooth_l1_loss(input, *a, **k).to(input.dtype)),
    Named("label_out_of_range_accepted", "pytorch 193757", "cross_entropy", _target_clamped),
    Named("probabilities_out_of_range_accepted", "keras 23661", "binary_cross_entropy",
          _on_input("binary_cross_entropy", lambda x: x.clamp(0, 1))),
    Named("other_shapes_accepted", "keras 23661", "binary_cross_entropy", _broadcasting),
    Named("negative_beta_accepted", "pytorch 193757", "smooth_l1_loss", _with("smooth_l1_loss", beta=abs)),
    Named("weight_quietly_without_gradient", "PaddleAPITest 267", "nll_loss", _weight_quietly_constant),
    Named("nan_in_input_swallowed", "keras 23661", "mse_loss", _on_input("mse_loss", _no_nan)),
    Named("nan_in_target_swallowed", "keras 23661", "huber_loss", _on_target("huber_loss", _no_nan)),
    Named("nan_in_logits_swallowed", "keras 23661", "binary_cross_entropy_with_logits",
          _on_input("binary_cross_entropy_with_logits", _no_nan)),
    Named("nan_in_weight_swallowed", "keras 23661", "l1_loss",
          _with("l1_loss", weight=lambda w: None if w is None else _no_nan(w))),
    Named("vector_tail_forgotten", "pytorch 55657, 70417", "mse_loss", _total("mse_loss", _without_tail)),
    Named("padding_marker_skipped", "pytorch 141017, 185464", "multilabel_margin_loss",
          _on_target("multilabel_margin_loss", _padding_skipped)),
    Named("strided_view_read_in_a_row", "pytorch 70417", "nll_loss", _on_input("nll_loss", _read_in_a_row)),
)  # fmt: skip
