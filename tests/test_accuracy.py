"""Accuracy over samples of the input space: what is drawn, what is measured, what is told."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from parity.accuracy import SIDES, Accuracy, Plan, Spread, measure
from parity.accuracy.samples import Sample, Samples
from parity.accuracy.variations import KINDS
from parity.case import Trial
from parity.cli import main
from parity.losses import REFERENCE, Subject
from parity.references import References
from parity.ulp import numbers

CASES = """
dtypes: [float32]
cases:
  - {name: it, loss: mse_loss, inputs: {input: {normal: [3, 2], seed: 1}, target: {normal: [3, 2], seed: 2}},
     options: {reduction: none}}
"""
JOIN = """
dtypes: [float32]
cases:
  - {name: it, loss: smooth_l1_loss, inputs: {input: [1.0, -2.0, 0.25], target: [0.5, 1.0, -0.125]},
     options: {beta: 0.75}}
"""
SHARES = """
dtypes: [float32]
cases:
  - {name: it, loss: binary_cross_entropy, inputs: {input: {uniform: [4], seed: 1}, target: {uniform: [4], seed: 2}}}
"""
LABELS = """
dtypes: [float32]
cases:
  - {name: it, loss: cross_entropy, inputs: {input: {normal: [3, 4], seed: 1}, target: [1, 3, 0]}}
"""
MARKS = """
dtypes: [float32]
cases:
  - {name: it, loss: hinge_embedding_loss, inputs: {input: {normal: [3], seed: 1}, target: [1.0, -1.0, 1.0]}}
"""
EACH = 10 * len(KINDS)  # samples: ten of each kind
Measured = Callable[..., Accuracy]
Drawn = Callable[..., list[Sample]]


@pytest.fixture
def measured(trials_of: Callable[[str], list[Trial]], subject_of: Callable[..., Subject]) -> Measured:
    """The accuracy of a function on samples about ``text``'s cases."""

    def of(function: Callable[..., Any], text: str = CASES, **plan: Any) -> Accuracy:
        trials = trials_of(text)
        subject = subject_of(**{trials[0].case.loss: function})
        return measure(trials[0].case.loss, subject, trials, Plan(**{"samples": EACH} | plan))

    return of


@pytest.fixture
def drawn(trials_of: Callable[[str], list[Trial]]) -> Drawn:
    """Samples about ``text``'s cases, of one kind or of all."""

    def of(text: str, kind: str | None = None, seed: int = 0) -> list[Sample]:
        samples = Samples(trials_of(text), "float32", seed)
        return [sample for sample in map(samples.__getitem__, range(EACH)) if kind in (None, sample.kind)]

    return of


def value(found: Accuracy) -> Spread:
    return found.parts[0].spreads[0]


def figures(found: Accuracy) -> list[tuple[float, ...]]:
    return [(s.largest(x), s.mean(x), s.high(x), s.nearer(x)) for p in found.parts for s in p.spreads for x in SIDES]


def all_numbers(samples: list[Sample], argument: str = "input") -> np.ndarray:
    return np.concatenate([numbers(sample.call.tensors[argument]).ravel() for sample in samples])


def ulps_off(ulps: int) -> Callable[..., torch.Tensor]:
    """torch's mse_loss, ``ulps`` too large."""

    def mse_loss(*a: Any, **k: Any) -> torch.Tensor:
        right = F.mse_loss(*a, **k)
        step = torch.nextafter(right.detach(), torch.full_like(right, torch.inf)) - right.detach()
        return right + ulps * step

    return mse_loss


def in_double(input: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return F.mse_loss(input.double(), target.double(), **options).to(input.dtype)


def test_same_seed_gives_the_same_figures(measured: Measured) -> None:
    assert figures(measured(F.mse_loss)) == figures(measured(F.mse_loss))


def test_other_seed_draws_other_numbers(drawn: Drawn) -> None:
    assert (all_numbers(drawn(CASES)) != all_numbers(drawn(CASES, seed=1))).mean() > 0.5


def test_sample_is_drawn_alone_as_among_others(measured: Measured) -> None:
    among = value(measured(ulps_off(8))).worst["candidate"]
    alone = value(measured(ulps_off(8), only=among.sample.number)).worst["candidate"]
    assert (alone.index, alone.numbers, alone.truth) == (among.index, among.numbers, among.truth)


def test_planted_error_of_eight_ulps_is_shown(measured: Measured) -> None:
    spread = value(measured(ulps_off(8)))
    assert [round(spread.mean("candidate")), round(spread.mean("torch"))] == [8, 0]


def test_candidate_that_rounds_once_is_the_more_accurate(measured: Measured) -> None:
    spread = value(measured(in_double))
    assert spread.nearer("candidate") > spread.nearer("torch") == 0
    assert spread.largest("candidate") <= 0.5001 < spread.largest("torch")


def test_every_gradient_has_its_row(measured: Measured) -> None:
    names = [spread.quantity for spread in measured(F.mse_loss).parts[0].spreads]
    assert names == ["value", "gradient of input", "gradient of target"]


def test_wrong_gradient_is_shown(measured: Measured) -> None:
    spreads = measured(lambda i, t, **k: F.mse_loss(i, t.detach(), **k)).parts[0].spreads
    assert [spread.infinite("candidate") for spread in spreads] == [0, 0, spreads[2].count]


@pytest.mark.parametrize("answer", [torch.nan, torch.inf], ids=str)
def test_answer_that_is_not_finite_counts_as_infinite_error(answer: float, measured: Measured) -> None:
    spread = value(measured(lambda i, t, **k: F.mse_loss(i, t, **k) * answer))
    assert spread.infinite("candidate") == spread.count > spread.infinite("torch") == 0


def test_sample_that_the_candidate_refuses_is_counted(measured: Measured) -> None:
    part = measured(lambda *a, **k: 1 / 0).parts[0]
    assert part.unanswered == part.drawn == EACH


def test_sample_that_torch_refuses_is_dropped_and_counted(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    right = F.mse_loss

    def choosy(input: torch.Tensor, *a: Any, **k: Any) -> torch.Tensor:
        if input.abs().max() > 1000:
            raise ValueError("too large")
        return right(input, *a, **k)

    monkeypatch.setattr(References, "__getattr__", lambda _, loss: choosy)
    part = measured(right).parts[0]
    assert 0 < part.refused < EACH
    assert part.spreads[0].count == 6 * (EACH - part.refused)


def test_float64_is_measured_by_digits(measured: Measured) -> None:
    found = measured(in_double, CASES.replace("float32", "float64"))
    assert 0 < value(found).largest("torch") < 10
    assert value(found).unknown == 0


def test_slope_at_a_kink_is_unknown_in_float64(measured: Measured) -> None:
    found = measured(F.hinge_embedding_loss, MARKS.replace("float32", "float64"))
    slopes = found.parts[0].spreads[1]
    assert slopes.unknown > 0
    assert slopes.largest("torch") < 10


def test_work_in_digits_is_limited_and_what_is_left_is_counted(measured: Measured) -> None:
    large = CASES.replace("float32", "float64").replace("[3, 2]", "[5, 6]")
    part = measured(F.mse_loss, large).parts[0]
    assert (part.drawn + part.left, part.left > 0) == (EACH, True)


def test_histogram_counts_every_element(measured: Measured) -> None:
    spread = value(measured(F.mse_loss))
    assert spread.histogram("torch").sum() == spread.count


@pytest.mark.parametrize("kind", KINDS)
def test_variation_changes_the_input(kind: str, drawn: Drawn) -> None:
    assert len({tuple(all_numbers([sample])) for sample in drawn(CASES, kind)}) > 5


@pytest.mark.parametrize("kind", ["scaled", "all magnitudes"])
def test_magnitudes_from_small_to_large_are_reached(kind: str, drawn: Drawn) -> None:
    sizes = np.abs(all_numbers(drawn(CASES, kind)))
    assert sizes.min() < 2.0**-15 < 2.0**15 < sizes.max()


def test_kink_of_an_option_is_reached(drawn: Drawn) -> None:
    samples = drawn(JOIN, "at options")
    errors = np.abs(all_numbers(samples) - all_numbers(samples, "target"))
    assert (np.abs(errors - 0.75) < 1e-6).any()


def test_input_next_to_the_target_is_reached(drawn: Drawn) -> None:
    samples = drawn(JOIN, "close")
    input, target = all_numbers(samples), all_numbers(samples, "target")
    assert np.abs(input / target - 1).max() < 1e-6


def test_far_offset_is_common_to_input_and_target(drawn: Drawn) -> None:
    samples = drawn(JOIN, "offset")
    offsets = all_numbers(samples) - [1.0, -2.0, 0.25] * len(samples)
    assert np.abs(offsets).max() > 1000
    assert np.allclose(offsets, all_numbers(samples, "target") - [0.5, 1.0, -0.125] * len(samples), rtol=1e-6, atol=1)


def test_saturated_logits_are_reached(drawn: Drawn) -> None:
    powers = np.log10(np.abs(all_numbers(drawn(LABELS, "saturated"))))
    assert [round(powers.min()), round(powers.max())] == [0, 3]


def test_saturated_probabilities_are_reached(drawn: Drawn) -> None:
    shares = all_numbers(drawn(SHARES, "saturated"))
    assert shares.min() < 1e-6 < 1 - 1e-6 < shares.max()


@pytest.mark.parametrize("argument", ["input", "target"])
def test_probabilities_stay_probabilities(argument: str, drawn: Drawn) -> None:
    shares = all_numbers(drawn(SHARES), argument)
    assert 0 <= shares.min() < shares.max() <= 1


@pytest.mark.parametrize(("text", "kept"), [(LABELS, [1, 3, 0]), (MARKS, [1, -1, 1])], ids=["labels", "marks"])
def test_labels_stay(text: str, kept: list[int], drawn: Drawn) -> None:
    assert {tuple(sample.call.tensors["target"].tolist()) for sample in drawn(text)} == {tuple(kept)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with case files and candidates."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "it.yaml").write_text(CASES)
    (tmp_path / "theirs.py").write_text("from torch.nn.functional import mse_loss\n")
    return tmp_path


@pytest.fixture
def parity(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line on the folder's cases: status, output, errors."""

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = main(["accuracy", *words])
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return run


Command = Callable[..., tuple[int, str, str]]
WORDS = ("mse_loss", "theirs.py", "--cases", "cases", "--samples", "35")


def test_command_tells_the_same_twice(parity: Command) -> None:
    first, second = parity(*WORDS), parity(*WORDS)
    assert (first, first[0]) == (second, 0)


def test_command_tells_table_histogram_and_farthest(parity: Command) -> None:
    out = parity(*WORDS)[1]
    assert re.search(r"^ +gradient of target +210 ", out, re.MULTILINE)
    assert re.search(r"^ +≤ 0\.5 +\d+ █", out, re.MULTILINE)
    assert re.search(r"^ +input = \[\[\S+ \(-?0x1\S+p\S+\), ", out, re.MULTILINE)


def test_command_printed_beside_a_sample_draws_it_again(parity: Command) -> None:
    told = re.search(
        r"float32 value: .*\n( +candidate .*)\n(?:.*\n)+?    again: parity accuracy (.*)", parity(*WORDS)[1]
    )
    assert told is not None
    assert told[1] in parity(*shlex.split(told[2]))[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mse_los"], r"unknown loss; did you mean 'mse_loss'"),
        (["l1_loss", "theirs.py"], r"theirs\.py lacks l1_loss"),
        (["mse_loss", "nobody"], r"'nobody' cannot be imported"),
        (["l1_loss"], r"l1_loss: of 0 samples torch took none"),
        (["mse_loss", "--dtype", "float16"], r"mse_loss: of 0 samples torch took none"),
        (["mse_loss", "--dtype", "float8"], r"invalid choice: 'float8'"),
        (["mse_loss", "--samples", "few"], r"invalid _whole value: 'few'"),
        (["mse_loss", "--plot", "it.txt"], r"--plot it\.txt: a plot is a file of \.png or \.svg"),
        (["mse_loss", "--samples", "1", "--json", "cases"], r"cases: the json report cannot be written"),
    ],
    ids=["loss", "lacks", "candidate", "no-case", "no-dtype", "dtype", "samples", "plot", "report"],
)
def test_what_cannot_be_measured_ends_with_2(words: list[str], message: str, parity: Command) -> None:
    status, _, err = parity(*words, "--cases", "cases")
    assert status == 2
    assert re.search(message, err)


def test_bad_case_file_ends_with_2(parity: Command, folder: Path) -> None:
    (folder / "cases" / "it.yaml").write_text("cases: 5\n")
    status, _, err = parity(*WORDS)
    assert (status, "it.yaml:1:" in err) == (2, True)


def test_loss_without_floats_ends_with_2(parity: Command) -> None:
    assert parity("one_hot")[0] == 2


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")], ids=["png", "svg"])
def test_plot_is_drawn_the_same_twice(kind: str, magic: bytes, parity: Command) -> None:
    pytest.importorskip("matplotlib")
    for name in ("one", "two"):
        parity(*WORDS, "--plot", f"deep/{name}.{kind}")
    one, two = (Path(f"deep/{name}.{kind}").read_bytes() for name in ("one", "two"))
    assert (one, one[: len(magic)]) == (two, magic)


def test_plot_without_matplotlib_says_what_to_install(parity: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = parity(*WORDS, "--plot", "it.png")
    assert (status, "pip install 'loss-parity[plot]'" in err) == (2, True)


def test_report_holds_the_inputs_of_the_worst_sample(parity: Command) -> None:
    parity(*WORDS, "--json", "it.json")
    worst = json.loads(Path("it.json").read_text())["dtypes"]["float32"]["quantities"]["value"]["torch"]["farthest"]
    input, target = (np.vectorize(float.fromhex)(worst["arguments"][name]) for name in ("input", "target"))
    right = F.mse_loss(torch.tensor(input).float(), torch.tensor(target).float(), reduction="none")
    assert right[tuple(worst["index"])].item() == worst["numbers"]["torch"]


def test_reference_is_as_accurate_as_itself(measured: Measured) -> None:
    spread = value(measured(REFERENCE.function("mse_loss")))
    assert [spread.nearer(side) for side in SIDES] == [0, 0]
