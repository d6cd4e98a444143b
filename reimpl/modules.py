"""The ``torch.nn`` forms of the losses: constructor, buffers and names are torch's, the sum is done by the function.

Rules kept here: a module adds no arithmetic; ``loss`` names the function that it calls.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import ClassVar, NamedTuple

import torch
from typing_extensions import deprecated

import reimpl
from reimpl._array import Array, Labels, entries
from reimpl._chunks import LinearCrossEntropyOptions
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


class LinearCrossEntropyLoss(_WeightedLoss):
    """The module of ``linear_cross_entropy``. It owns the layer, as a plain one of C · d1 · … outputs."""

    loss = "linear_cross_entropy"
    __constants__: ClassVar[list[str]] = ["num_classes", "out_features", "reduction", "ignore_index", "label_smoothing"]

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
        weight: Array | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(f"expected weight of shape {(num_classes,)}, got {tuple(weight.shape)}")
        if label_smoothing < 0 or label_smoothing > 1:
            raise RuntimeError(f"expected label_smoothing in [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = torch.nn.Linear(in_features, prod(out_features, start=num_classes), bias, device, dtype)
        self.options = options

    def forward(self, input: Array, target: Labels) -> Array:
        shape, bias = (self.num_classes, *self.out_features), self.linear.bias
        return reimpl.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        names = ("num_classes", "out_features", "bias", "reduction", "ignore_index", "label_smoothing", "options")
        said = {**vars(self), "bias": self.linear.bias is not None}
        return ", ".join([f"in_features={self.linear.in_features}", *(f"{name}={said[name]}" for name in names)])


class _ASMoutput(NamedTuple):
    output: torch.Tensor
    loss: torch.Tensor


class AdaptiveLogSoftmaxWithLoss(torch.nn.Module):
    """Softmax over classes sorted by how often they occur, the rare ones in clusters whose layers have fewer features.

    With h = log_softmax(head(x)) and t_i = log_softmax(tail_i(x)), for a class c in the shortlist or in cluster i::

        log p(c | x) = h_c                                  c < cutoffs[0]
                     = h_(cutoffs[0] + i) + t_i,(c - cutoffs[i])      cutoffs[i] <= c < cutoffs[i + 1]
        loss         = -mean log p(target | x)

    Rows see the layers of their own cluster only: where no row is of one, its parameters get no gradient. The layers
    are torch's own, and so are their names; torch has no function of this loss.

    Raises:
        ValueError: cutoffs are not sorted, different whole numbers from 1 to n_classes - 1, or there are none.
        RuntimeError: a shape does not fit, or a target is no class.
    References:
        Grave et al., Efficient softmax approximation for GPUs, ICML 2017.

    >>> AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs=[4, 10])(torch.ones(2, 16), torch.tensor([1, 15])).output.shape
    torch.Size([2])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs or any(int(c) != c for c in cutoffs) or cutoffs != sorted(set(cutoffs)):
            raise ValueError(f"cutoffs takes whole numbers, each greater than the one before, not {cutoffs}")
        if cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1:
            raise ValueError(f"cutoffs takes numbers from 1 to n_classes - 1 = {n_classes - 1}, not {cutoffs}")
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = torch.nn.Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = torch.nn.ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            width = int(in_features // div_value ** (i + 1))
            sizes = pairwise((in_features, width, high - low))
            self.tail.append(torch.nn.Sequential(*(torch.nn.Linear(n, m, False, device, dtype) for n, m in sizes)))

    def reset_parameters(self) -> None:
        for layer in (self.head, *(layer for layers in self.tail for layer in layers)):
            layer.reset_parameters()

    def forward(self, input_: torch.Tensor, target_: torch.Tensor) -> _ASMoutput:
        self._check(input_, target_)
        input, target = (input_, target_.long()) if target_.ndim else (input_[None], target_[None].long())
        cluster = sum((target >= cutoff for cutoff in self.cutoffs[:-1]), start=torch.zeros_like(target))
        rows = [torch.nonzero(cluster == i)[:, 0] for i in range(self.n_clusters + 1)]
        within = [input.new_zeros(len(rows[0]))]
        for i, (layers, own) in enumerate(zip(self.tail, rows[1:], strict=True)):
            if len(own):
                rare = reimpl.log_softmax(layers(input[own]), dim=1)
                within.append(entries(rare, target[own] - self.cutoffs[i], 1))
        place = torch.where(cluster == 0, target, self.shortlist_size - 1 + cluster)
        output = torch.cat(within)[torch.argsort(torch.cat(rows))]
        output = output + entries(reimpl.log_softmax(self.head(input), dim=1), place, 1)
        loss = -output.mean()
        return _ASMoutput(output if target_.ndim else output[0], loss)

    def _check(self, input: torch.Tensor, target: torch.Tensor) -> None:
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target.ndim == 1 and input.shape[0] != target.shape[0]:
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.ndim != target.ndim + 1:
            raise RuntimeError(
                f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, not one of {input.shape}"
            )
        if target.numel() and not ((target >= 0) & (target < self.n_classes)).all():
            found = f"[{target.min().item()}, {target.max().item()}]"
            raise RuntimeError(f"Target values should be in [0, {self.n_classes - 1}], but are in {found}")
        if target.dtype not in (torch.int32, torch.int64):
            raise RuntimeError(f"Expected a target of int32 or int64, not {target.dtype}")

    def log_prob(self, input: torch.Tensor) -> torch.Tensor:
        """The logarithm of the probability of every class, shape (N, n_classes)."""
        return self._log_prob(input, self.head(input))

    def _log_prob(self, input: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        first = reimpl.log_softmax(head, dim=1)
        common, clusters = first[:, : self.shortlist_size], first[:, self.shortlist_size :]
        rare = (reimpl.log_softmax(layers(input), dim=1) for layers in self.tail)
        return torch.cat([common, *(r + c[:, None] for r, c in zip(rare, clusters.T, strict=True))], dim=1)

    def predict(self, input: torch.Tensor) -> torch.Tensor:
        """The likeliest class of each row, shape (N); the clusters are looked into where they are likelier at first."""
        head = self.head(input)
        best = head.argmax(dim=1)
        rare = best >= self.shortlist_size
        if rare.any():
            best[rare] = self._log_prob(input[rare], head[rare]).argmax(dim=1)
        return best


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
