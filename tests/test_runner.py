"""One run: its own copies, everything it says written down, the world left as it was."""

import math
import random
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import LinearCrossEntropyOptions

from parity.case import Application, DtypeName, Fields
from parity.inputs import laid_out
from parity.losses import Subject
from parity.outcome import Call, Outcome, cotangents
from parity.runner import run, run_in_double, value_in_digits

X = torch.tensor([1.0, 2.0, 3.0])
Build = Callable[..., Subject]
READ = {
    "default_dtype": torch.get_default_dtype,
    "gradient_mode": torch.is_grad_enabled,
    "threads": torch.get_num_threads,
    "deterministic": torch.are_deterministic_algorithms_enabled,
    "torch_random": lambda: torch.get_rng_state().tolist(),
    "python_random": random.getstate,
    "numpy_random": lambda: str(np.random.get_state(legacy=False)["state"]["pos"]),
    "numpy_errors": np.geterr,
    "filters": lambda: list(warnings.filters),
    "warn_always": torch.is_warn_always_enabled,
}
DISTURB: dict[str, Callable[[], object]] = {
    "default_dtype": lambda: torch.set_default_dtype(torch.float64),
    "gradient_mode": lambda: torch.set_grad_enabled(False),
    "threads": lambda: torch.set_num_threads(3),
    "deterministic": lambda: torch.use_deterministic_algorithms(True),
    "torch_random": lambda: torch.rand(1),
    "python_random": random.random,
    "numpy_random": lambda: np.random.rand(700),
    "numpy_errors": lambda: np.seterr(all="ignore"),
    "filters": lambda: warnings.simplefilter("ignore"),
}


def outcome(subject: Subject, *, watched: bool = False, **changes: Any) -> Outcome:
    """What ``subject`` does when its function ``double`` is called with X."""
    usual: dict[str, Any] = {"loss": "double", "arguments": {"input": X}, "positional": ("input",)}
    return run(subject, Call(**{**usual, "dtype": torch.float32, **changes}), watched=watched)


def doubled(input: torch.Tensor) -> torch.Tensor:
    return 2 * input


def edited(input: torch.Tensor) -> torch.Tensor:
    input.detach().fill_(7)
    return 2 * input


def test_value_is_written_down(subject_of: Build) -> None:
    assert torch.equal(outcome(subject_of(double=doubled)).value, 2 * X)


def test_value_has_no_graph(subject_of: Build) -> None:
    value = outcome(subject_of(double=doubled), differentiable=("input",)).value
    assert value is not None
    assert not value.requires_grad


def test_side_that_edits_its_input_edits_a_copy(subject_of: Build) -> None:
    outcome(subject_of(double=edited))
    assert X.tolist() == [1.0, 2.0, 3.0]


def test_edited_input_is_noted(subject_of: Build) -> None:
    assert outcome(subject_of(double=edited), watched=True).impurities == ("the input input was edited in place",)


def test_edit_that_is_taken_back_is_noted_by_its_version(subject_of: Build) -> None:
    def restless(input: torch.Tensor) -> torch.Tensor:
        input.add_(1).sub_(1)
        return 2 * input

    assert outcome(subject_of(double=restless), watched=True).impurities == ("the input input was edited in place",)


@pytest.mark.parametrize("layout", ["strided", "expanded", "transposed"])
def test_copy_has_the_strides_of_the_input(layout: Any, subject_of: Build) -> None:
    seen = []
    given = laid_out(torch.arange(6.0).reshape(2, 3), layout)
    outcome(subject_of(double=lambda input: seen.append(input.stride())), arguments={"input": given})
    assert seen == [given.stride()]


def test_copy_starts_where_the_input_starts(subject_of: Build) -> None:
    seen = []
    given = laid_out(X, "offset")
    outcome(subject_of(double=lambda input: seen.append(input.storage_offset())), arguments={"input": given})
    assert seen == [1]


@pytest.mark.parametrize("change", DISTURB)
def test_state_that_a_side_changes_is_put_back(change: str, subject_of: Build) -> None:
    before = READ[change]()
    outcome(subject_of(double=lambda input: DISTURB[change]()), watched=True)
    assert READ[change]() == before


@pytest.mark.parametrize("change", DISTURB)
def test_state_that_a_side_changes_is_noted_once(change: str, subject_of: Build) -> None:
    assert len(outcome(subject_of(double=lambda input: DISTURB[change]()), watched=True).impurities) == 1


@pytest.mark.parametrize("piece", READ)
def test_run_itself_leaves_the_state_alone(piece: str, subject_of: Build) -> None:
    before = READ[piece]()
    outcome(subject_of(double=doubled), differentiable=("input",))
    assert READ[piece]() == before


def test_side_that_changes_nothing_is_pure(subject_of: Build) -> None:
    assert outcome(subject_of(double=doubled), watched=True, differentiable=("input",)).impurities == ()


def python_warning(input: torch.Tensor) -> torch.Tensor:
    warnings.warn("beware", DeprecationWarning, stacklevel=1)
    return 2 * input


def torchs_once_only_warning(input: torch.Tensor) -> torch.Tensor:
    return input.to(torch.complex64).to(torch.float32)


@pytest.mark.parametrize(
    ("function", "category"),
    [(python_warning, "DeprecationWarning"), (torchs_once_only_warning, "UserWarning")],
    ids=["of-python", "of-torch-once-in-a-process"],
)
def test_warning_is_heard_each_time(function: Any, category: str, subject_of: Build) -> None:
    heard = [[name for name, _ in outcome(subject_of(double=function)).warned] for _ in range(3)]
    assert heard == [[category]] * 3


def test_result_that_is_its_input_is_an_alias(subject_of: Build) -> None:
    assert outcome(subject_of(double=lambda input: input.view(3, 1))).aliases == ("input",)


def test_result_of_its_own_is_no_alias(subject_of: Build) -> None:
    assert outcome(subject_of(double=doubled)).aliases == ()


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyError("reduction")], ids=repr)
def test_exception_becomes_plain_data(error: BaseException, subject_of: Build) -> None:
    def refuse(input: torch.Tensor) -> torch.Tensor:
        raise error

    raised = outcome(subject_of(double=refuse)).raised
    assert raised is not None
    assert (raised.type, raised.message) == (type(error).__name__, str(error))


def test_exception_without_a_message_of_its_own_is_still_the_candidates(subject_of: Build) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def refuse(input: torch.Tensor) -> torch.Tensor:
        raise MuteError

    raised = outcome(subject_of(double=refuse)).raised
    assert raised is not None
    assert raised.type == "MuteError"


def test_exception_names_its_bases(subject_of: Build) -> None:
    raised = outcome(subject_of(double=lambda input: {}["missing"])).raised
    assert raised is not None
    assert raised.bases == ("KeyError", "LookupError", "Exception", "BaseException", "object")


def test_exception_is_told_by_its_first_line(subject_of: Build) -> None:
    raised = outcome(subject_of(double=lambda input: int("one\ntwo"[:3]))).raised
    assert str(raised) == "ValueError: invalid literal for int() with base 10: 'one'"


def test_exception_in_backward_is_no_refusal(subject_of: Build) -> None:
    def broken(input: torch.Tensor) -> torch.Tensor:
        value = 2 * input
        value.register_hook(lambda upstream: 1 / 0)
        return value

    found = outcome(subject_of(double=broken), differentiable=("input",))
    assert (found.raised, found.raised_in_backward and found.raised_in_backward.type) == (None, "ZeroDivisionError")


@pytest.mark.parametrize(("returned", "name"), [(2.5, "float"), (None, "NoneType"), ([1.0], "list")], ids=str)
def test_result_that_is_no_tensor_is_named(returned: object, name: str, subject_of: Build) -> None:
    found = outcome(subject_of(double=lambda input: returned))
    assert (found.value, found.returned) == (None, name)


def test_gradient_is_taken_for_each_upstream_gradient(subject_of: Build) -> None:
    found = outcome(subject_of(double=lambda input: (2 * input).sum()), differentiable=("input",))
    slopes = {upstream: named["input"].tolist()[0] for upstream, named in found.gradients.items()}
    assert slopes == pytest.approx({"1": 2.0, "-0.37": -0.74, "2.5": 5.0})


def test_detached_value_has_no_gradient(subject_of: Build) -> None:
    found = outcome(subject_of(double=lambda input: input.detach().sum()), differentiable=("input",))
    assert found.gradients == {name: {"input": None} for name in ("1", "-0.37", "2.5")}


def test_argument_that_is_not_used_has_no_gradient(subject_of: Build) -> None:
    found = outcome(
        subject_of(double=lambda input, other: input.sum()),
        arguments={"input": X, "other": X},
        positional=("input", "other"),
        differentiable=("input", "other"),
    )
    assert found.gradients["1"]["other"] is None


def test_positional_arguments_may_bear_other_names(subject_of: Build) -> None:
    assert outcome(subject_of(double=lambda logits: 2 * logits)).raised is None


THREE = {"anchor": X[None], "positive": X[None] + 1, "negative": X[None] - 1}
NAMED = {"loss": "triplet_margin_with_distance_loss", "positional": tuple(THREE)}


def handed_over(subject: Subject, seen: list[Any], **changes: Any) -> object:
    """The function that ``subject`` gets for the name l1_loss."""
    outcome(subject, **NAMED, arguments={**THREE, "distance_function": "l1_loss"}, **changes)
    return seen[0]


@pytest.mark.parametrize("form", [None, "Form"], ids=["function", "module"])
def test_function_that_is_named_is_given_as_that_of_torch(form: str | None, subject_of: Build) -> None:
    class Form:
        def __init__(self, distance_function: Any) -> None:
            seen.append(distance_function)

    seen: list[Any] = []
    subject = subject_of(
        forms=SimpleNamespace(Form=Form),
        triplet_margin_with_distance_loss=lambda *arrays, distance_function: seen.append(distance_function),
    )
    assert handed_over(subject, seen, form=form) is torch.nn.functional.l1_loss


def test_function_that_is_named_in_an_expression_is_that_of_torch(subject_of: Build) -> None:
    seen: list[Any] = []
    subject = subject_of(
        triplet_margin_with_distance_loss=lambda *arrays, distance_function: seen.append(distance_function)
    )
    expression = Application(NAMED["loss"], tuple(THREE), {"distance_function": "l1_loss"})
    outcome(subject, loss="identities", arguments=THREE, expression=expression)
    assert seen == [torch.nn.functional.l1_loss]


def test_formulas_are_given_their_own_function_which_takes_their_numbers() -> None:
    arguments = {**THREE, "distance_function": "pairwise_distance", "margin": 0.25}
    value = value_in_digits(Call(**NAMED, arguments=arguments, dtype=torch.float32))
    assert float(value) == pytest.approx(0.25, abs=1e-5)


def test_upstream_gradients_of_an_array_are_not_all_ones() -> None:
    found = cotangents(torch.zeros(6), Call("double", {}, (), torch.float32))
    assert {name: len(set(c.tolist())) for name, c in found.items()} == {"irregular": 6, "one-hot": 2}


def test_upstream_gradients_are_numbers_of_the_coarsest_dtype() -> None:
    found = cotangents(torch.zeros(6, dtype=torch.float64), Call("double", {}, (), torch.float16))
    assert torch.equal(found["irregular"], found["irregular"].half().double())


def test_upstream_gradient_of_the_case_is_one_more() -> None:
    found = cotangents(torch.zeros(2), Call("double", {}, (), torch.float32, cotangent=(5.0, 0.0)))
    assert found["given"].tolist() == [5.0, 0.0]


OPTIONS = {"acc_dtype": torch.float32, "acc_policy": "accurate"}
SPELLED = Fields("LinearCrossEntropyOptions", {**OPTIONS, "acc_dtype": DtypeName("float32")})


@pytest.mark.parametrize("options", [SPELLED, LinearCrossEntropyOptions(**OPTIONS)], ids=["spelled", "made"])
def test_reference_in_float64_sums_in_float64(options: object) -> None:
    x, w = torch.ones(2, 3, dtype=torch.bfloat16), torch.ones(4, 3, dtype=torch.bfloat16)
    arguments = {"input": x, "linear_weight": w, "target": torch.tensor([0, 1]), "options": options}
    found = run_in_double(Call("linear_cross_entropy", arguments, tuple(arguments)[:3], torch.bfloat16))
    assert found.value is not None
    assert found.value.item() == pytest.approx(math.log(4))
