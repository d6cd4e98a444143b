"""What became of a candidate's figures since the baseline: a table of those that are worse, then one line."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.baseline import Baseline, Difference, Key, environment, nested
from parity.report.files import json_text, put_text


def write_baseline(figures: Mapping[Key, float], path: Path) -> None:
    """Writes the figures, and what they depend on.

    Raises:
        ParityError: the file cannot be written.
    """
    put_text(path, "baseline", json_text({"environment": environment(), "figures": nested(figures)}))


def tell_baseline(kept: Baseline, found: Sequence[Difference], to: Console, accepted: Collection[str] | None) -> int:
    """Prints each regression, how many figures are better or new, and the verdict as the last line; gives the exit
    status. ``accepted`` are the losses whose figures may be worse, None where nothing is updated.
    """
    for name, value in environment().items():
        if (was := kept.environment.get(name, value)) != value:
            to.print(escape(f"notice: the baseline was made with {name} {was}, this is {value}"))
    worse = [one for one in found if one.is_regression]
    refused = [one for one in worse if one.key[0] not in (accepted or ())]
    taken = [one for one in worse if one not in refused]
    for title, rows in {"worse than the baseline": refused, "worse, and accepted": taken}.items():
        if rows:
            to.print(_table(title, rows))
    for change in ("better", "new"):
        if count := sum(one.change == change for one in found):
            to.print(f"{change}: {count} figures, {'--update would keep them' if accepted is None else 'kept now'}")
    to.print(f"{'REGRESSION' if refused else 'NO REGRESSION'}: {len(refused)} figures are worse than the baseline")
    return int(bool(refused))


def _table(title: str, rows: Sequence[Difference]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("loss", "dtype", "facet"):
        table.add_column(heading, no_wrap=True)
    for heading in ("was", "is"):
        table.add_column(heading, justify="right")
    for one in rows:
        table.add_row(*one.key, *("gone" if figure is None else f"{figure:.6g}" for figure in (one.was, one.now)))
    return table
