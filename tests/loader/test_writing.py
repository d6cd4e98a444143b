"""A trial written as a case file is read back as the same trial, bit by bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parity.case import FLOATS, Trial, trials_of
from parity.inputs import build, literal
from parity.loader import load, written
from parity.losses import signatures, spellings
from parity.selection import Request, select

LARGEST = 300  # elements of an input that is written out here
EVERY = 37  # shipped trials from one that is looked at to the next
Write = Callable[..., Path]


def spelled_out(trial: Trial) -> Trial:
    """With a literal for each input, as far as there is one."""
    signature = signatures()[trial.case.loss]
    tensors = {name: t for name, t in build(trial, signature).items() if t is not None and t.numel() <= LARGEST}
    made = {n: literal(t, trial.inputs[n], n, trial, signature) or trial.inputs[n] for n, t in tensors.items()}
    return replace(trial, inputs={**trial.inputs, **made})


def text(trial: Trial, name: str = "again") -> str:
    return written(trial, signatures()[trial.case.loss], name, name)


def read_back(trial: Trial, write: Write) -> Trial:
    loaded = load(write(text(trial)), spellings())
    assert loaded.problems == ()
    (again,) = [one for one in trials_of(loaded.cases[0], trial.device) if one.form == trial.form]
    return again


def given(trial: Trial) -> dict[str, object]:
    """Every argument: its bits, or how it is spelled."""
    tensors = build(trial, signatures()[trial.case.loss])
    plain = {name: None if value is None else repr(value) for name, value in trial.options.items()}
    return plain | {name: None if tensor is None else bits(tensor) for name, tensor in tensors.items()}


def bits(tensor: torch.Tensor) -> tuple[object, ...]:
    """Dtype, layout and bytes; the bits of a NaN are not looked at."""
    plain = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    plain = torch.where(plain.isnan(), torch.full_like(plain, torch.nan), plain) if plain.is_floating_point() else plain
    numbers = plain.flatten().contiguous().view(torch.uint8).tolist() if plain.numel() else []
    return tensor.dtype, tensor.shape, tensor.stride(), tensor.storage_offset(), numbers


def test_shipped_trials_are_read_back_as_they_are(written: Write) -> None:
    functions = [trial for trial in select(Request(device="cpu")).trials if trial.case.left is None]
    sample = [spelled_out(trial) for trial in functions[::EVERY]]
    assert [trial.id for trial in sample if given(read_back(trial, written)) != given(trial)] == []


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided", "expanded", "offset"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_special_number_is_read_back(
    dtype: str, layout: str, trials_of: Callable[[str], list[Trial]], written: Write
) -> None:
    inputs = f"{{input: {{special: [17, 2], layout: {layout}}}, target: {{special: [17, 2], dtype: bfloat16}}}}"
    (trial,) = trials_of(f"cases:\n  - {{name: it, loss: mse_loss, dtypes: [{dtype}], inputs: {inputs}}}\n")
    spelled = spelled_out(trial)
    assert {described.recipe for described in spelled.inputs.values()} == {"values"}
    assert given(read_back(spelled, written)) == given(trial)


@pytest.mark.parametrize(
    "inputs",
    ["{input: {normal: [2, 3], seed: 1}, target: {integers: [2], low: 0, high: 3, seed: 2}}",
     "{input: {normal: [2, 3], seed: 1}, target: {values: [0, 2], dtype: uint8}, weight: {full: [3], value: true}}",
     "{input: {full: [0, 3], value: 1.5}, target: {full: [0], value: 0, dtype: int64}, weight: null}"],
    ids=["labels", "bytes-and-truths", "empty"],
)  # fmt: skip
def test_whole_numbers_and_none_are_read_back(
    inputs: str, trials_of: Callable[[str], list[Trial]], written: Write
) -> None:
    (trial,) = trials_of(f"cases:\n  - {{name: it, loss: cross_entropy, dtypes: [float32], inputs: {inputs}}}\n")
    assert given(read_back(spelled_out(trial), written)) == given(trial)


@pytest.mark.parametrize("name", ["1e-3", "null", "on", "a: b", "#", "{", "ä 'quoted' \"twice\"", "-.5", "1" * 50])
def test_name_that_looks_like_something_else_is_read_back(
    name: str, trial_of: Callable[..., Trial], written: Write
) -> None:
    loaded = load(written(text(trial_of("inputs: {input: [1.0], target: [0.5]}"), name)), spellings())
    assert [(case.name, case.about) for case in loaded.cases] == [(name, name)]
