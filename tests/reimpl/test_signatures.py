"""A reimplementation is a drop-in: torch's parameters, and annotations from which the engine knows the tensors."""

import inspect
import types
from importlib import import_module

import pytest
import torch

import reimpl
from reimpl._array import Array, Labels
from reimpl._sequences import Lengths

WITH_A_SIGNATURE = [name for name in reimpl.__all__ if inspect.isfunction(getattr(torch.nn.functional, name, None))]
LABELS = {
    "cross_entropy": "target",
    "linear_cross_entropy": "target",
    "nll_loss": "target",
    "one_hot": "input",
    "ctc_loss": "targets",
    "multilabel_margin_loss": "target",
    "multi_margin_loss": "target",
}
ARRAYS = (Array, Labels, Array | None, Array | float, Lengths)
TENSORS = {
    "input", "target", "weight", "pos_weight", "anchor", "positive", "negative", "input1", "input2", "x1", "x2",
    "linear_weight", "linear_bias", "var", "log_probs", "targets", "input_lengths", "target_lengths",
    "inputs", "boxes1", "boxes2", "labels", "logits", "counts",
}  # fmt: skip


def parameters(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", reimpl.__all__)
def test_function_of_the_package_is_the_function_of_its_file(name):
    module = import_module(f"reimpl.{name}")
    assert isinstance(getattr(reimpl, name), types.FunctionType)
    assert getattr(reimpl, name) is getattr(module, name)


def test_modules_stays_a_module():
    assert inspect.ismodule(import_module("reimpl.modules"))


@pytest.mark.parametrize("name", WITH_A_SIGNATURE)
def test_signature_is_that_of_torch(name):
    assert parameters(getattr(reimpl, name)) == parameters(getattr(torch.nn.functional, name))


BUILTINS = {
    "logsigmoid": {"input": torch.tensor([0.5])},
    "one_hot": {"input": torch.tensor([0, 2])},
    "cosine_similarity": {"x1": torch.ones(2, 3), "x2": torch.arange(3.0), "dim": 0, "eps": 2.0},
    "pairwise_distance": {"x1": torch.ones(2), "x2": torch.zeros(2), "p": 1.0, "eps": 0.5, "keepdim": True},
}


@pytest.mark.parametrize(("name", "options"), BUILTINS.items(), ids=BUILTINS)
def test_builtin_of_torch_takes_the_same_keywords(name, options):
    found = getattr(reimpl, name)(**options)
    torch.testing.assert_close(found, getattr(torch.nn.functional, name)(**options))


@pytest.mark.parametrize("name", reimpl.__all__)
def test_tensors_are_annotated_as_arrays(name):
    annotations = {p.name: p.annotation for p in inspect.signature(getattr(reimpl, name)).parameters.values()}
    tensors = {n for n, a in annotations.items() if a in ARRAYS}
    assert tensors == annotations.keys() & TENSORS


@pytest.mark.parametrize(("name", "parameter"), LABELS.items(), ids=LABELS)
def test_class_indices_are_annotated_as_labels(name, parameter):
    assert inspect.signature(getattr(reimpl, name)).parameters[parameter].annotation is Labels
