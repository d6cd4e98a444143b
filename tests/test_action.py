"""The action and the hooks that other people's CI uses, each run as it is run there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from parity.cli import main
from parity.loader.vocabulary import EXPECTATION

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, JUDGE = ACTION["runs"]["steps"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
FILES = {
    "wrong.py": "def mse_loss(input, target, **options): return (input - target).sum()\n",
    "good.yaml": "- {trials: mse_loss/a, facet: value, because: it is a sum, state: never}\n",
    "bad.yaml": "- {trials: mse_loss/a, facet: value, because: it is a sum, state: never}\n- 5\n",
    "cases/it.yaml": "cases:\n  - {name: a, loss: mse_loss, inputs: {input: [1.0, 2.5], target: [0.5, -1.0]}}\n",
    "broken/it.yaml": "cases: 5\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The adopter's repository, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_page_for_adopters_names_every_input_and_every_key() -> None:
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "adopting.md").read_text(encoding="utf-8")))
    assert {*ACTION["inputs"], *EXPECTATION, *ACTION["outputs"]} <= named


@pytest.fixture
def hooked(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """What a hook's command says of some files."""

    def run(hook: int, *files: str) -> tuple[int, str]:
        program, *words = shlex.split(HOOKS[hook]["entry"])
        assert program == "parity"
        return main([*words, *files]), "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("hook", "good", "bad", "message"),
    [(0, "cases/it.yaml", "broken/it.yaml", "broken/it.yaml:1:8: "), (1, "good.yaml", "bad.yaml", "bad.yaml:2:3: ")],
    ids=["cases", "expected"],
)
def test_hook_tells_the_bad_file_from_the_good_one(
    hook: int, good: str, bad: str, message: str, hooked: Callable[..., tuple[int, str]]
) -> None:
    assert hooked(hook, good)[0] == 0
    status, said = hooked(hook, good, bad)
    assert (status, message in said, f"{good}:" in said) == (2, True, False), said


def test_lint_of_no_file_ends_with_2(folder: Path) -> None:
    assert main(["lint"]) == 2


@pytest.mark.usefixtures("folder")
def test_lint_reads_a_register_of_quirks_without_the_cases_that_it_names() -> None:
    assert main(["lint", str(ROOT / "cases" / "quirks.yaml")]) == 0


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hook_says_all_that_pre_commit_asks_for(hook: dict[str, Any]) -> None:
    assert {"id", "name", "entry", "language", "files", "types"} <= hook.keys()
    assert re.compile(hook["files"]).search("cases/a.yaml" if hook["id"] == "parity-cases" else "parity-expected.yaml")


@pytest.fixture
def act(folder: Path) -> Callable[..., tuple[int, str]]:
    """Runs the action's judging step as the runner does: its inputs in the environment, its script by bash."""

    def run(python: str = sys.executable, **inputs: str) -> tuple[int, str]:
        given = {name: ACTION["inputs"][name].get("default", "") for name in ACTION["inputs"]} | inputs
        names = {name: re.findall(r"inputs\.(\w+)", value)[0] for name, value in JUDGE["env"].items()}
        runner = {"RUNNER_TEMP": str(folder), "GITHUB_WORKSPACE": str(folder), "PYTHONPATH": str(ROOT)}
        files = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        environment = {**os.environ, **runner, **files, **{name: given[of] for name, of in names.items()}}
        (folder / "step.sh").write_text(JUDGE["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"], cwd=folder, capture_output=True, text=True,
            env=environment | {"PYTHON": python}, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("step", [INSTALL, JUDGE], ids=["install", "judge"])
def test_action_gives_its_inputs_by_the_environment_alone(step: dict[str, Any]) -> None:
    assert (step["shell"], "${{" in step["run"]) == ("bash", False)
    assert all(re.fullmatch(r"\$\{\{ inputs\.\w+ \}\}", value) for value in step["env"].values())


def test_action_takes_what_its_steps_use() -> None:
    used = {re.findall(r"inputs\.(\w+)", value)[0] for step in (INSTALL, JUDGE) for value in step["env"].values()}
    assert used == set(ACTION["inputs"])


@pytest.mark.parametrize(("candidate", "status"), [("wrong.py", 1), ("no_such_file.py", 2)])
def test_action_ends_as_the_gate_does(candidate: str, status: int, act: Callable[..., tuple[int, str]]) -> None:
    ended, said = act(candidate=candidate, cases="cases", args="--jobs 1 --quick")
    assert ended == status, said
    found = dict(line.split("=", 1) for line in Path("GITHUB_OUTPUT").read_text().splitlines())
    assert found["status"] == str(status)
    assert {path.name for path in Path(found["reports"]).iterdir()} == {
        "parity.json",
        "junit.xml",
        "index.html",
        "summary.md",
    }
    assert Path("GITHUB_STEP_SUMMARY").read_text().startswith("## ")


def test_action_hands_on_each_word_as_it_is(act: Callable[..., tuple[int, str]], folder: Path) -> None:
    (folder / "recorder").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > words\n')
    (folder / "recorder").chmod(0o755)
    status, _ = act(
        str(folder / "recorder"), candidate="$(touch hacked);", losses="mse_loss  l1_loss", cases="a b\n*.py\n",
        framework="jax", args="--quick *",
    )  # fmt: skip
    words = Path("words").read_text().split("\n")
    assert (status, Path("hacked").exists()) == (0, False)
    assert words[4:16] == ["$(touch hacked);", "--loss", "mse_loss", "--loss", "l1_loss", "--cases", "a b", "--cases",
                           "*.py", "--framework", "jax", "--quick"]  # fmt: skip
    assert words[16] == "*"
