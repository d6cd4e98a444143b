"""What a run says on the terminal: what deviates first, then the counts, and the verdict as the last line."""

import sys

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from parity.agreement import Errors
from parity.case import DTYPES
from parity.report.figures import beside, short
from parity.report.run import Run
from parity.report.screen import closing, covered, screen

WIDTH = 120  # columns where the output is no terminal
SCREENS = 10  # failures told in full; the rest in a line each, and all of them in the reports
FACETS = ("value", "gradient")
MARKS = {"candidate": "▲", "torch": "▼", "same": " "}
LEGEND = "[dim]in ulps, the worst; from truth: candidate / torch, ▲ the candidate is the more accurate, ▼ torch is[/]"


def console() -> Console:
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)


def progress() -> Progress:
    """A bar on the terminal's error channel; nothing where that is none."""
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True)


def tell(run: Run, to: Console, *, accuracy: bool = False) -> None:
    """Prints the run; ``accuracy`` adds the errors from the truth of each dtype."""
    for problem in (*run.problems, *run.reckoning.stale):
        to.print(escape(str(problem)))
    wrong = [*run.failures, *run.errors]
    for verdict in wrong[:SCREENS]:
        to.print(escape(screen(verdict, run)), end="\n\n")
    for verdict in wrong[SCREENS:]:
        to.print(f"also: {escape(verdict.trial.id)}")
    if run.verdicts:
        to.print(_counts(run), LEGEND, sep="\n")
    if accuracy:
        to.print("", _by_dtype(run), sep="\n")
    for notice, count in run.notices().items():
        to.print(escape(f"notice: {notice}, in {count} trials"))
    if run.missing:
        to.print(escape(f"missing in {run.candidate}: {', '.join(run.missing)}"))
    for why, count in run.unsupported.items():
        to.print(escape(f"unsupported: {count} trials not judged, {why}"))
    for why, count in run.absent.items():
        to.print(f"without a reference: {count} trials, {why}")
    _tell_aside(run, to)
    if run.quirks:
        undefined = sum(quirk.kind == "undefined" for quirk in run.quirks)
        to.print(f"quirks of torch met: {len(run.quirks)}, of which {undefined} undefined and not compared")
    to.print(f"{closing(run)} in {run.seconds:.1f} s")


def _tell_aside(run: Run, to: Console) -> None:
    """What stands apart from the verdict: never, not yet, needs a device."""
    for entry, count in run.expected().items():
        to.print(escape(f"expected: {covered(entry, count)} ({entry.place.file}:{entry.place.line})"))
    for state, count in run.set_aside().items():
        if count and state != "needs a device":
            to.print(f"{state}: {count} trials deviate, as expected")
    for device, count in run.skipped.items():
        to.print(f"needs a device: {count} trials on {device}, which is not here")


def _counts(run: Run) -> Table:
    """One row a loss; expected, errors, missing and unsupported trials are columns only where there are any."""
    losses, accuracy = run.by_loss(), run.accuracy_by_loss()
    rare = [
        word
        for word in ("expected", "errors", "missing", "unsupported")
        if any(getattr(count, word) for count in losses.values())
    ]
    table = _table("loss")
    for heading in ("trials", "passed", "failed", *rare):
        table.add_column(f"\n{heading.replace('_', ' ')}", justify="right")
    for heading in ("value,\nfrom torch", "gradient,\nfrom torch", "value,\nfrom truth   ", "gradient,\nfrom truth   "):
        table.add_column(heading, justify="right")
    for name, count in losses.items():
        if count.missing == count.trials:  # named below
            continue
        words = (count.trials, count.passed + count.known_gaps, count.failed, *(getattr(count, word) for word in rare))
        apart = (short(count.worst_value), short(count.worst_gradient))
        truth = (_worst(accuracy.get(name, {}).get(facet)) for facet in FACETS)
        table.add_row(
            name, *map(str, words), *apart, *truth, style="bold red" if count.failed or count.errors else None
        )
    return table


def _by_dtype(run: Run) -> Table:
    """One row a loss and dtype: the worst and the mean of the errors from the truth, with the mark of the nearer."""
    table = _table("loss", "dtype")
    for facet in FACETS:
        for heading in ("worst   ", "mean   "):
            table.add_column(f"{facet},\n{heading}", justify="right")
    for loss, dtypes in run.accuracy().items():
        for at, (dtype, facets) in enumerate(sorted(dtypes.items(), key=lambda entry: DTYPES.index(entry[0]))):
            told = [cell for facet in FACETS for cell in _worst_and_mean(facets.get(facet))]
            table.add_row("" if at else loss, dtype, *told)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(f"\n{heading}", no_wrap=True)
    return table


def _worst(errors: Errors | None) -> str:
    return "" if errors is None else f"{beside(errors.candidate, errors.reference)} {MARKS[errors.more_accurate]}"


def _worst_and_mean(errors: Errors | None) -> tuple[str, str]:
    if errors is None:
        return "", ""
    means = beside(errors.candidate_mean, errors.reference_mean)
    return beside(errors.candidate, errors.reference), f"{means} {MARKS[errors.more_accurate]}"
