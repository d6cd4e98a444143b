"""ONNX's node tests of SoftmaxCrossEntropyLoss and NegativeLogLikelihoodLoss, with the numbers that it publishes."""

import warnings
from functools import cache
from typing import Any

import numpy
import pytest
import torch

import reimpl

onnx = pytest.importorskip("onnx")

PLAIN = {"SoftmaxCrossEntropyLoss": "cross_entropy", "NegativeLogLikelihoodLoss": "nll_loss"}


@cache
def nodes() -> dict[str, Any]:
    """The tests of the two operators themselves, by name; the expanded ones test ONNX's own decomposition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415, it runs every test's script

        found = collect_testcases()  # a second call, for another operator, would find nothing
    return {case.name: case for case in found if case.model.graph.node[0].op_type in PLAIN}


def options_of(node: Any) -> dict[str, Any]:
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}


@pytest.mark.parametrize("name", sorted(nodes()))
def test_node_gives_the_numbers_of_onnx(name: str) -> None:
    case = nodes()[name]
    node = case.model.graph.node[0]
    (inputs, outputs), options = case.data_sets[0], options_of(node)
    function = getattr(reimpl, PLAIN[node.op_type])
    value = function(*(torch.from_numpy(numpy.asarray(array)) for array in inputs), **options)
    numpy.testing.assert_allclose(value.numpy(), outputs[0], rtol=1e-5)


def test_there_are_nodes_of_both_operators() -> None:
    operators = [case.model.graph.node[0].op_type for case in nodes().values()]
    assert {operators.count(operator) >= 18 for operator in PLAIN} == {True}


@pytest.mark.parametrize("name", [name for name in sorted(nodes()) if name.endswith("log_prob")])
def test_logarithms_are_those_of_onnx(name: str) -> None:
    case = nodes()[name]
    (inputs, outputs) = case.data_sets[0]
    logarithms = reimpl.log_softmax(torch.from_numpy(numpy.asarray(inputs[0])), 1)
    numpy.testing.assert_allclose(logarithms.numpy(), outputs[1], rtol=2e-5, atol=1e-6)
