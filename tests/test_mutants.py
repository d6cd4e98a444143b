"""The generator of mutants, the process that judges them, and the cases: nearly every mutant is killed."""

import ast
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mutants.named import NAMED, Named

from parity.case import Place
from parity.errors import ParityError
from parity.mutants import GOAL, figures, score, summary
from parity.mutants.children import OUT_OF_TIME, in_children, limit_time
from parity.mutants.equivalents import Entry, entries
from parity.mutants.generate import Mutant, mutants_of, mutated
from parity.mutants.judge import Bench
from parity.mutants.looks import Look
from parity.mutants.score import Score
from parity.mutants.workshop import copied, files, has_cut, mutants, needs, probed, source
from parity.selection import Request, select
from parity.trial import check

# Another test of this process may have loaded JAX, which warns of forks; these do not touch it.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")

FACETS = ("value", "gradient", "dtype", "shape", "refusal", "layout")
CHANGES = [
    ("0.5 * x", "0.6 * x"),
    ("x + 1", "x + 2"),
    ("x == -100", "x == -99"),
    ("max(x, 1e-12)", "max(x, 1e-10)"),
    ("f(keepdims=True)", "f(keepdims=False)"),
    ("r == 'mean'", "r == 'sum'"),
    ("a + b", "a - b"),
    ("a * b", "a / b"),
    ("-x", "x"),
    ("a < b", "a <= b"),
    ("a < b", "a >= b"),
    ("a == b", "a != b"),
    ("a is None", "a is not None"),
    ("a and b", "a or b"),
    ("a and b", "b"),
    ("not a", "a"),
    ("loss * weight", "loss"),
    ("total / n", "total / (n - 1)"),
    ("xp.mean(x)", "xp.sum(x)"),
    ("xp.maximum(x, floor)", "x"),
    ("xp.minimum(x, top)", "top"),
    ("xp.zeros_like(x)", "xp.ones_like(x)"),
    ("widened(x)", "x"),
    ("rounded(x, input)", "x"),
    ("held(m)", "m"),
    ("x.long()", "x"),
    ("f(a, b)", "f(b, a)"),
    ("xp.where(c, a, b)", "xp.where(c, b, a)"),
    ("xp.sum(x, axis=1)", "xp.sum(x, axis=0)"),
    ("xp.sum(x, axis=axis)", "xp.sum(x, axis=-1)"),
    ("f(x, device=d)", "f(x)"),
    ("x in ('a', 'b')", "x in ('a',)"),
    ("a if c else b", "a if True else b"),
]

RULE = """
def loss(x, reduction):
    '''A docstring of 1 or 2 lines, mean.'''
    y: 'int' = _checks.floating(x)
    if x < 0:
        raise RuntimeError('no')
    _checks.fits(x)
    warnings.warn('1', stacklevel=3)
    match reduction:
        case 'none':
            return x
        case 'mean' | 'sum':
            return total(x)


def _slope(x):
    return sign(x)


_rule = differentiated(_formula, _slope)
"""


def after(text: str) -> list[str]:
    """What the mutants of ``text`` read."""
    return [ast.unparse(mutated(text, mutant)) for mutant in mutants_of("it", text)]


def test_text_of_the_example_parses() -> None:
    assert mutants_of("it", RULE)


@pytest.mark.parametrize(("before", "expected"), CHANGES, ids=[f"{a} to {b}" for a, b in CHANGES])
def test_operator_makes_its_change(before: str, expected: str) -> None:
    assert f"y = {expected}" in after(f"y = {before}")


@pytest.mark.parametrize(
    "expected",
    [
        "if True:", "if False:", "raise ValueError('no')", "return 2 * total(x)", "return 2 * sign(x)",
        "return detached(total(x))", "_rule = _formula",
        "case 'mean':", "case 'none':\n            return total(x)",
    ],
)  # fmt: skip
def test_operator_on_statements_makes_its_change(expected: str) -> None:
    assert any(expected in text for text in after(RULE))


@pytest.mark.parametrize("check", ["_checks.fits(x)\n", "warnings.warn("])
def test_check_or_warning_is_dropped(check: str) -> None:
    assert any(check not in text for text in after(RULE))


@pytest.mark.parametrize("kept", ["A docstring of 1 or 2 lines, mean.", "y: 'int'", "stacklevel=3", "'no'"])
def test_texts_annotations_and_places_of_warnings_are_not_mutated(kept: str) -> None:
    assert [
        m.id for m in mutants_of("it", RULE) if kept in m.before and kept not in m.after and m.after != "pass"
    ] == []


@pytest.mark.parametrize(("line", "met"), [("return rounded(", True), ("return along * xp.where(error", False)])
def test_detaching_is_noted_only_where_there_was_a_gradient(line: str, met: bool) -> None:
    mutant = next(m for m in mutants("huber_loss") if ":detached#" in m.id and m.before.startswith(line))
    function = copied(mutant).function("huber_loss")
    assert function is not None
    function(torch.ones(2, requires_grad=True), torch.zeros(2))
    assert has_cut() == met


def test_mutant_has_an_id_of_file_line_change_and_occurrence() -> None:
    found = [mutant.id for mutant in mutants_of("it", "\ny = a + b\nz = a + b + c\n")]
    assert [name for name in found if "+ to -" in name] == ["it:2:+ to -#1", "it:3:+ to -#1", "it:3:+ to -#2"]


def test_mutant_shows_its_line_before_and_after() -> None:
    mutant = next(mutant for mutant in mutants_of("it", RULE) if mutant.id == "it:5:< to <=#1")
    assert (mutant.before, mutant.after, mutant.statement) == ("if x < 0: ...", "if x <= 0: ...", 5)


@pytest.mark.parametrize("file", files())
def test_every_mutant_of_a_file_differs_and_has_an_id_of_its_own(file: str) -> None:
    found = mutants(file)
    texts = {ast.dump(mutated(source(file), mutant)) for mutant in found}
    assert len({mutant.id for mutant in found}) == len(texts) == len(found)
    assert ast.dump(ast.parse(source(file))) not in texts


def test_copy_imports_nothing_from_the_original() -> None:
    function = copied().function("cross_entropy")
    assert function is not None
    assert function.__module__ != "reimpl.cross_entropy"
    assert function.__globals__["log_softmax"].__module__ == "reimpl_mutant.log_softmax"


def test_mutant_of_a_loss_that_another_stands_on_changes_that_one_too() -> None:
    changed = next(mutant for mutant in mutants("log_softmax") if "dropped" in mutant.id and "floating" in mutant.id)
    function = copied(changed).function("cross_entropy")
    assert function is not None
    assert function.__globals__["log_softmax"].__module__ == "reimpl_mutant.log_softmax"
    assert {"log_softmax", "_autograd"} < needs("cross_entropy")


def test_probes_tell_which_statements_ran_in_either_pass() -> None:
    reached: set[tuple[str, int]] = set()
    function = probed(reached).function("smooth_l1_loss")
    assert function is not None
    function(torch.ones(2, requires_grad=True), torch.zeros(2)).backward()
    missed = {m.statement for m in mutants("smooth_l1_loss") if m.statement} - {
        line for file, line in reached if file == "smooth_l1_loss"
    }
    assert missed == {m.statement for m in mutants("smooth_l1_loss") if m.before.startswith("raise ")}


@pytest.mark.parametrize(("statement", "found"), [(3, 1), (9, 1), (5, 0), (None, 1)])
def test_trials_judged_are_those_that_run_the_statement_or_what_was_made_of_it_on_import(
    statement: int | None, found: int
) -> None:
    trial = select(Request(losses=["sigmoid"], device="cpu")).trials[0]
    bench = Bench([trial], [Look(0, (), (), frozenset({("it", 9)}))], frozenset({("it", 3)}))
    assert len(bench.looks_for(Mutant("it", "it", 1, "", "", statement), Counter())) == found


def _endless() -> None:
    limit_time(0.5)
    while True:
        pass


def test_task_that_hangs_or_dies_takes_no_other_with_it() -> None:
    tasks: list[Callable[[], object]] = [_endless, lambda: signal.raise_signal(signal.SIGKILL), lambda: "done"]
    ended = {at: (answer, status) for at, answer, status in in_children(tasks, 2)}
    assert ended == {0: (None, -OUT_OF_TIME), 1: (None, -signal.SIGKILL), 2: ("done", 0)}


@pytest.mark.parametrize("fault", NAMED, ids=lambda fault: fault.name)
def test_named_mutant_is_killed(fault: Named) -> None:
    subject = fault.subject
    trials = select(Request(losses=[fault.loss], device="cpu")).trials
    assert any(check(trial, subject, FACETS).failures for trial in trials if trial.form == "function")


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.mutants} {entry.source}")
def test_recorded_equivalent_names_a_mutant_that_there_is(entry: Entry) -> None:
    file = entry.mutants.partition(":")[0]
    assert any(entry.matches(mutant) for mutant in mutants(file))


def test_entry_without_a_reason_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "equivalent.yaml"
    path.write_text("- mutants: 'a:*'\n", encoding="utf-8")
    with pytest.raises(ParityError, match=r"equivalent.yaml:1:3: an entry has mutants and because"):
        entries(path)


def test_entry_matches_any_line_by_its_source() -> None:
    mutant = Mutant("it:7:* to /#2", "it", 7, "y = a * b", "y = a / b")
    assert Entry(Place("it", 1, 1), "it:*:* to /#2", "a reason", source="a * b").matches(mutant)


def test_loss_that_is_not_there_is_told() -> None:
    with pytest.raises(ParityError, match="no such file"):
        score(["mse_los"])


@pytest.fixture(scope="session")
def sample() -> Score:
    """Every fourth mutant of two files: one with rules by hand, one with a reduction of its own."""
    return score(["smooth_l1_loss", "multilabel_soft_margin_loss"], every=4)


def test_cases_kill_nearly_every_mutant_of_a_sample(sample: Score) -> None:
    assert sample.percent >= GOAL, summary(sample)


def test_summary_ends_with_the_score(sample: Score) -> None:
    assert f"MUTATION SCORE {sample.percent:.2f} %" in summary(sample).splitlines()[-1]


def test_every_file_has_been_judged_and_the_score_reaches_the_goal() -> None:
    assert figures()["percent"] >= GOAL
