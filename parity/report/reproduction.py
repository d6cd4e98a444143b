"""A failure to take along: its script, and a case file that fails in the same way."""

import re
from dataclasses import replace
from pathlib import Path
from zlib import crc32

from parity.case import Input, Trial
from parity.inputs import build, literal
from parity.loader import MAX_NAME, written
from parity.losses import signatures
from parity.report.files import put_text
from parity.report.run import Run
from parity.report.script import FEW, script
from parity.shrinking import first_failures
from parity.trial import Verdict


def write_reproductions(run: Run, folder: Path) -> None:
    """Writes ``LOSS_CASE.py`` and ``LOSS_CASE.yaml`` for the first failure of each of the first cases that fail.

    Raises:
        ParityError: a file cannot be written.
    """
    taken: set[str] = set()
    for verdict in first_failures(run.verdicts):
        stem = _unlike(taken, re.sub(r"[^A-Za-z0-9=.]+", "_", verdict.trial.id).strip("_."))
        taken.add(stem)
        for suffix, text in {"py": "\n".join(script(verdict, run)), "yaml": case_file(verdict, run)}.items():
            if text:
                put_text(folder / f"{stem}.{suffix}", "reproduction", f"{text.rstrip()}\n")


def _unlike(taken: set[str], stem: str) -> str:
    found, count = stem, 1
    while found in taken:
        count += 1
        found = f"{stem}_{count}"
    return found


def case_file(verdict: Verdict, run: Run) -> str:
    """The text of a case file whose one case fails as ``verdict`` does; empty where no case could: for an identity, for
    a loss without its reference, and where only what the case prints is not met."""
    verdict = run.smaller.get(verdict.trial.id, verdict)
    trial = verdict.trial
    if trial.case.left is not None or verdict.absent or set(verdict.failures) <= {"expect"}:
        return ""
    about = f"a candidate deviated here in {' and '.join(verdict.failures)}; found by {trial.id}"
    return written(_spelled_out(trial), signatures()[trial.case.loss], _named(trial), about)


def _named(trial: Trial) -> str:
    """A name unlike that of the trial's case, and of its other trials."""
    name = f"{trial.case.name} {'-'.join(trial.labels)}".replace("/", "_")
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 9]} {crc32(name.encode()):08x}"


def _spelled_out(trial: Trial) -> Trial:
    """With a literal for each input of few elements; a recipe says more than many numbers."""
    signature = signatures()[trial.case.loss]
    tensors = build(trial, signature)
    inputs: dict[str, Input | None] = dict(trial.inputs)
    for name, like in trial.inputs.items():
        tensor = tensors[name]
        if tensor is not None and like is not None and tensor.numel() <= FEW:
            inputs[name] = literal(tensor, like, name, trial, signature) or like
    return replace(trial, inputs=inputs)
