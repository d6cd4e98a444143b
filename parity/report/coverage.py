"""What the cases reach of the arguments, on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from parity.case import DTYPES
from parity.coverage import Coverage, spelled


def tell_coverage(found: Sequence[Coverage], to: Console) -> None:
    """A row for each loss, then what is missing; of a single loss also by dtype and facet."""
    table = Table("loss", "values", "pairs", box=None, header_style="dim")
    for one in found:
        values, pairs = len(one.all_values), len(one.all_pairs)
        reached = (values - len(one.missing_values), pairs - len(one.missing_pairs))
        table.add_row(one.signature.loss, f"{reached[0]} of {values}", f"{reached[1]} of {pairs}")
    to.print(table)
    for one in found:
        for missing in [*([value] for value in one.missing_values), *one.missing_pairs]:
            to.print(f"no case of {one.signature.loss} has {spelled(missing)}")
    if len(found) == 1:
        to.print(_by_dtype(found[0]))
        to.print(_by_facet(found[0]))


def _by_dtype(one: Coverage) -> Table:
    dtypes = [dtype for dtype in DTYPES if any(of == dtype for of, _ in one.by_dtype)]
    table = Table("trials with", *dtypes, box=None, header_style="dim")
    for value in one.all_values:
        table.add_row(spelled([value]), *(str(one.by_dtype[dtype, value]) for dtype in dtypes))
    return table


def _by_facet(one: Coverage) -> Table:
    table = Table("facet", "looks at values", box=None, header_style="dim")
    for facet in sorted({facet for facet, _ in one.by_facet}):
        seen = sum(one.by_facet[facet, value] > 0 for value in one.all_values)
        table.add_row(facet, f"{seen} of {len(one.all_values)}")
    return table
