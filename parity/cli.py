"""The command line: ``parity check | list | show | new | mutants``.

Exit status: 0 parity; 1 at least one deviation; 2 the request could not be judged.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from parity import mutants
from parity.errors import ParityError
from parity.facets import facets
from parity.judging import judge
from parity.losses import candidate
from parity.report import Run, screen, write
from parity.scaffold import scaffold
from parity.selection import Request, Selection, select
from parity.show import shown
from parity.trial import Verdict

WIDTH = 120  # columns where the output is no terminal
SCREENS = 10  # failures told in full; the rest in a line each, and all of them in the reports


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    try:
        status: int = options.action(options)
        return status
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("parity: interrupted", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parity", description="Does an implementation of torch's losses agree with torch?"
    )
    actions = parser.add_subparsers(required=True, metavar="check | list | show | new | mutants")
    judging = actions.add_parser("check", help="run the cases against a candidate")
    judging.add_argument(
        "candidate", nargs="?", default="reimpl", help="module, module:prefix or path/to/file.py [reimpl]"
    )
    _add_selection(judging)
    judging.add_argument("--facet", action="append", default=[], metavar="NAME", help="look through these facets only")
    judging.add_argument("--quick", action="store_true", help="one dtype a case, no costly facets")
    judging.add_argument("--jobs", type=int, metavar="N", help="processes [as many as cores]")
    for kind in ("json", "junit", "html"):
        judging.add_argument(f"--{kind}", metavar="FILE", help=f"write the report as {kind}")
    judging.set_defaults(action=_check)
    listing = actions.add_parser("list", help="list the trials")
    _add_selection(listing)
    listing.set_defaults(action=_list)
    show = actions.add_parser("show", help="show a case: inputs, candidate, torch, truth")
    show.add_argument("case", help="loss/name, or a whole trial's id")
    show.add_argument("candidate", nargs="?", default="reimpl")
    show.add_argument("--cases", action="append", default=[], type=Path, metavar="DIR")
    show.set_defaults(action=_show)
    new = actions.add_parser("new", help="begin a loss: reimpl/LOSS.py and cases/LOSS.yaml")
    new.add_argument("loss", help="a function of torch.nn.functional")
    new.set_defaults(action=lambda options: _told(scaffold(options.loss, Path())))
    mutating = actions.add_parser("mutants", help="the mutation score: which wrong formulas the cases catch")
    mutating.add_argument("--loss", action="append", default=[], metavar="FILE", help="the mutants of these files only")
    mutating.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    mutating.add_argument("--matrix", action="store_true", help="all cases against all mutants: which kill none")
    mutating.add_argument("--json", type=Path, metavar="FILE", help="each mutant, its fate, and what killed it")
    mutating.set_defaults(action=_mutants)
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--loss", action="append", default=[], metavar="NAME", help="these losses only")
    parser.add_argument("--case", action="append", default=[], metavar="GLOB", help="these cases only: loss/name")
    parser.add_argument("--dtype", action="append", default=[], metavar="NAME", help="these dtypes only")
    parser.add_argument(
        "--cases", action="append", default=[], type=Path, metavar="DIR", help="instead of the shipped cases"
    )
    parser.add_argument(
        "--device", choices=["cpu", "cuda", "mps", "all"], help="default: cpu and every accelerator here"
    )
    parser.add_argument(
        "--require", action="append", default=[], choices=["cuda", "mps"], help="status 2 where there is none"
    )


def _check(options: argparse.Namespace) -> int:
    """Reports are written in every case, to the last: also of a request that cannot be judged."""
    begun = time.perf_counter()
    verdicts: list[Verdict] = []
    selection = Selection((), (), ())
    problems: list[str] = []
    try:
        _check_facets(options.facet)
        candidate(options.candidate)  # before anything else: a candidate that is not there judges nothing
        selection = select(_request(options))
        problems += selection.problems
        if not problems:
            _judge(selection, options, verdicts)
    except ParityError as error:
        problems.append(str(error))
        raise
    finally:
        run = Run(
            candidate=options.candidate,
            verdicts=verdicts,
            problems=problems,
            skipped=Counter(trial.device for trial in selection.skipped),
            arguments=[word for folder in options.cases for word in ("--cases", str(folder))],
            seconds=time.perf_counter() - begun,
        )
        write(run, {kind: getattr(options, kind) for kind in ("json", "junit", "html")})
    _tell(run, Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH))
    if lacking := sorted(set(options.loss) & set(run.missing)):
        raise ParityError(f"{options.candidate} lacks {', '.join(lacking)}, which --loss names")
    return run.status


def _judge(selection: Selection, options: argparse.Namespace, verdicts: list[Verdict]) -> None:
    with _progress() as progress:
        task = progress.add_task("", total=len(selection.trials))
        found = judge(selection.trials, options.candidate, options.facet, quick=options.quick, jobs=options.jobs)
        for verdict in found:
            progress.update(task, description=f"{verdict.trial.case.loss:36}", advance=1)
            verdicts.append(verdict)


def _progress() -> Progress:
    """A bar on the terminal's error channel; nothing where that is none."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _request(options: argparse.Namespace) -> Request:
    return Request(
        folders=options.cases,
        losses=options.loss,
        cases=options.case,
        dtypes=options.dtype,
        device=options.device,
        required=options.require,
        quick=getattr(options, "quick", False),
    )


def _check_facets(names: Sequence[str]) -> None:
    for name in names:
        if name not in facets():
            near = get_close_matches(name, facets(), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ";"
            raise ParityError(f"--facet {name}: unknown facet{hint} facets: {', '.join(facets())}")


def _tell(run: Run, console: Console) -> None:
    """What deviates first, then the counts, and the verdict as the last line."""
    for problem in run.problems:
        console.print(escape(problem))
    wrong = [*run.failures, *run.errors]
    for verdict in wrong[:SCREENS]:
        console.print(escape(screen(verdict, run)), end="\n\n")
    for verdict in wrong[SCREENS:]:
        console.print(f"also: {escape(verdict.trial.id)}")
    if run.verdicts:
        console.print(_table(run))
    if run.missing:
        console.print(f"missing in {run.candidate}: {', '.join(run.missing)}")
    for why, count in run.absent.items():
        console.print(f"without a reference: {count} trials, {why}")
    for device, count in run.skipped.items():
        console.print(f"skipped: {count} trials on {device}, which is not here")
    console.print(f"{_closing(run)} in {run.seconds:.1f} s")


def _table(run: Run) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("loss")
    for heading in ("trials", "passed", "failed", "errors", "missing", "value, ulp", "gradient, ulp"):
        table.add_column(heading, justify="right")
    for name, count in run.by_loss().items():
        style = "bold red" if count.failed or count.errors else None
        counts = (count.trials, count.passed + count.known_gaps, count.failed, count.errors, count.missing)
        table.add_row(name, *map(str, counts), f"{count.worst_value:.3g}", f"{count.worst_gradient:.3g}", style=style)
    return table


def _closing(run: Run) -> str:
    unjudged = len(run.errors) + len(run.problems)
    counts = f"{run.judged} trials judged, {len(run.failures)} deviate, {unjudged} could not be judged"
    return f"{['PARITY', 'DEVIATION', 'NOT JUDGED'][run.status]}: {counts}"


def _list(options: argparse.Namespace) -> int:
    selection = select(_request(options))
    for trial in selection.trials:
        print(trial.id)
    for problem in selection.problems:
        print(problem, file=sys.stderr)
    return 2 if selection.problems or not selection.trials else 0


def _show(options: argparse.Namespace) -> int:
    selection = select(Request(folders=options.cases, cases=[options.case]))
    if selection.problems:
        raise ParityError("\n".join(("the case files have errors", *selection.problems)))
    if not selection.trials:
        raise ParityError(f"no case matches {options.case!r}; `parity list` names them")
    return _told(shown(selection.trials[0], candidate(options.candidate)))


def _mutants(options: argparse.Namespace) -> int:
    with _progress() as progress:
        task = progress.add_task("", total=None)
        found = mutants.score(
            options.loss,
            lambda done, total, what: progress.update(task, completed=done, total=total, description=f"{what:60.60}"),
            jobs=options.jobs,
            matrix=options.matrix,
        )
    if options.json is not None:
        mutants.write(found, options.json)
    print(mutants.summary(found))
    return 0 if found.percent >= mutants.GOAL else 1


def _told(text: str) -> int:
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
