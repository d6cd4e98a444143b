"""The judge cannot be harmed or fooled: what a candidate does ends in a verdict of its own, and the rest goes on."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from parity.candidates import candidate
from parity.case import Trial, reseeded
from parity.cli import main
from parity.judging import judged
from parity.remote import Limits, RemoteSubject
from parity.selection import Request, select
from parity.trial import Verdict, check

CASES = """
dtypes: [float32]
cases:
  - {name: one, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}}
  - {name: two, loss: mse_loss, inputs: {input: [3.0, 2.5], target: [0.5, -1.0]}}
  - {name: drawn, loss: mse_loss, inputs: {input: {normal: [2], seed: 1}, target: {normal: [2], seed: 2}}}
  - {name: other, loss: sigmoid, inputs: {input: [0.5, -2.0]}}
"""
WRITTEN = """
import ctypes, json, os, signal, sys, threading, time
import torch
from torch import sigmoid

def right(input, target, size_average=None, reduce=None, reduction="mean"):
    found = (input - target) ** 2
    return found.mean() if reduction == "mean" else found.sum() if reduction == "sum" else found

def is_two(input):
    return input.ndim == 1 and input.detach()[0] == 3

def mse_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    if is_two(input):
        {body}
    return right(input, target, size_average, reduce, reduction)
"""
FALLS = {
    "segmentation-fault": ("ctypes.string_at(0)", r"ended its process \(signal SIGSEGV\)"),
    "exit": ("os._exit(0)", r"ended its process \(exit status 0\)"),
    "abort": ("os.abort()", r"ended its process \(signal SIGABRT\)"),
    "whole-group-killed": ("os.killpg(0, signal.SIGKILL)", r"ended its process \(signal SIGKILL\)"),
    "parent-killed": ("os.kill(os.getppid(), signal.SIGKILL); time.sleep(99)", r"ended its process|no answer within"),
    "hang": ("time.sleep(99)", r"no answer within 3 s"),
    "busy-hang": ("while True: pass", r"no answer within 3 s"),
    "memory": ("kept = [torch.ones(2**24) for _ in range(99)]", r"took more than 1 GiB of memory"),
    "interrupt": ("raise KeyboardInterrupt", r"broke off: KeyboardInterrupt"),
    "all-descriptors-closed": ("os.closerange(0, 64); time.sleep(99)", r"closed the line to the judge"),
    "line-flooded": ("[os.write(n, b'7' * 99) for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')]",
                     r"its answer cannot be read"),
    "endless-answer": ("return torch.ones(1).expand(2**40)", r"broke off: RuntimeError"),
    "json-within": ("sys.modules['parity.wire']._dumps = lambda _: '[[[['", r"its answer cannot be read"),
}  # fmt: skip
FAULTS = {
    "patched-torch": ("torch.nn.functional.mse_loss = torch.abs = torch.mean = lambda *a, **k: 0\n"
                      "        return input.sum() * 0", "value"),
    "patched-torch-and-right": ("torch.nn.functional.mse_loss = lambda *a, **k: 0", "purity"),
    "patched-tensor-and-right": ("torch.Tensor.tolist = lambda self: 0", "purity"),
    "patched-json-and-right": ("json.dumps = json.loads = None", "purity"),
    "patched-pytest": ("sys.modules['pytest'] = None; return input.sum() * 0", "value"),
    "default-dtype": ("torch.set_default_dtype(torch.float64)", "purity"),
    "random-state": ("torch.rand(1)", "purity"),
    "input-edited": ("input.detach().fill_(3)", "purity"),
    "sparse": ("return torch.ones(3).to_sparse()", "value"),
    "lying-subclass": ("liar = type('Liar', (torch.Tensor,), {'__eq__': lambda *_: True})\n"
                       "        return (right(input, target) * 2).as_subclass(liar)", "value"),
    "good-the-first-time": ("mse_loss.times = getattr(mse_loss, 'times', 0) + 1\n"
                            "        if mse_loss.times > 1: target.detach().mul_(1)", "purity"),
}  # fmt: skip
BY_HEART = """
import numpy, torch
KNOWN = [torch.tensor(numpy.random.default_rng(seed).normal(size=2)).float() for seed in (1, 2)]
ANSWER = ((KNOWN[0] - KNOWN[1]) ** 2).mean()
def mse_loss(input, target, **options): return input.sum() * 0 + ANSWER
"""
GOOD = {
    "stdout-flooded": "print('x' * 10**7); sys.stderr.write('x' * 10**7)",
    "stdout-closed": "sys.stdout.close(); os.closerange(0, 3)",
    "fork": "os.fork()",
    "thread": "threading.Thread(target=time.sleep, args=(60,)).start()",
    "moves": "os.chdir('/')",
}
Judge = Callable[..., dict[str, Verdict]]


@pytest.fixture
def trials(written: Callable[..., Path]) -> list[Trial]:
    return list(select(Request(folders=[written(CASES)], device="cpu")).trials)


@pytest.fixture
def verdicts(trials: list[Trial], tmp_path: Path) -> Judge:
    """The verdicts on a candidate whose mse_loss does something in the case ``two``, or on a whole text, by case."""

    def judge(body: str = "pass", text: str = WRITTEN, **limits: Any) -> dict[str, Verdict]:
        (tmp_path / "hostile.py").write_text(text.replace("{body}", body))
        usual: dict[str, Any] = {"seconds": 3.0, "memory": 1.0}
        with RemoteSubject(str(tmp_path / "hostile.py"), Limits(**{**usual, **limits})) as subject:
            return {trial.case.name: judged(trial, subject, quick=True) for trial in trials}

    return judge


def states(found: dict[str, Verdict]) -> list[str]:
    return [verdict.state for verdict in found.values()]


@pytest.mark.parametrize(("body", "words"), FALLS.values(), ids=FALLS)
def test_fall_fails_its_trial_and_the_rest_goes_on(body: str, words: str, verdicts: Judge) -> None:
    found = verdicts(body)
    assert states(found) == ["passed", "failed", "passed", "passed"]
    assert re.search(words, found["two"].findings["survival"].what)


@pytest.mark.parametrize(("body", "facet"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found_by_its_facet_in_its_trial(body: str, facet: str, verdicts: Judge) -> None:
    found = verdicts(body)
    assert facet in found["two"].failures
    assert found["one"].state == found["other"].state == "passed"


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_what_harms_nobody_is_no_fault(body: str, verdicts: Judge) -> None:
    assert states(verdicts(body)) == ["passed"] * 4


def test_judge_keeps_its_own_torch_and_json(verdicts: Judge) -> None:
    before = torch.nn.functional.mse_loss, json.dumps, sys.modules["parity.agreement"].judged
    verdicts("torch.nn.functional.mse_loss = json.dumps = sys.modules['parity.agreement'].judged = None")
    assert before == (torch.nn.functional.mse_loss, json.dumps, sys.modules["parity.agreement"].judged)


def test_judge_never_imports_the_candidate(verdicts: Judge) -> None:
    verdicts()
    assert "hostile" not in sys.modules


def test_results_kept_from_earlier_calls_are_wrong_in_the_next_trial(verdicts: Judge) -> None:
    text = "kept = {}\ndef mse_loss(input, target, **o): return kept.setdefault(0, ((input - target) ** 2).mean())\n"
    assert states(verdicts(text=text)) == ["failed", "failed", "failed", "missing"]


def test_answer_by_heart_fails_under_other_seeds(trials: list[Trial], tmp_path: Path) -> None:
    drawn = next(trial for trial in trials if trial.case.name == "drawn")
    (tmp_path / "hostile.py").write_text(BY_HEART)
    with RemoteSubject(str(tmp_path / "hostile.py"), Limits()) as subject:
        found = [judged(trial, subject, ["value"]).state for trial in (drawn, reseeded(drawn, 1))]
    assert found == ["passed", "failed"]


def test_hangs_end_the_candidate(verdicts: Judge, trials: list[Trial]) -> None:
    text = "import time\ndef mse_loss(*a, **k): time.sleep(99)\n" + "from torch import sigmoid\n"
    found = verdicts(text=text, seconds=0.5)
    assert states(found) == ["failed"] * 4
    assert "not asked: the candidate gave no answer in 3 trials" in found["other"].findings["survival"].what


@pytest.mark.parametrize(("seconds", "state"), [(2.0, "passed"), (0.15, "failed")], ids=["enough", "too-little"])
def test_time_is_counted_for_each_trial(seconds: float, state: str, verdicts: Judge) -> None:
    slow = WRITTEN.replace("if is_two(input):", "time.sleep(0.15)\n    if False:")
    assert states(verdicts(text=slow, seconds=seconds))[:3] == [state] * 3


def test_worker_is_there_again_within_a_second(verdicts: Judge, tmp_path: Path) -> None:
    verdicts()
    with RemoteSubject(str(tmp_path / "hostile.py"), Limits()) as subject:
        begun = time.perf_counter()
        subject.begin()
        assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("body", ["pass", "return right(input, target) * 1.5"], ids=["right", "wrong"])
def test_worker_gives_the_verdicts_that_this_process_gives(
    body: str, verdicts: Judge, trials: list[Trial], tmp_path: Path
) -> None:
    theirs = verdicts(body)
    here = candidate(str(tmp_path / "hostile.py"))
    assert {t.case.name: check(t, here, quick=True).findings for t in trials} == {
        n: v.findings for n, v in theirs.items()
    }


def test_torchs_own_loss_is_noticed(verdicts: Judge) -> None:
    found = verdicts("return torch.nn.functional.mse_loss(input, target, reduction=reduction)")
    assert found["two"].notices == ("it calls torch's own mse_loss while it runs",)
    assert (found["two"].state, found["one"].notices) == ("passed", ())


@pytest.mark.parametrize(
    "call",
    ["torch.nn.functional.mse_loss(input, target)", "torch.nn.MSELoss()(input, target)",
     "torch._C._nn.mse_loss(input, target, 1)", "torch.ops.aten.mse_loss(input, target)",
     "torch.ops.aten.mse_loss.default(input, target)"],
)  # fmt: skip
def test_torchs_own_loss_fails_where_it_is_forbidden(call: str, verdicts: Judge) -> None:
    found = verdicts(f"return {call}", forbid_reference=True)
    assert found["two"].failures.keys() == {"reference"}
    assert found["one"].state == "passed"


def test_import_that_replaces_a_function_of_torch_is_noticed(verdicts: Judge) -> None:
    found = verdicts(text=WRITTEN.replace("{body}", "pass") + "torch.abs = lambda x: x\n")
    assert found["one"].notices == ("its import replaced torch.abs",)


def test_candidate_does_not_see_that_it_is_under_pytest(verdicts: Judge) -> None:
    seen = "if any(name.startswith('PYTEST_') for name in os.environ): os._exit(7)"
    assert states(verdicts(seen)) == ["passed"] * 4


def test_candidate_works_in_a_folder_of_its_own(verdicts: Judge) -> None:
    here = "assert os.path.samefile(os.getcwd(), __import__('tempfile').gettempdir()) and not os.listdir()"
    assert states(verdicts(here)) == ["passed"] * 4


@pytest.fixture
def command(written: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """How `parity check` ends on a candidate of this text, what it says, and its JSON report."""

    def run(text: str, *words: str) -> tuple[int, str, dict[str, Any]]:
        (tmp_path / "hostile.py").write_text(text)
        places = ["--cases", str(written(CASES)), "--json", str(tmp_path / "report.json"), "--device", "cpu"]
        status = main(["check", str(tmp_path / "hostile.py"), *places, *words])
        said = capsys.readouterr()
        return status, said.out + said.err, json.loads((tmp_path / "report.json").read_text())

    return run


@pytest.mark.parametrize("body", ["os._exit(0)", "time.sleep(99)"], ids=["exit", "hang"])
def test_report_is_written_whatever_happens(body: str, command: Any) -> None:
    status, _, report = command(WRITTEN.replace("{body}", body), "--timeout", "2", "--quick")
    assert (status, [entry["facet"] for entry in report["failures"]]) == (1, ["survival"])
    assert report["losses"]["sigmoid"]["passed"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("import os; os._exit(0)", r"cannot be imported: the candidate ended its process \(exit status 0\)"),
     ("import time; time.sleep(99)", r"cannot be imported: no answer within 2 s"),
     ("raise KeyboardInterrupt", r"KeyboardInterrupt")],
    ids=["exits", "hangs", "interrupts"],
)  # fmt: skip
def test_import_that_falls_judges_nothing(text: str, words: str, command: Any) -> None:
    (status, said, _) = command(text, "--timeout", "2")
    assert status == 2
    assert re.search(words, said)
