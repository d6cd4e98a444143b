"""The suite inside somebody else's tests: one call that judges, and raises what it has to say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity.candidates import MARK, is_one, own_name, subject_of
from parity.candidates import candidate as found
from parity.errors import ParityError
from parity.judging import judged
from parity.losses import Subject, signatures, usual_form
from parity.report import Run, screen
from parity.selection import Request, select

SCREENS = 3  # failures told in full


def assert_parity(
    candidate: Any,
    *losses: str,
    cases: Sequence[str] = (),
    folders: Sequence[Path] = (),
    dtypes: Sequence[str] = (),
    device: str | None = "cpu",
    quick: bool = False,
) -> None:
    """Judges ``candidate`` in this process, and raises where it deviates.

    Args:
        candidate: what ``parity check`` takes, as text; or a function, or a module, class, instance or mapping that
            holds functions.
        losses: these losses only; for one function the loss that it is, unless it has that name or is marked by
            ``implements``.
        cases: patterns of cases (``cross_entropy/ignored*``); empty for all.
        folders: cases of your own instead of the shipped ones.
        dtypes: ``float32``, … only.
        device: where; None is the CPU and each accelerator that is here.
        quick: one dtype a case, no costly facets.

    Raises:
        AssertionError: it deviates; says where and by how much.
        ParityError: nothing could be judged: no such candidate, a loss that it lacks, an error in a case file.
    """
    subject = _subject(candidate, losses)
    selection = select(
        Request(
            folders=folders, losses=_wanted(subject, losses), cases=cases, dtypes=dtypes, device=device, quick=quick
        )
    )
    if selection.problems:
        raise ParityError("\n".join(selection.problems))
    verdicts = [judged(trial, subject, quick=quick) for trial in selection.trials]
    run = Run(subject.name, verdicts, names=subject.names)
    if lacking := sorted(set(losses) & set(run.missing)):
        raise ParityError(f"{subject.name} lacks {', '.join(lacking)}")
    wrong = [*run.failures, *run.errors]
    counts = f"{run.judged} trials judged, {len(run.failures)} deviate, {len(run.errors)} could not be judged"
    told = "\n\n".join([counts, *(screen(verdict, run) for verdict in wrong[:SCREENS])])
    if run.status == 2:
        raise ParityError(told)
    if run.status == 1:
        raise AssertionError(told)


def _subject(candidate: Any, losses: Sequence[str]) -> Subject:
    if isinstance(candidate, str):
        return found(candidate)
    name = own_name(candidate)
    is_meant = is_one(candidate) and len(losses) == 1 and not hasattr(candidate, MARK)
    place = getattr(candidate, "__module__", None)
    return subject_of(candidate, f"{place}:{name}" if place else name, {losses[0]: name} if is_meant else {})


def _wanted(subject: Subject, losses: Sequence[str]) -> list[str]:
    """The losses named, or those that the subject has in one form or another."""
    forms = {loss: usual_form(loss) for loss in signatures()}
    there = [loss for loss, form in forms.items() if subject.has(loss) or (form and subject.has_form(form))]
    if not losses and not there:
        raise ParityError(f"{subject.name} has no loss: {', '.join(forms)}")
    return list(losses) or there
