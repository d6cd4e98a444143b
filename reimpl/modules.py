"""The ``torch.nn`` forms of the losses: constructor, buffers and names are torch's, the sum is done by the function.

Rules kept here: a module adds no arithmetic; ``loss`` names the function that it calls.
"""

from typing import ClassVar

import torch
from typing_extensions import deprecated

import reimpl
from reimpl._array import Array, Labels
from reimpl._reduction import legacy


class _Loss(torch.nn.Module):
    loss: ClassVar[str]

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = legacy(reduction, size_average, reduce)

    def _called(self, input: Array, target: Array, **options: object) -> Array:
        return getattr(reimpl, self.loss)(input, target, reduction=self.reduction, **options)


class _WeightedLoss(_Loss):
    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """The module of ``l1_loss``, without its ``weight``."""

    loss = "l1_loss"

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target)


class MSELoss(_Loss):
    """The module of ``mse_loss``, without its ``weight``."""

    loss = "mse_loss"

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target)


class SmoothL1Loss(_Loss):
    """The module of ``smooth_l1_loss``."""

    loss = "smooth_l1_loss"

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, beta=self.beta)


class HuberLoss(_Loss):
    """The module of ``huber_loss``, without its ``weight``; refuses a ``delta`` that is not a plain number."""

    loss = "huber_loss"

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, float | int):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, delta=self.delta)


class NLLLoss(_WeightedLoss):
    """The module of ``nll_loss``."""

    loss = "nll_loss"

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Array, target: Labels) -> Array:
        return self._called(input, target, weight=self.weight, ignore_index=self.ignore_index)


@deprecated("`NLLLoss2d` is deprecated: `NLLLoss` takes its inputs too.", category=FutureWarning)
class NLLLoss2d(NLLLoss):
    """The old name of ``NLLLoss`` for images."""

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(_WeightedLoss):
    """The module of ``cross_entropy``."""

    loss = "cross_entropy"

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Array, target: Labels) -> Array:
        options = {"ignore_index": self.ignore_index, "label_smoothing": self.label_smoothing}
        return self._called(input, target, weight=self.weight, **options)


class BCELoss(_WeightedLoss):
    """The module of ``binary_cross_entropy``."""

    loss = "binary_cross_entropy"

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, weight=self.weight)


class BCEWithLogitsLoss(_Loss):
    """The module of ``binary_cross_entropy_with_logits``."""

    loss = "binary_cross_entropy_with_logits"

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Array | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, weight=self.weight, pos_weight=self.pos_weight)


class Sigmoid(torch.nn.Module):
    """The module of ``sigmoid``."""

    loss = "sigmoid"

    def forward(self, input: Array) -> Array:
        return reimpl.sigmoid(input)


class LogSigmoid(torch.nn.Module):
    """The module of ``logsigmoid``."""

    loss = "logsigmoid"

    def forward(self, input: Array) -> Array:
        return reimpl.logsigmoid(input)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The module of ``multilabel_soft_margin_loss``."""

    loss = "multilabel_soft_margin_loss"

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, weight=self.weight)


class KLDivLoss(_Loss):
    """The module of ``kl_div``."""

    loss = "kl_div"

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, log_target=self.log_target)


class PoissonNLLLoss(_Loss):
    """The module of ``poisson_nll_loss``."""

    loss = "poisson_nll_loss"

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Array, target: Array) -> Array:
        return self._called(log_input, target, log_input=self.log_input, full=self.full, eps=self.eps)
