"""Which trials the costly facets look at: few, and between them everything that there is to choose."""

from pathlib import Path

from parity.case import Trial, trials_of
from parity.depth import LARGE, deepened
from parity.selection import Request, select


def _chosen(loss: str) -> list[Trial]:
    return [trial for trial in select(Request(losses=[loss], device="cpu")).trials if trial.depth]


def test_every_word_of_reduction_is_looked_at_in_depth() -> None:
    words = {trial.options.get("reduction", "mean") for trial in _chosen("smooth_l1_loss")}
    assert {"none", "mean", "sum", "elementwise_mean"} <= words


def test_every_dtype_of_the_cases_is_looked_at_in_depth() -> None:
    assert {"float16", "bfloat16", "float64"} <= {trial.dtype for trial in _chosen("mse_loss")}


def test_an_optional_argument_is_looked_at_both_ways() -> None:
    weights = {trial.inputs.get("weight") is None for trial in _chosen("l1_loss")}
    assert weights == {True, False}


def test_few_trials_are_enough() -> None:
    trials = select(Request(device="cpu")).trials
    assert 0 < sum(trial.depth > 0 for trial in trials) < len(trials) / 20


def test_the_choice_is_the_same_again() -> None:
    assert [trial.id for trial in _chosen("huber_loss")] == [trial.id for trial in _chosen("huber_loss")]


def test_a_refused_or_a_large_call_is_never_chosen() -> None:
    chosen = [trial for trial in select(Request(device="cpu")).trials if trial.depth]
    assert all(trial.case.refused is None for trial in chosen)
    assert max(len(given.shape) and max(given.shape) for t in chosen for given in t.inputs.values() if given) <= LARGE


def test_a_trial_is_looked_at_as_deeply_alone_as_among_all() -> None:
    among = {trial.id: trial.depth for trial in select(Request(device="cpu")).trials if trial.depth}
    (alone,) = select(Request(cases=[next(iter(among))], device="cpu")).trials
    assert alone.depth == among[alone.id]


def test_a_case_of_a_file_of_its_own_is_looked_at_in_depth(tmp_path: Path) -> None:
    text = "cases:\n  - {name: it, loss: mse_loss, inputs: {input: [0.5], target: [0.25]}, dtypes: [float32, float64]}"
    (tmp_path / "it.yaml").write_text(text)
    trials = select(Request(folders=[tmp_path], device="cpu")).trials
    assert [trial.depth for trial in trials] == [1, 2]


def test_order_and_number_of_trials_stay() -> None:
    case = select(Request(losses=["l1_loss"], device="cpu")).trials[0].case
    trials = trials_of(case, "cpu")
    assert [trial.id for trial in deepened(trials)] == [trial.id for trial in trials]
