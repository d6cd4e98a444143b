"""Which trials the costly facets look at: few, and between them everything that there is to choose."""

from parity.case import Trial, trials_of
from parity.depth import LARGE, deepened
from parity.selection import Request, select


def _chosen(loss: str) -> list[Trial]:
    return [trial for trial in select(Request(losses=[loss], device="cpu")).trials if trial.in_depth]


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
    assert 0 < sum(trial.in_depth for trial in trials) < len(trials) / 20


def test_the_choice_is_the_same_again() -> None:
    assert [trial.id for trial in _chosen("huber_loss")] == [trial.id for trial in _chosen("huber_loss")]


def test_a_refused_or_a_large_call_is_never_chosen() -> None:
    chosen = [trial for trial in select(Request(device="cpu")).trials if trial.in_depth]
    assert all(trial.case.refused is None for trial in chosen)
    assert max(len(given.shape) and max(given.shape) for t in chosen for given in t.inputs.values() if given) <= LARGE


def test_a_single_case_is_looked_at_in_depth() -> None:
    trials = select(Request(cases=["smooth_l1_loss/blog_a1"], device="cpu")).trials
    assert [trial.in_depth for trial in trials] == [True, True]


def test_order_and_number_of_trials_stay() -> None:
    case = select(Request(losses=["l1_loss"], device="cpu")).trials[0].case
    trials = trials_of(case, "cpu")
    assert [trial.id for trial in deepened(trials)] == [trial.id for trial in trials]
