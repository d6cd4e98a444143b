"""The words of the command line: what may be asked, and how."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from parity.accuracy import SAMPLES
from parity.baseline import FACETS
from parity.bridge import FRAMEWORKS
from parity.case import FLOATS
from parity.remote import Limits

USUAL = Limits()
KINDS = ("json", "junit", "html", "markdown")


def parser(actions: Mapping[str, Callable[[argparse.Namespace], int]]) -> argparse.ArgumentParser:
    """The parser of the command line; each of ``actions`` is what its word does."""
    whole = argparse.ArgumentParser(
        prog="parity", description="Does an implementation of torch's losses agree with torch?"
    )
    words = whole.add_subparsers(required=True, metavar=" | ".join(actions))
    judging = words.add_parser("check", help="run the cases against a candidate")
    _add_candidate(judging)
    _add_selection(judging)
    judging.add_argument("--facet", action="append", default=[], metavar="NAME", help="look through these facets only")
    judging.add_argument("--quick", action="store_true", help="one dtype a case, no costly facets")
    judging.add_argument("--accuracy", action="store_true", help="tell the errors from the truth of each dtype")
    _add_limits(judging)
    judging.add_argument("--reseed", type=_whole, default=0, metavar="N", help="every seed of the cases moved by N")
    judging.add_argument("--forbid-reference", action="store_true", help="fail what calls torch's own losses")
    judging.add_argument(
        "--expected", action="append", default=[], type=Path, metavar="FILE", help="deviations that you know of"
    )
    for kind in KINDS:
        judging.add_argument(f"--{kind}", metavar="FILE", help=f"write the report as {kind}")
    judging.add_argument("--repro", type=Path, metavar="DIR", help="failures as scripts and case files, made small")
    judging.add_argument("--annotate", type=Path, metavar="ROOT", help="GitHub annotations, paths from the repository")
    listing = words.add_parser("list", help="list the trials")
    _add_selection(listing)
    linting = words.add_parser("lint", help="read case files and expected files, and tell every error in them")
    linting.add_argument("files", nargs="*", type=Path, metavar="FILE", help="case files, or folders of them")
    linting.add_argument(
        "--expected", action="extend", nargs="+", default=[], type=Path, metavar="FILE", help="expected files"
    )
    show = words.add_parser("show", help="show a case: inputs, candidate, torch, truth")
    show.add_argument("case", help="loss/name, or a whole trial's id")
    _add_candidate(show)
    show.add_argument("--cases", action="append", default=[], type=Path, metavar="DIR")
    _add_accuracy(words.add_parser("accuracy", help="sample a loss's inputs: how far from the truth are both sides?"))
    _add_baseline(words.add_parser("baseline", help="is the candidate farther from torch, or slower, than it was?"))
    covering = words.add_parser("coverage", help="which argument values, and pairs of them, the cases reach")
    covering.add_argument("--loss", action="append", default=[], metavar="NAME", help="these losses only, in full")
    covering.add_argument("--cases", action="append", default=[], type=Path, metavar="DIR", help="of these cases")
    new = words.add_parser("new", help="begin a loss: reimpl/LOSS.py and cases/LOSS.yaml")
    new.add_argument("loss", help="a function of torch.nn.functional")
    mutating = words.add_parser("mutants", help="the mutation score: which wrong formulas the cases catch")
    mutating.add_argument("--loss", action="append", default=[], metavar="FILE", help="the mutants of these files only")
    mutating.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    mutating.add_argument("--matrix", action="store_true", help="all cases against all mutants: which kill none")
    mutating.add_argument("--gate", action="store_true", help="quickly: first by the trials that killed the last time")
    mutating.add_argument("--keep", action="store_true", help="keep the counts, for README, and the trials, for --gate")
    mutating.add_argument("--json", type=Path, metavar="FILE", help="each mutant, its fate, and what killed it")
    for word, action in actions.items():
        words.choices[word].set_defaults(action=action)
    return whole


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, metavar="N", help="processes [as many as cores]")
    parser.add_argument(
        "--threads", type=_positive, default=USUAL.threads, metavar="N", help=f"torch's threads [{USUAL.threads}]"
    )
    parser.add_argument(
        "--timeout", type=_above_zero, default=USUAL.seconds, metavar="SECONDS", help=f"a trial [{USUAL.seconds:g}]"
    )
    parser.add_argument(
        "--memory",
        type=_above_zero,
        default=USUAL.memory,
        metavar="GIB",
        help=f"of the candidate's process [{USUAL.memory:g}]",
    )


def _add_baseline(parser: argparse.ArgumentParser) -> None:
    _add_candidate(parser)
    _add_selection(parser)
    _add_limits(parser)
    parser.add_argument(
        "--file", type=Path, default=Path("baseline.json"), help="what is kept and compared with [baseline.json]"
    )
    parser.add_argument("--timing", action="store_true", help="the candidate's times beside torch's too")
    parser.add_argument("--update", action="store_true", help="keep what is better or new; the rest stays as it was")
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="LOSS",
        help="with --update: keep what is worse of it too",
    )
    parser.set_defaults(facet=list(FACETS), quick=False, reseed=0, forbid_reference=False)


def _add_accuracy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("loss", help="the loss to measure")
    _add_candidate(parser)
    parser.add_argument("--cases", action="append", default=[], type=Path, metavar="DIR", help="draw about these cases")
    parser.add_argument("--dtype", action="append", default=[], choices=FLOATS, help="in these dtypes only")
    parser.add_argument("--samples", type=_whole, default=SAMPLES, metavar="N", help=f"in each dtype [{SAMPLES}]")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="draws other samples [0]")
    parser.add_argument("--sample", type=_whole, metavar="N", help="this sample alone")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it, as .png or .svg")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, and the inputs where a side is worst")


def _add_candidate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "candidate",
        nargs="?",
        default="reimpl",
        help="module, file.py, folder/of/package or entry point; perhaps :object or :prefix [reimpl]",
    )
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=LOSS", help="the candidate's own name for a loss"
    )
    parser.add_argument(
        "--framework", choices=FRAMEWORKS, default="torch", help="whose arrays the candidate's functions take [torch]"
    )


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


def _whole(word: str) -> int:
    if (number := int(word)) < 0:
        raise argparse.ArgumentTypeError(f"{word} is below 0")
    return number


def _above_zero(word: str) -> float:
    if not (number := float(word)) > 0:
        raise argparse.ArgumentTypeError(f"{word} is not above 0")
    return number


def _positive(word: str) -> int:
    if (number := int(word)) < 1:
        raise argparse.ArgumentTypeError(f"{word} is below 1")
    return number
