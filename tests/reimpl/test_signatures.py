"""A reimplementation is a drop-in: torch's parameters, and annotations from which the engine knows the tensors."""

import inspect
import types
from importlib import import_module

import pytest
import torch

import reimpl
from reimpl._array import Array, Labels

WITH_A_SIGNATURE = [name for name in reimpl.__all__ if inspect.isfunction(getattr(torch.nn.functional, name, None))]
ARRAYS = {"input", "inputs", "target", "targets", "weight", "pos_weight", "counts"}
ARRAYS |= {"boxes1", "boxes2", "labels", "logits"}
LABELS = {"cross_entropy": "target", "nll_loss": "target", "one_hot": "input"}


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


@pytest.mark.parametrize("name", ["logsigmoid", "one_hot"])
def test_builtin_of_torch_takes_the_same_keywords(name):
    function = getattr(reimpl, name)
    options = {"input": torch.tensor([0, 2])} if name == "one_hot" else {"input": torch.tensor([0.5])}
    torch.testing.assert_close(function(**options), getattr(torch.nn.functional, name)(**options))


@pytest.mark.parametrize("name", reimpl.__all__)
def test_tensors_are_annotated_as_arrays(name):
    annotations = {p.name: p.annotation for p in inspect.signature(getattr(reimpl, name)).parameters.values()}
    tensors = {n for n, a in annotations.items() if a in (Array, Labels, Array | None)}
    assert tensors == annotations.keys() & ARRAYS


@pytest.mark.parametrize(("name", "parameter"), LABELS.items(), ids=LABELS)
def test_class_indices_are_annotated_as_labels(name, parameter):
    assert inspect.signature(getattr(reimpl, name)).parameters[parameter].annotation is Labels
