"""No honest variant is turned down: each in every trial that is its own, on the case's numbers and 200 draws more."""

import pytest
from honest import VARIANTS, compiled
from honest.judged import false_alarms, theirs

from parity.case import Trial, is_drawn, reseeded

SEEDS = 200
BLOCK = 20  # seeds that one test takes
STRIPES = 50  # each takes every 50th trial: the first few say something about all


def _first_drawn(loss: str, dtype: str) -> Trial:
    return next(t for t in theirs() if (t.case.loss, t.dtype) == (loss, dtype) and is_drawn(t))


@pytest.mark.parametrize("stripe", range(STRIPES))
def test_honest_variants_pass_on_the_numbers_of_the_cases(stripe: int) -> None:
    assert [alarm for trial in theirs()[stripe::STRIPES] for alarm in false_alarms(trial, VARIANTS)] == []


@pytest.mark.parametrize("first", range(1, SEEDS + 1, BLOCK))
@pytest.mark.parametrize("stripe", range(STRIPES))
def test_honest_variants_pass_on_other_numbers(stripe: int, first: int) -> None:
    drawn = [trial for trial in theirs() if is_drawn(trial)][stripe::STRIPES]
    moved = (reseeded(trial, seed) for trial in drawn for seed in range(first, first + BLOCK))
    assert [alarm for trial in moved for alarm in false_alarms(trial, VARIANTS)] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Dynamo and Inductor give their own
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("loss", sorted({trial.case.loss for trial in theirs()}))
def test_compiled_formula_passes_on_every_draw(loss: str, dtype: str) -> None:
    moved = [reseeded(_first_drawn(loss, dtype), seed) for seed in range(SEEDS + 1)]
    assert [alarm for trial in moved for alarm in false_alarms(trial, {"compiled": compiled()})] == []
