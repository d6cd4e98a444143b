"""What the engine's tests share: a folder with one case file, the trials in it, and one thread for small tensors."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from parity.case import Trial
from parity.losses import Subject
from parity.selection import Request, select


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes the text of one case file and gives the folder that holds it."""

    def write(text: str, name: str = "it.yaml") -> Path:
        folder = tmp_path / "written"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def trials_of(written: Callable[..., Path]) -> Callable[[str], list[Trial]]:
    """The trials on the CPU of a case file that has no problem; the costly facets have tests of their own."""

    def read(text: str) -> list[Trial]:
        selection = select(Request(folders=[written(text)], device="cpu"))
        assert selection.problems == []
        return [replace(trial, depth=0) for trial in selection.trials]

    return read


@pytest.fixture
def trial_of(trials_of: Callable[[str], list[Trial]]) -> Callable[..., Trial]:
    """The one trial that some lines make: of mse_loss in float32 unless they say otherwise."""

    def only(lines: str, entry: str = "cases") -> Trial:
        usual = {"loss: ": "loss: mse_loss", "dtypes: ": "dtypes: [float32]"}
        given = [line for word, line in usual.items() if word not in lines and (entry == "cases" or word != "loss: ")]
        body = "".join(f"    {line}\n" for line in (*given, *lines.splitlines()))
        (found,) = trials_of(f"{entry}:\n  - name: it\n{body}")
        return found

    return only


@pytest.fixture(scope="session")
def subject_of() -> Callable[..., Subject]:
    """A candidate of the functions given by name."""

    def build(forms: Any = None, **functions: Any) -> Subject:
        return Subject("a candidate", SimpleNamespace(**functions), forms=forms)

    return build
