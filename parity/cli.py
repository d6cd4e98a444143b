"""The command line: ``parity check | list | show | accuracy | new | mutants``.

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

from parity import mutants
from parity.accuracy import SAMPLES, Plan, measure
from parity.case import FLOATS
from parity.errors import ParityError
from parity.facets import facets
from parity.judging import judge
from parity.losses import candidate
from parity.report import Run, check_plot, console, plot, progress, tell, tell_accuracy, write, write_accuracy
from parity.scaffold import scaffold
from parity.selection import Request, Selection, select
from parity.show import shown
from parity.trial import Verdict


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
    actions = parser.add_subparsers(required=True, metavar="check | list | show | accuracy | new | mutants")
    judging = actions.add_parser("check", help="run the cases against a candidate")
    judging.add_argument(
        "candidate", nargs="?", default="reimpl", help="module, module:prefix or path/to/file.py [reimpl]"
    )
    _add_selection(judging)
    judging.add_argument("--facet", action="append", default=[], metavar="NAME", help="look through these facets only")
    judging.add_argument("--quick", action="store_true", help="one dtype a case, no costly facets")
    judging.add_argument("--accuracy", action="store_true", help="tell the errors from the truth of each dtype")
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
    _add_accuracy(actions.add_parser("accuracy", help="sample a loss's inputs: how far from the truth are both sides?"))
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


def _add_accuracy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("loss", help="the loss to measure")
    parser.add_argument("candidate", nargs="?", default="reimpl", help="module, module:prefix or path/to/file.py")
    parser.add_argument("--cases", action="append", default=[], type=Path, metavar="DIR", help="draw about these cases")
    parser.add_argument("--dtype", action="append", default=[], choices=FLOATS, help="in these dtypes only")
    parser.add_argument("--samples", type=_counted, default=SAMPLES, metavar="N", help=f"in each dtype [{SAMPLES}]")
    parser.add_argument("--seed", type=_counted, default=0, metavar="N", help="draws other samples [0]")
    parser.add_argument("--sample", type=_counted, metavar="N", help="this sample alone")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it, as .png or .svg")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, and the inputs where a side is worst")
    parser.set_defaults(action=_accuracy)


def _counted(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)


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
            arguments=_cases(options),
            seconds=time.perf_counter() - begun,
        )
        write(run, {kind: getattr(options, kind) for kind in ("json", "junit", "html")})
    tell(run, console(), accuracy=options.accuracy)
    if lacking := sorted(set(options.loss) & set(run.missing)):
        raise ParityError(f"{options.candidate} lacks {', '.join(lacking)}, which --loss names")
    return run.status


def _judge(selection: Selection, options: argparse.Namespace, verdicts: list[Verdict]) -> None:
    with progress() as bar:
        task = bar.add_task("", total=len(selection.trials))
        found = judge(selection.trials, options.candidate, options.facet, quick=options.quick, jobs=options.jobs)
        for verdict in found:
            bar.update(task, description=f"{verdict.trial.case.loss:36}", advance=1)
            verdicts.append(verdict)


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


def _cases(options: argparse.Namespace) -> list[str]:
    """The words that say which cases, for a command to repeat."""
    return [word for folder in options.cases for word in ("--cases", str(folder))]


def _check_facets(names: Sequence[str]) -> None:
    for name in names:
        if name not in facets():
            near = get_close_matches(name, facets(), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ";"
            raise ParityError(f"--facet {name}: unknown facet{hint} facets: {', '.join(facets())}")


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


def _accuracy(options: argparse.Namespace) -> int:
    if options.plot is not None:
        check_plot(options.plot)
    subject = candidate(options.candidate)
    selection = select(Request(folders=options.cases, losses=[options.loss], device="cpu"))
    if selection.problems:
        raise ParityError("\n".join(("the case files have errors", *selection.problems)))
    plan = Plan(options.dtype, options.samples, options.seed, options.sample)
    with progress() as bar:
        task = bar.add_task(f"{options.loss:36}", total=None)
        found = measure(
            options.loss, subject, selection.trials, plan,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    tell_accuracy(found, console(), _cases(options))
    if options.json is not None:
        write_accuracy(found, options.json)
    if options.plot is not None:
        plot(found, options.plot)
    return 0


def _mutants(options: argparse.Namespace) -> int:
    with progress() as bar:
        task = bar.add_task("", total=None)
        found = mutants.score(
            options.loss,
            lambda done, total, what: bar.update(task, completed=done, total=total, description=f"{what:60.60}"),
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
