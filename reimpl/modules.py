"""The ``torch.nn`` forms of the losses: constructor, buffers and names are torch's, the sum is done by the function.

Rules kept here: a module adds no arithmetic; ``loss`` names the function that it calls.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from typing_extensions import deprecated

import reimpl
from reimpl._array import Array, Labels
from reimpl._reduction import legacy
from reimpl._sequences import Lengths


class _Loss(torch.nn.Module):
    loss: ClassVar[str]

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = legacy(reduction, size_average, reduce)

    def _called(self, *arrays: Array, **options: object) -> Array:
        return getattr(reimpl, self.loss)(*arrays, reduction=self.reduction, **options)


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


class MarginRankingLoss(_Loss):
    """The module of ``margin_ranking_loss``."""

    loss = "margin_ranking_loss"

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Array:
        return self._called(input1, input2, target, margin=self.margin)


class HingeEmbeddingLoss(_Loss):
    """The module of ``hinge_embedding_loss``."""

    loss = "hinge_embedding_loss"

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target, margin=self.margin)


class SoftMarginLoss(_Loss):
    """The module of ``soft_margin_loss``."""

    loss = "soft_margin_loss"

    def forward(self, input: Array, target: Array) -> Array:
        return self._called(input, target)


class CosineEmbeddingLoss(_Loss):
    """The module of ``cosine_embedding_loss``."""

    loss = "cosine_embedding_loss"

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Array:
        return self._called(input1, input2, target, margin=self.margin)


class CosineSimilarity(torch.nn.Module):
    """The module of ``cosine_similarity``."""

    loss = "cosine_similarity"

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Array, x2: Array) -> Array:
        return reimpl.cosine_similarity(x1, x2, self.dim, self.eps)


class MultiLabelMarginLoss(_Loss):
    """The module of ``multilabel_margin_loss``."""

    loss = "multilabel_margin_loss"

    def forward(self, input: Array, target: Labels) -> Array:
        return self._called(input, target)


class MultiMarginLoss(_WeightedLoss):
    """The module of ``multi_margin_loss``; looks at ``p`` and the axes of ``weight`` itself."""

    loss = "multi_margin_loss"

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"only p == 1 and p == 2 supported, not {p}")
        if weight is not None and len(weight.shape) != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {len(weight.shape)}D")
        self.p = p
        self.margin = margin

    def forward(self, input: Array, target: Labels) -> Array:
        return self._called(input, target, p=self.p, margin=self.margin, weight=self.weight)


class PairwiseDistance(torch.nn.Module):
    """The module of ``pairwise_distance``, whose degree it calls ``norm``."""

    loss = "pairwise_distance"

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Array, x2: Array) -> Array:
        return reimpl.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class _TripletLoss(_Loss):
    def __init__(
        self, margin: float, swap: bool, size_average: bool | None, reduce: bool | None, reduction: str
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"{type(self).__name__}: expected margin to be greater than 0, got {margin}")
        self.margin = margin
        self.swap = swap

    def _measured(self, anchor: Array, positive: Array, negative: Array, **options: object) -> Array:
        options |= {"margin": self.margin, "swap": self.swap, "reduction": self.reduction}
        return getattr(reimpl, self.loss)(anchor, positive, negative, **options)


class TripletMarginLoss(_TripletLoss):
    """The module of ``triplet_margin_loss``; looks at ``margin`` itself."""

    loss = "triplet_margin_loss"

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, swap, size_average, reduce, reduction)
        self.p = p
        self.eps = eps

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Array:
        return self._measured(anchor, positive, negative, p=self.p, eps=self.eps)


class TripletMarginWithDistanceLoss(_TripletLoss):
    """The module of ``triplet_margin_with_distance_loss``; looks at ``margin`` itself, and owns its usual distance."""

    loss = "triplet_margin_with_distance_loss"

    def __init__(
        self,
        *,
        distance_function: Callable[[Array, Array], Array] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, swap, None, None, reduction)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Array:
        return self._measured(anchor, positive, negative, distance_function=self.distance_function)


class GaussianNLLLoss(_Loss):
    """The module of ``gaussian_nll_loss``."""

    loss = "gaussian_nll_loss"

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Array, target: Array, var: Array | float) -> Array:
        return self._called(input, target, var=var, full=self.full, eps=self.eps)


class CTCLoss(_Loss):
    """The module of ``ctc_loss``."""

    loss = "ctc_loss"

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Array, targets: Labels, input_lengths: Lengths, target_lengths: Lengths) -> Array:
        lengths = {"input_lengths": input_lengths, "target_lengths": target_lengths}
        return self._called(log_probs, targets, **lengths, blank=self.blank, zero_infinity=self.zero_infinity)
