"""Refusals: what torch raises, and where a check steps aside."""

import pytest
import torch
from torch.nn import functional

import reimpl

X = torch.tensor([[0.3, -1.2, 2.0], [1.5, 0.25, -0.5]])
P = torch.sigmoid(X)
Y = torch.tensor([2, 0])
W = torch.ones(3, requires_grad=True)
REFUSALS = {
    "class too great": ("cross_entropy", (X, Y + 1), {}, IndexError, "Target 3 is out of bounds"),
    "class negative": ("nll_loss", (X, Y - 1), {}, IndexError, "Target -1 is out of bounds"),
    "int32 label": ("cross_entropy", (X, Y.int()), {}, RuntimeError, "expected target dtype to be Long or Byte.*Int"),
    "float label": ("nll_loss", (X, Y.float()), {}, RuntimeError, "Long or Byte, but got Float"),
    "int probabilities": ("cross_entropy", (X, X.long()), {}, RuntimeError, "Expected floating point type"),
    "smoothing": ("cross_entropy", (X, Y), {"label_smoothing": 1.5}, RuntimeError, "label_smoothing"),
    "ignored probabilities": ("cross_entropy", (X, P), {"ignore_index": 0}, RuntimeError, "ignore_index"),
    "batch": ("cross_entropy", (X, Y[:1]), {}, ValueError, "batch_size"),
    "class weight shape": ("nll_loss", (X, Y, torch.ones(2)), {}, RuntimeError, "weight tensor should be defined"),
    "class weight dtype": ("nll_loss", (X, Y, W.detach().double()), {}, RuntimeError, "expected"),
    "bytes per pixel": ("nll_loss", (X[None], Y[:1].byte() * torch.ones(1, 3).byte()), {}, RuntimeError, "Long.*Byte"),
    "smoothed bytes": (
        "cross_entropy",
        (X, Y.byte(), W.detach()),
        {"label_smoothing": 0.1},
        RuntimeError,
        "dtype int32/int64 for index",
    ),
    "smoothed target of one": (
        "cross_entropy",
        (X[0], Y[:1]),
        {"label_smoothing": 0.1},
        RuntimeError,
        "doesn't match the broadcast shape",
    ),
    "ignored float": ("cross_entropy", (X, Y), {"ignore_index": 1.0}, TypeError, "'ignore_index'.*int, not float"),
    "ignored None": ("nll_loss", (X, Y), {"ignore_index": None}, TypeError, "'ignore_index'.*int, not NoneType"),
    "class weight gradient": ("cross_entropy", (X, Y, W), {}, RuntimeError, "not differentiable.*'weight'"),
    "BCE above 1": ("binary_cross_entropy", (P + 1, P), {}, RuntimeError, "input should be between 0 and 1"),
    "BCE NaN": ("binary_cross_entropy", (P, P * torch.nan), {}, RuntimeError, "target should be between 0 and 1"),
    "BCE size": ("binary_cross_entropy", (P, P[0]), {}, ValueError, "target size"),
    "BCE dtype": ("binary_cross_entropy", (P, P.double()), {}, RuntimeError, "dtype"),
    "BCE whole input": ("binary_cross_entropy", (Y, Y.float()), {}, RuntimeError, "dtype"),
    "BCE weight": ("binary_cross_entropy", (P, P, W), {}, RuntimeError, "not differentiable.*'weight'"),
    "logits size": ("binary_cross_entropy_with_logits", (X, P[0]), {}, ValueError, "must be the same as input size"),
    "logits pos_weight": (
        "binary_cross_entropy_with_logits",
        (X, P),
        {"pos_weight": W},
        RuntimeError,
        "not differentiable.*'pos_weight'",
    ),
    "logits enlarged": (
        "binary_cross_entropy_with_logits",
        (X, P, torch.ones(4, 2, 3)),
        {},
        RuntimeError,
        "doesn't match the broadcast shape",
    ),
    "beta": ("smooth_l1_loss", (X, X), {"beta": -1.0}, RuntimeError, "beta"),
    "beta NaN": ("smooth_l1_loss", (X, X), {"beta": torch.nan}, RuntimeError, "beta"),
    "delta": ("huber_loss", (X, X), {"delta": 0.0}, RuntimeError, "delta"),
    "weight size": ("l1_loss", (X, X), {"weight": X[0]}, ValueError, "same size"),
    "whole numbers": ("mse_loss", (Y, Y), {}, NotImplementedError, "mse"),
    "axis": ("softmax", (X,), {"dim": 2}, IndexError, "Dimension out of range"),
    "axis of a float": ("softmax", (X,), {"dim": 1.0}, TypeError, "'dim'.*int, not float"),
    "axis of a bool": ("log_softmax", (X,), {"dim": True}, TypeError, "'dim'.*int, not bool"),
    "margin of a text": ("margin_ranking_loss", (X, X, X), {"margin": "1"}, TypeError, "'margin'.*float, not str"),
    "hinge of None": ("hinge_embedding_loss", (X, X), {"margin": None}, TypeError, "'margin'.*float, not NoneType"),
    "hinge that overflows": ("hinge_embedding_loss", (X, X), {"margin": 1e300}, RuntimeError, "overflow"),
    "cosine of a text": ("cosine_embedding_loss", (X, X, Y), {"margin": "1"}, TypeError, "'margin'.*float, not str"),
    "floor of a text": ("cosine_similarity", (X, X), {"eps": "1"}, TypeError, "'eps'.*float, not str"),
    "floor before whole numbers": ("cosine_similarity", (Y, Y), {"eps": None}, TypeError, "'eps'.*float, not NoneType"),
    "logistic target": ("soft_margin_loss", (X, W.expand(2, 3)), {}, RuntimeError, "not differentiable.*'target'"),
    "one_hot of a float": ("one_hot", (Y, 2.0), {}, TypeError, "'num_classes'.*int, not float"),
    "one_hot dtype": ("one_hot", (Y.int(),), {}, RuntimeError, "LongTensor"),
    "one_hot negative": ("one_hot", (-Y,), {}, RuntimeError, "non-negative"),
    "one_hot small": ("one_hot", (Y, 2), {}, RuntimeError, "smaller than num_classes"),
}


@pytest.mark.parametrize("module", [reimpl, functional], ids=["reimpl", "torch"])
@pytest.mark.parametrize(("name", "arguments", "options", "error", "match"), REFUSALS.values(), ids=REFUSALS)
def test_refused_like_torch(module, name, arguments, options, error, match):
    with pytest.raises(error, match=match):
        getattr(module, name)(*arguments, **options)


FOREIGN_REFUSALS = {
    "sigmoid labels dtype": ("sigmoid_cross_entropy_with_logits", (P, X.double()), {}, RuntimeError, "Double.*Float"),
    "sigmoid whole": ("sigmoid_cross_entropy_with_logits", (Y, Y), {}, NotImplementedError, "int64"),
    "softmax whole": ("softmax_cross_entropy_with_logits", (P, X.long()), {}, NotImplementedError, "int64"),
    "softmax axis": ("softmax_cross_entropy_with_logits", (P, X, 2), {}, ValueError, "no axis 2 of 2"),
    "softmax axis from the end": ("softmax_cross_entropy_with_logits", (P, X, -2), {}, ValueError, "no axis -2 of 2"),
    "softmax number": ("softmax_cross_entropy_with_logits", (P[0, 0], X[0, 0]), {}, ValueError, "no axis -1 of 0"),
    "softmax labels": ("softmax_cross_entropy_with_logits", (P[None], X), {}, RuntimeError, "broadcast shape"),
}


@pytest.mark.parametrize(
    ("name", "arguments", "options", "error", "match"), FOREIGN_REFUSALS.values(), ids=FOREIGN_REFUSALS
)
def test_refused_where_tensorflow_has_an_exception_of_its_own(name, arguments, options, error, match):
    with pytest.raises(error, match=match):
        getattr(reimpl, name)(*arguments, **options)


def test_degree_of_a_distance_may_be_a_tensor():
    results = []
    for module in (reimpl, functional):
        x = X.clone().requires_grad_()
        value = module.pairwise_distance(x, P, torch.tensor(3.0))
        results.append((value.detach(), *torch.autograd.grad(value.sum(), x)))
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("p", [1.0, 2.0, True, torch.tensor(2)], ids=repr)
def test_degree_of_multi_margin_may_be_any_number_that_is_1_or_2(p):
    assert reimpl.multi_margin_loss(X, Y, p) == reimpl.multi_margin_loss(X, Y, int(p))


@pytest.mark.parametrize("swap", [1, "yes", None, 0], ids=repr)
def test_swap_is_any_truth_where_torch_asks_in_python(swap):
    found, expected = (
        module.triplet_margin_with_distance_loss(X, P, -P, swap=swap, margin=2.0) for module in (reimpl, functional)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcast_warns_and_gives_what_torch_gives(name):
    with pytest.warns(UserWarning, match="Using a target size"):
        found = getattr(reimpl, name)(X, X[0], reduction="none")
    with pytest.warns(UserWarning, match="Using a target size"):
        assert torch.equal(found, getattr(functional, name)(X, X[0], reduction="none"))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_implicit_dimension_warns(name):
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        torch.testing.assert_close(getattr(reimpl, name)(X), getattr(functional, name)(X, dim=1))


def test_weight_that_wants_a_gradient_passes_without_autograd():
    with torch.no_grad():
        torch.testing.assert_close(reimpl.cross_entropy(X, Y, W), functional.cross_entropy(X, Y, W))


def test_range_is_not_looked_at_under_vmap():
    assert torch.func.vmap(reimpl.binary_cross_entropy)(P + 1, P).isnan().all()


def test_huber_has_no_gradient_across_two_types():
    x = X.clone().requires_grad_()
    result = reimpl.huber_loss(x, X.double())
    assert result.dtype == torch.float32
    with pytest.raises(RuntimeError, match="expected"):
        result.backward()


@pytest.mark.parametrize("rows", [[-100, -100], [-100, 1], [0, 1]], ids=["none kept", "one kept", "all kept"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_ignored_rows_have_no_gradient(rows, smoothing):
    results = []
    for module in (reimpl, functional):
        x = X.clone().requires_grad_()
        value = module.cross_entropy(x, torch.tensor(rows), label_smoothing=smoothing)
        results.append((value.detach(), *torch.autograd.grad(value, x)))
    torch.testing.assert_close(*results, equal_nan=True)


def test_no_class_and_no_row_kept_gives_what_torch_gives():
    for_all = (torch.zeros(2, 0), torch.tensor([-100, -100]))
    assert reimpl.cross_entropy(*for_all).isnan()
    assert torch.equal(reimpl.cross_entropy(*for_all, reduction="none"), torch.zeros(2))
    assert torch.equal(reimpl.nll_loss(*for_all, torch.zeros(0), reduction="sum"), torch.zeros(()))
