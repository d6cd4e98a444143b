"""Inputs: the same numbers at every dtype, device and layout, drawn once and rounded once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from parity.case import Case, Input, Place, Trial
from parity.inputs import build, laid_out
from parity.losses import signatures
from parity.ulp import numbers, rounded

HERE = Place("it.yaml", 1)
RANDOM = {
    "normal": {"seed": 1},
    "uniform": {"low": -2.0, "high": 3.0, "seed": 1},
    "integers": {"low": -2, "high": 3, "seed": 1},
    "probabilities": {"seed": 1},
    "signs": {"seed": 1},
    "permutation": {"seed": 1},
}
FIXED = {"linspace": {"low": -1.0, "high": 1.0}, "full": {"value": 0.1}}
RECIPES = RANDOM | FIXED
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
WHOLE = {"recipe": "values", "shape": (2,), "values": (1, 2), "whole": True}
DRAWN = {"recipe": "integers", "parameters": RANDOM["integers"]}
LAYOUTS = ["contiguous", "transposed", "strided", "channels_last", "offset"]


def built(loss: str = "mse_loss", argument: str = "input", at: str = "float64", **described: Any) -> torch.Tensor:
    """The tensor that an input becomes in a trial ``at`` a dtype."""
    given = Input(HERE, **({"shape": (4, 5)} | described))
    trial = Trial(Case(loss, "it", HERE, {}), at, "cpu", {argument: given}, {})
    tensor = build(trial, signatures()[loss])[argument]
    assert tensor is not None
    return tensor


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_recipe_is_the_same_at_every_dtype(recipe: str, dtype: torch.dtype) -> None:
    wide = numbers(built(recipe=recipe, parameters=RECIPES[recipe]))
    narrow = built(recipe=recipe, parameters=RECIPES[recipe], at=str(dtype).removeprefix("torch."))
    assert_array_equal(numbers(narrow), rounded(wide, dtype))


@pytest.mark.parametrize("recipe", RANDOM)
def test_recipe_depends_on_its_seed(recipe: str) -> None:
    one, other = (built(recipe=recipe, parameters=RANDOM[recipe] | {"seed": seed}) for seed in (1, 2))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("recipe", RANDOM)
def test_recipe_leaves_the_global_generators_alone(recipe: str) -> None:
    before = torch.get_rng_state(), np.random.get_state(legacy=True)[2]
    built(recipe=recipe, parameters=RANDOM[recipe])
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state(legacy=True)[2]


def test_numbers_drawn_are_these_for_ever() -> None:
    drawn = built(recipe="normal", shape=(3,), parameters={"seed": 1})
    assert drawn.tolist() == [0.345584192064786, 0.8216181435011584, 0.33043707618338714]


@pytest.mark.parametrize(("axis", "sums"), [(0, [1.0] * 5), (1, [1.0] * 4)])
def test_probabilities_sum_to_one_along_their_axis(axis: int, sums: list[float]) -> None:
    drawn = built(recipe="probabilities", parameters={"seed": 3, "axis": axis})
    torch.testing.assert_close(drawn.sum(axis), torch.tensor(sums, dtype=torch.float64))


def test_permutation_holds_each_index_once_a_row() -> None:
    drawn = built(recipe="permutation", parameters={"seed": 3})
    assert_array_equal(numbers(drawn.sort(-1).values), np.broadcast_to(np.arange(5), (4, 5)))


def test_integers_reach_low_and_stay_below_high() -> None:
    drawn = built(recipe="integers", shape=(200,), parameters={"low": -1, "high": 2, "seed": 0})
    assert set(drawn.tolist()) == {-1, 0, 1}


def test_linspace_holds_both_ends() -> None:
    assert built(recipe="linspace", shape=(2, 2), parameters={"low": 0.0, "high": 3.0}).tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_special_palette_holds_the_edges_of_the_dtype(dtype: torch.dtype) -> None:
    edge, inf = torch.finfo(dtype), float("inf")
    palette = built(recipe="special", shape=(19,), at=str(dtype).removeprefix("torch."))
    assert {0.0, edge.tiny, edge.tiny * edge.eps, 1 - edge.eps / 2, 1 + edge.eps, edge.max, inf, -inf} < set(
        palette.tolist()
    )


def test_special_palette_has_both_zeros() -> None:
    palette = built(recipe="special", shape=(19,))
    assert sorted(torch.signbit(palette[palette == 0]).tolist()) == [False, True]


def test_special_palette_has_one_nan() -> None:
    assert int(built(recipe="special", shape=(19,)).isnan().sum()) == 1


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_neighbours_stand_one_float_apart(dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    found = built(recipe="neighbours", shape=(2, 3), parameters={"points": (1.0, 0.0)}, at=name)
    below, at, above = found.unbind(-1)
    assert_array_equal(numbers(torch.nextafter(below, at)), numbers(at))
    assert_array_equal(numbers(torch.nextafter(above, at)), numbers(at))


@pytest.mark.parametrize("recipe", ["values", "full"])
@pytest.mark.parametrize("half", HALVES)
def test_half_is_rounded_once(recipe: str, half: str) -> None:
    step = torch.finfo(HALVES[half]).eps
    above_a_tie = 1 + step / 2 + 2**-40
    described = {"values": {"values": (above_a_tie,)}, "full": {"parameters": {"value": above_a_tie}}}[recipe]
    assert built(recipe=recipe, shape=(1,), at=half, **described).item() == 1 + step


@pytest.mark.parametrize("half", HALVES)
def test_point_of_neighbours_is_rounded_once(half: str) -> None:
    step = torch.finfo(HALVES[half]).eps
    found = built(recipe="neighbours", shape=(1, 3), parameters={"points": (1 + step / 2 + 2**-40,)}, at=half)
    assert found[0, 1].item() == 1 + step


@pytest.mark.parametrize(
    ("loss", "described", "expected"),
    [
        ("mse_loss", WHOLE, torch.float32),
        ("nll_loss", WHOLE, torch.int64),
        ("nll_loss", DRAWN, torch.int64),
        ("nll_loss", DRAWN | {"dtype": "same"}, torch.float32),
        ("nll_loss", DRAWN | {"dtype": "uint8"}, torch.uint8),
        ("mse_loss", DRAWN | {"dtype": "complex64"}, torch.complex64),
    ],
    ids=["whole-numbers", "labels", "drawn-labels", "labels-as-the-case", "named", "complex"],
)
def test_dtype_of_an_input(loss: str, described: dict[str, Any], expected: torch.dtype) -> None:
    assert built(loss, "target", "float32", **described).dtype is expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_changes_no_number(layout: Any) -> None:
    tensor = torch.arange(120.0).reshape(2, 3, 4, 5)
    assert torch.equal(laid_out(tensor, layout), tensor)


@pytest.mark.parametrize(
    ("layout", "strides"),
    [
        ("contiguous", (60, 20, 5, 1)),
        ("transposed", (60, 20, 1, 4)),
        ("strided", (120, 40, 10, 2)),
        ("expanded", (0, 20, 5, 1)),
        ("channels_last", (60, 1, 15, 3)),
        ("offset", (60, 20, 5, 1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_layout_has_its_strides(layout: Any, strides: tuple[int, ...]) -> None:
    assert laid_out(torch.arange(120.0).reshape(2, 3, 4, 5), layout).stride() == strides


def test_offset_starts_inside_its_storage() -> None:
    assert laid_out(torch.arange(4.0), "offset").storage_offset() == 1


def test_expanded_repeats_the_first_slice() -> None:
    assert laid_out(torch.tensor([[1.0], [2.0]]), "expanded").tolist() == [[1.0], [1.0]]


def test_left_out_input_is_none(trial_of: Callable[..., Trial]) -> None:
    trial = trial_of("inputs: {input: [1.0], target: [0.0], weight: null}\nloss: l1_loss")
    assert build(trial, signatures()["l1_loss"])["weight"] is None
