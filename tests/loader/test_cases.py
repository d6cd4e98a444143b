"""The record that a good case becomes."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from parity.case import (
    Application,
    Case,
    DtypeName,
    Fields,
    KnownGap,
    Place,
    Printed,
    Refusal,
    Signature,
    Tolerance,
    trials_of,
)  # fmt: skip
from parity.loader import Loaded, load

GOOD = Path(__file__).with_name("good")
DOCS = Path(__file__).parents[2] / "docs" / "cases.md"
INPUTS = "inputs: {input: [1.0, 2.0], target: [0.0, 0.0]}\n"
LENGTHS = "loss: with_lengths\ninputs: {input: [1.0]}\n"


@pytest.fixture(scope="module")
def good(signatures: Mapping[str, Signature]) -> dict[str, Case]:
    found = load(GOOD, signatures)
    assert found.problems == ()
    return {case.name: case for case in found.cases}


def test_every_good_case_is_loaded_in_order(good: dict[str, Case]) -> None:
    assert list(good) == [
        "literals", "recipes", "more_recipes", "gradients", "first_gradient", "refused", "class_indices", "fields",
        "before", "fields_refused", "the_long_way",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("literals", "about", "a literal number, a list, and values with every further key"),
        ("literals", "source", "written for this test"),
        ("literals", "dtypes", ("float16",)),
        ("literals", "devices", ("cpu", "cuda")),
        ("before", "torch", "<2.14"),
        ("literals", "only_facets", ("value", "gradient")),
        ("literals", "warns", ("UserWarning",)),
        ("literals", "module", True),
        ("literals", "options", {"beta": 0.5, "size_average": None, "reduce": False}),
        ("recipes", "dtypes", ("float32", "float64")),
        ("recipes", "with_facets", ("refusal",)),
        ("recipes", "without_facets", ("gradient",)),
        ("recipes", "tolerance", Tolerance(8.0, "the shapes are large")),
        ("recipes", "cotangent", ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))),
        ("recipes", "module", "SmoothL1Loss"),
        ("more_recipes", "known_gap", KnownGap(("value",), "not settled yet")),
        ("first_gradient", "expect_gradient", {"input": (Printed(0.5, 0.05), Printed(0.5, 0.05))}),
        ("refused", "refused", Refusal("RuntimeError", "be(ta|tta)")),
        ("class_indices", "loss", "cross_entropy"),
        ("the_long_way", "loss", "identities"),
        ("the_long_way", "right", Application("cross_entropy", ("x", "y"), {"reduction": "sum"})),
    ],
)
def test_key_becomes_its_field(name: str, field: str, value: Any, good: dict[str, Case]) -> None:
    assert getattr(good[name], field) == value


@pytest.mark.parametrize(
    ("name", "argument", "field", "value"),
    [
        ("literals", "input", "shape", ()),
        ("literals", "target", "shape", (2, 2)),
        ("literals", "target", "dtype", "float64"),
        ("literals", "target", "layout", "transposed"),
        ("literals", "target", "requires_grad", True),
        ("recipes", "input", "parameters", {"mean": 1.0, "std": 2.0, "seed": 1}),
        ("more_recipes", "target", "dtype", "same"),
        ("class_indices", "input", "parameters", {"mean": 0.0, "std": 1.0, "seed": 1}),
        ("the_long_way", "x", "dtype", None),
        ("the_long_way", "y", "dtype", "int64"),
    ],
)
def test_input_becomes_its_record(name: str, argument: str, field: str, value: Any, good: dict[str, Case]) -> None:
    assert getattr(good[name].inputs[argument], field) == value


def test_neighbours_have_three_values_a_point(good: dict[str, Case]) -> None:
    neighbours = good["more_recipes"].each["input"][2]
    assert (neighbours.shape, neighbours.parameters["points"]) == ((5, 3), (0.5, -0.5, 0.0, 1.0, 2.0))


def test_null_leaves_an_optional_input_out(good: dict[str, Case]) -> None:
    assert good["class_indices"].each["weight"][0] is None


def test_expression_nests(good: dict[str, Case]) -> None:
    log = Application("log", (Application("softmax", ("x",), {"dim": 1}),))
    nll = Application("nll_loss", (log, "y"), {"reduction": "sum"})
    assert good["the_long_way"].left == Application("multiply", (Application("negative", (nll,)), -1))


def test_case_knows_its_place(loaded: Callable[..., Loaded]) -> None:
    (case,) = loaded(f"loss: smooth_l1_loss\ncases:\n  - name: it\n    {INPUTS}").cases
    assert case.place == Place("it.yaml", 3, 5)


@pytest.mark.parametrize("lines", ["reduction: none", "reduce: false", "reduce: false, reduction: sum"])
def test_list_is_expected_where_nothing_is_reduced(lines: str, case_of: Callable[[str], Case]) -> None:
    assert case_of(f"{INPUTS}options: {{{lines}}}\nexpect: [0.5, 1.5]").expect is not None


def test_expected_list_may_have_the_broadcast_shape(case_of: Callable[[str], Case]) -> None:
    inputs = "inputs: {input: [[1.0], [2.0]], target: [[0.0, 1.0, 2.0]]}"
    assert case_of(f"{inputs}\noptions: {{reduction: none}}\nexpect: [[0, 1, 2], [0, 1, 2]]").expect is not None


def test_loss_without_reduction_may_have_more_results_than_inputs(case_of: Callable[[str], Case]) -> None:
    assert case_of("loss: one_hot\ninputs: {target: [0, 1]}\nexpect: [[1, 0, 0], [0, 1, 0]]").expect is not None


def test_option_that_takes_a_list_becomes_a_tuple(case_of: Callable[[str], Case]) -> None:
    case = case_of(f"{LENGTHS}options: {{lengths: [3, 4]}}")
    assert case.options == {"lengths": (3, 4)}


@pytest.mark.parametrize("value", ["l1_loss", None], ids=str)
def test_option_that_takes_a_function_keeps_its_name(value: str | None, case_of: Callable[[str], Case]) -> None:
    case = case_of(f"{LENGTHS}options: {{lengths: [3], distance: {value or 'null'}}}")
    assert case.options == {"lengths": (3,), "distance": value}


def test_refused_case_may_give_what_is_no_function(case_of: Callable[[str], Case]) -> None:
    case = case_of(f"{LENGTHS}options: {{lengths: [3], distance: 2}}\nrefused: TypeError")
    assert case.options == {"lengths": (3,), "distance": 2}


@pytest.mark.parametrize(
    ("lines", "inputs", "options"),
    [
        ("inputs: {input: [1.0], lengths: [3, 4], var: 0.5}", ["input", "lengths", "var"], {}),
        ("inputs: {input: [1.0]}\noptions: {lengths: [3, 4], var: 0.5}", ["input"], {"lengths": (3, 4), "var": 0.5}),
        ("inputs: {input: [1.0], lengths: [3, 4]}\noptions: {var: 1}", ["input", "lengths"], {"var": 1}),
    ],
    ids=["input", "options", "both"],
)
def test_array_that_may_be_plain_is_what_it_is_given_as(
    lines: str, inputs: list[str], options: Mapping[str, Any], case_of: Callable[[str], Case]
) -> None:
    case = case_of(f"loss: with_lengths\n{lines}")
    assert (list(case.inputs), case.options) == (inputs, options)


def test_alternatives_of_an_array_that_may_be_plain_are_inputs(case_of: Callable[[str], Case]) -> None:
    case = case_of("loss: with_lengths\ninputs: {input: [1.0]}\noptions: {lengths: [3]}\neach: {var: [0.5, [0.5]]}")
    assert [value.shape for value in case.each["var"]] == [(), (1,)]


def test_array_that_may_be_plain_is_an_option_in_an_expression(loaded: Callable[..., Loaded]) -> None:
    sides = "left: {with_lengths: [x], lengths: [1], var: 0.5}\n    right: {negative: x}"
    (case,) = loaded(f"identities:\n  - name: it\n    inputs: {{x: [1.0]}}\n    {sides}\n").cases
    assert case.left == Application("with_lengths", ("x",), {"lengths": (1,), "var": 0.5})


def test_dotted_reference_is_a_loss(case_of: Callable[[str], Case]) -> None:
    assert case_of(f"loss: torchvision.ops.sigmoid_focal_loss\n{INPUTS}").loss == "sigmoid_focal_loss"


def test_private_option_is_not_suggested(messages: Callable[..., list[str]]) -> None:
    told = messages("cases:\n  - {name: a, loss: softmax, inputs: {input: [1.0]}, options: {stacklevel: 1}}\n")
    assert told == ["it.yaml:2:64: unknown option 'stacklevel' for softmax; options: dim"]


def test_shipped_case_needs_about(messages: Callable[..., list[str]]) -> None:
    told = messages(f"cases:\n  - name: a\n    loss: l1_loss\n    {INPUTS}", shipped=True)
    assert told == ["it.yaml:2:5: the key 'about' is missing in a shipped case: one sentence, what it guards"]


def test_unknown_exception_without_a_near_one_lists_them(messages: Callable[..., list[str]]) -> None:
    (told,) = messages(f"cases:\n  - name: a\n    loss: l1_loss\n    refused: Zzz\n    {INPUTS}")
    assert "unknown exception 'Zzz'; exceptions: " in told
    assert "RuntimeError" in told


def test_braces_in_a_name_are_only_text(messages: Callable[..., list[str]]) -> None:
    told = messages("cases:\n  - {name: a, loss: l1_loss, inputs: {'{0.x}': 1.0, input: 1.0, target: 1.0}}\n")
    assert told == ["it.yaml:2:39: unknown input '{0.x}' for l1_loss; inputs: input, target, weight"]


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))
def test_example_in_the_documentation_loads(block: str, loaded: Callable[..., Loaded]) -> None:
    assert [str(problem) for problem in loaded(block, shipped=True).problems] == []


def test_fields_of_an_option_are_kept_as_they_are_written(good: dict[str, Case]) -> None:
    first, *_ = good["fields"].each["chunks"]
    assert first == Fields("Chunks", {"keeps": True, "rows": None, "policy": "compact", "summed_in": "float32"})
    assert isinstance(first.values["summed_in"], DtypeName)


def test_refused_case_may_have_fields_of_any_type(good: dict[str, Case]) -> None:
    assert good["fields_refused"].options["chunks"].values == {
        "keeps": 1, "rows": "two", "policy": "fast", "summed_in": "half",
    }  # fmt: skip


def test_fields_read_in_a_trial_as_in_the_file(good: dict[str, Case]) -> None:
    labels = [trial.choice for trial in trials_of(good["fields"], "cpu") if trial.dtype == "float32"]
    assert labels == [
        ("chunks={keeps: true, rows: null, policy: compact, summed_in: float32}",),
        ("chunks={keeps: false}",),
        ("chunks=null",),
    ]
