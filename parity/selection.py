"""Which trials a request means: the case files, the losses, cases, dtypes and devices asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

import torch
from packaging.specifiers import SpecifierSet

from parity.case import Case, Quirk, Trial, trials_of
from parity.depth import deepened
from parity.errors import ParityError
from parity.loader import load
from parity.losses import signatures, spellings

ACCELERATORS = ("cuda", "mps")
NOT_ON_MPS = ("float64", "complex128")  # Metal has no double precision


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for; empty sequences mean everything. ``device`` None means CPU and every accelerator here."""

    folders: Sequence[Path] = ()
    losses: Sequence[str] = ()
    cases: Sequence[str] = ()
    dtypes: Sequence[str] = ()
    device: str | None = None
    required: Sequence[str] = ()
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """``skipped`` are the trials that would have run on a device that is not here, ``quirks`` those of this torch that
    the trials can meet."""

    trials: Sequence[Trial]
    problems: Sequence[str]
    skipped: Sequence[Trial]
    quirks: Sequence[Quirk] = ()


def shipped_cases() -> Path:
    """The folder of the cases that come with the suite: in the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "cases"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "cases"


def select(request: Request) -> Selection:
    """The trials that ``request`` means.

    Raises:
        ParityError: it names an unknown loss, or a required device is not there.
    """
    _check_losses(request.losses)
    present = present_devices()
    for device in request.required:
        if device not in present:
            raise ParityError(
                f"--require {device}: there is none here (torch {torch.__version__} sees: {', '.join(present)})"
            )
    folders = list(request.folders) or [shipped_cases()]
    loaded = load(folders, spellings(), shipped=not request.folders)
    losses = {case.loss for case in loaded.cases if _is_wanted(case, request)}
    # A trial is looked at as deeply alone as among all: all of its loss are there to choose from.
    cases = [case for case in loaded.cases if case.loss in losses and _is_here(case.torch)]
    wanted = [request.device] if request.device not in (None, "all") else ["cpu", *ACCELERATORS]
    trials: list[Trial] = []
    skipped: list[Trial] = []
    for device in wanted:
        every = deepened([trial for case in cases for trial in _trials(case, str(device))])
        found = [trial for trial in every if _is_meant(trial, request)]
        if request.quick:
            first = {trial.case.id: trial.dtype for trial in reversed(found)}
            found = [trial for trial in found if trial.dtype == first[trial.case.id]]
        if device in present:
            trials += found
        elif device != "mps" or request.device == "mps":
            skipped += found
    quirks = [quirk for quirk in loaded.quirks if _is_here(quirk.torch)]
    met = {trial.case.id for trial in trials}
    return Selection(
        [_marked(trial, quirks) for trial in trials],
        [str(problem) for problem in loaded.problems],
        skipped,
        [quirk for quirk in quirks if met & set(quirk.cases)],
    )


def _is_here(versions: str) -> bool:
    """Whether this torch is one of the ``versions``."""
    return SpecifierSet(versions).contains(torch.__version__, prereleases=True)


def _marked(trial: Trial, quirks: Sequence[Quirk]) -> Trial:
    """With the quirk that leaves its result undefined, if one does."""
    found = (q.id for q in quirks if q.kind == "undefined" and trial.case.id in q.cases and trial.device in q.devices)
    name = next(found, "")
    return replace(trial, undefined=name) if name else trial


def present_devices() -> tuple[str, ...]:
    """``cpu`` and the accelerators that torch can use here."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return ("cpu", *(device for device in ACCELERATORS if has[device]))


def _check_losses(names: Sequence[str]) -> None:
    known = [*signatures(), "identities"]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ParityError(f"--loss {name}: unknown loss{hint} losses: {', '.join(known)}")


def _is_wanted(case: Case, request: Request) -> bool:
    if request.losses and case.loss not in request.losses:
        return False
    if not request.cases:
        return True
    return any(_matches(case, glob) for glob in request.cases)


def _matches(case: Case, glob: str) -> bool:
    """``glob`` is the case's name or id, a trial of it, or a pattern; a name may hold what else reads as a pattern."""
    names = (case.id, case.name)
    return glob in names or glob.startswith(f"{case.id}[") or any(fnmatchcase(name, glob) for name in names)


def _trials(case: Case, device: str) -> list[Trial]:
    if case.devices and device not in case.devices:
        return []
    return [trial for trial in trials_of(case, device) if not (device == "mps" and trial.dtype in NOT_ON_MPS)]


def _is_meant(trial: Trial, request: Request) -> bool:
    return (not request.dtypes or trial.dtype in request.dtypes) and (
        not request.cases or any(_means(glob, trial) for glob in request.cases)
    )


def _means(glob: str, trial: Trial) -> bool:
    """A trial's own id means that trial alone."""
    return glob == trial.id or (not glob.startswith(f"{trial.case.id}[") and _matches(trial.case, glob))
