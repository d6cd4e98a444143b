"""Where an implementation of a loss is found: a module, a prefix of names, a file, or made on demand."""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, NoneType, SimpleNamespace

import pytest
import torch

from parity.candidates import candidate
from parity.case import DtypeName, Fields
from parity.errors import CandidateError
from parity.losses import Subject, signatures, usual_form

ON_DEMAND = """
def __getattr__(name):
    if name == "sigmoid":
        return lambda x: 5
    raise AttributeError(name)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a module into the working directory and gives its name; it is forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str, name: str = "somebodys_losses") -> str:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))  # so that the end of the test takes it out
        del sys.modules[name]
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def test_module_is_found_by_its_name(module: Callable[..., str]) -> None:
    assert candidate(module("def sigmoid(x): return 5")).function("sigmoid")(0) == 5


def test_file_is_found_by_its_path(module: Callable[..., str]) -> None:
    assert candidate(f"{module('def sigmoid(x): return 5')}.py").function("sigmoid")(0) == 5


def test_prefix_is_one_of_names(module: Callable[..., str]) -> None:
    subject = candidate(module("def my_sigmoid(x): return 5\ndef sigmoid(x): return 6") + ":my_")
    assert subject.function("sigmoid")(0) == 5


def test_function_is_made_on_demand(module: Callable[..., str]) -> None:
    subject = candidate(
        module("def __getattr__(name):\n    if name == 'sigmoid': return lambda x: 5\n    raise AttributeError")
    )
    assert (subject.function("sigmoid")(0), subject.function("mse_loss")) == (5, None)


def test_file_stands_among_the_modules_while_it_runs(module: Callable[..., str]) -> None:
    text = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n"
    assert candidate(f"{module(text + 'def sigmoid(x): return A(5).x')}.py").function("sigmoid")(0) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise ValueError('beware')", "cannot be imported: ValueError: beware"),
        ("raise SystemExit(0)", "cannot be imported: SystemExit: 0"),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("def sigmoid(:", "cannot be imported: SyntaxError"),
    ],
    ids=["raises", "exits", "imports-what-is-not-there", "no-python"],
)
@pytest.mark.parametrize("ending", ["", ".py"], ids=["module", "file"])
def test_import_that_fails_is_told(text: str, message: str, ending: str, module: Callable[..., str]) -> None:
    with pytest.raises(CandidateError, match=message):
        candidate(module(text, name="failing_losses") + ending)


def test_missing_module_is_told() -> None:
    with pytest.raises(CandidateError, match="'no_such_module' cannot be imported: ModuleNotFoundError"):
        candidate("no_such_module")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CandidateError, match=r"no\.py: there is no such file"):
        candidate(str(tmp_path / "no.py"))


@pytest.mark.parametrize("spec", ["", ":", ".", "..losses", "a b", ".py", "losses:"])
def test_nonsense_is_told(spec: str) -> None:
    with pytest.raises(CandidateError, match="candidate"):
        candidate(spec)


@pytest.mark.parametrize("found", [SimpleNamespace(), 5, None, torch], ids=["object", "number", "none", "module"])
def test_what_cannot_be_called_is_no_function(found: object) -> None:
    assert Subject("it", SimpleNamespace(sigmoid=found)).function("sigmoid") is None


def test_function_of_a_loss_that_is_lacking_is_none() -> None:
    assert Subject("it", SimpleNamespace()).function("sigmoid") is None


@pytest.mark.parametrize("place", ["modules", "itself"])
def test_module_form_is_found_in_the_module_or_in_its_modules(place: str) -> None:
    forms = SimpleNamespace(MSELoss=torch.nn.MSELoss)
    subject = Subject("it", SimpleNamespace(modules=forms) if place == "modules" else forms)
    assert subject.form("MSELoss") is torch.nn.MSELoss


def test_usual_form_is_the_class_of_that_loss() -> None:
    assert usual_form("binary_cross_entropy") == "BCELoss"


def test_signature_tells_which_option_takes_a_function() -> None:
    signature = signatures()["triplet_margin_with_distance_loss"]
    assert [a.name for a in signature.arguments if a.names_function("l1_loss")] == ["distance_function"]


@pytest.mark.parametrize(
    ("loss", "name", "kind"),
    [("mse_loss", "target", "array"), ("nll_loss", "target", "labels"), ("mse_loss", "reduction", "option")],
    ids=["array", "labels", "option"],
)
def test_signature_tells_arrays_from_options(loss: str, name: str, kind: str) -> None:
    assert signatures()[loss][name].kind == kind


@pytest.mark.parametrize(
    ("loss", "name", "types"),
    [
        ("gaussian_nll_loss", "var", (float,)),
        ("ctc_loss", "input_lengths", (tuple,)),
        ("nll_loss", "weight", (NoneType,)),
        ("nll_loss", "size_average", (bool, NoneType)),
    ],
    ids=["array", "labels", "array-or-none", "option"],
)
def test_signature_tells_the_plain_types(loss: str, name: str, types: tuple[type, ...]) -> None:
    assert signatures()[loss][name].types == types


def test_array_is_an_option_where_a_plain_value_will_do() -> None:
    signature = signatures()["gaussian_nll_loss"]
    assert {"var"} == {*signature.arrays} & {*signature.options}


@dataclass(frozen=True)
class Chunks:
    """A candidate's own form of what an option takes."""

    keeps: bool
    summed_in: torch.dtype | None = None


def test_signature_tells_the_fields_of_an_option_that_takes_a_dataclass() -> None:
    fields = {field.name: field for field in signatures()["linear_cross_entropy"]["options"].fields}
    assert list(fields) == [field.name for field in dataclasses.fields(torch.nn.LinearCrossEntropyOptions)]
    assert (fields["batch_chunk_size"].types, fields["batch_chunk_size"].required) == ((int, NoneType), False)
    assert fields["acc_policy"].choices == ("accurate", "balanced", "compact", "auto")
    assert fields["acc_dtype"].types == (DtypeName, NoneType)


def test_fields_become_the_class_of_the_subject() -> None:
    subject = Subject("it", SimpleNamespace(modules=SimpleNamespace(Chunks=Chunks)))
    fields = Fields("Chunks", {"keeps": True, "summed_in": DtypeName("float32")})
    assert subject.made(fields) == Chunks(keeps=True, summed_in=torch.float32)


def test_fields_become_the_class_of_torch_where_the_subject_has_none() -> None:
    fields = Fields("LinearCrossEntropyOptions", {"batch_chunk_size": 2})
    assert Subject("it", SimpleNamespace()).made(fields) == torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)


@pytest.mark.parametrize("value", [None, 0.5, "mean", (1, 2), True], ids=str)
def test_plain_value_is_passed_as_it_is(value: object) -> None:
    assert Subject("it", SimpleNamespace()).made(value) is value
