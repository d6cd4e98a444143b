"""Words and deprecated spellings of ``reduction``."""

import itertools
import warnings

import pytest
import torch

import reimpl
from reimpl._reduction import reduced

ERROR = torch.tensor([0.5, 3.0, -1.0])
PAIRS = [pair for pair in itertools.product([None, True, False], repeat=2) if pair != (None, None)]


@pytest.mark.parametrize(("size_average", "reduce"), PAIRS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "nonsense"])
def test_deprecated_pair_overrides_the_word_as_in_torch(size_average, reduce, reduction):
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        expected = torch.nn.functional.l1_loss(ERROR, ERROR * 0, size_average, reduce, reduction)
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated, please use reduction="):
        assert torch.equal(reduced(ERROR.abs(), reduction, size_average, reduce), expected)


def test_elementwise_mean_is_the_mean_and_warns():
    with pytest.warns(UserWarning, match="elementwise_mean"):
        assert reduced(ERROR, "elementwise_mean") == ERROR.mean()


@pytest.mark.parametrize("word", ["nonsense", "MEAN", None, "batchmean"])
def test_unknown_word_is_refused(word):
    with pytest.raises(ValueError, match=f"{word} is not a valid value for reduction"):
        reduced(ERROR, word)


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "huber_loss"], ids=str)
def test_weighted_path_refuses_elementwise_mean(name):
    with pytest.raises(ValueError, match="elementwise_mean"):
        getattr(reimpl, name)(ERROR, ERROR, weight=ERROR, reduction="elementwise_mean")


def test_multilabel_soft_margin_refuses_elementwise_mean():
    with pytest.raises(ValueError, match="elementwise_mean is not valid"):
        reimpl.multilabel_soft_margin_loss(ERROR, ERROR, reduction="elementwise_mean")


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss"], ids=str)
def test_weighted_mean_divides_by_the_weights(name):
    weight = torch.tensor([1.0, 0.0, 3.0])
    found, expected = (
        getattr(module, name)(ERROR, ERROR * 0, weight=weight) for module in (reimpl, torch.nn.functional)
    )
    assert torch.equal(found, expected)


def test_weighted_huber_mean_divides_by_the_count():
    weight = torch.tensor([1.0, 0.0, 3.0])
    assert reimpl.huber_loss(ERROR, ERROR * 0, weight=weight) == torch.tensor((0.125 + 1.5) / 3)


def test_reduction_is_refused_before_beta():
    with pytest.raises(ValueError, match="nonsense"):
        reimpl.smooth_l1_loss(ERROR, ERROR, reduction="nonsense", beta=-1)


def test_plain_word_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reduced(ERROR, "sum") == 2.5
