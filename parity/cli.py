"""The command line: ``parity check | list | lint | show | accuracy | baseline | coverage | new | mutants``.

Exit status: 0 parity; 1 at least one deviation; 2 the request could not be judged.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from parity import baseline, mutants
from parity.accuracy import Plan, measure
from parity.arguments import KINDS, USUAL, parser
from parity.bridge import FRAMEWORKS
from parity.candidates import candidate, mapped
from parity.coverage import covered
from parity.errors import ParityError
from parity.expectations import Reckoning, everything, expecting, look, reckon, today
from parity.facets import facets
from parity.judging import judge
from parity.loader import Expectation, load, load_expected
from parity.losses import signatures, spellings
from parity.references import absence
from parity.remote import Limits, RemoteSubject
from parity.report import (
    Run,
    annotations,
    check_plot,
    console,
    plot,
    progress,
    tell,
    tell_accuracy,
    tell_baseline,
    tell_coverage,
    write,
    write_accuracy,
    write_baseline,
    write_reproductions,
)
from parity.scaffold import scaffold
from parity.selection import Request, Selection, select
from parity.show import shown
from parity.shrinking import smaller
from parity.trial import Verdict, moved

HOST = "cpu"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    actions = {"check": _check, "list": _list, "lint": _lint, "show": _show, "accuracy": _accuracy,
               "baseline": _baseline, "coverage": _coverage, "new": _new, "mutants": _mutants}  # fmt: skip
    options = parser(actions).parse_args(words)
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


def _check(options: argparse.Namespace) -> int:
    """Reports are written in every case, to the last: also of a request that cannot be judged."""
    begun = time.perf_counter()
    verdicts: list[Verdict] = []
    selection = Selection((), (), ())
    problems: list[str] = []
    reckoning = Reckoning()
    shrunk: dict[str, Verdict] = {}
    day = today()
    try:
        _check_facets(options.facet)
        with RemoteSubject(options.candidate, _limits(options), mapped(options.map), options.framework) as subject:
            selection = select(_on_device(options))
            subject.begin()  # a candidate that is not there judges nothing
            expected, doubts = load_expected(options.expected)
            problems += [*selection.problems, *map(str, doubts)]
            if not problems:
                for verdict in _judged(selection, options, subject):
                    verdicts.append(expecting(verdict, expected, day))
                reckoning = _reckoned(expected, verdicts, options, day)
                shrunk = smaller(verdicts, subject)
    except ParityError as error:
        problems.append(str(error))
        raise
    finally:
        run = replace(
            _run(options, selection, verdicts, problems),
            reckoning=reckoning,
            smaller=shrunk,
            seconds=time.perf_counter() - begun,
        )
        write(run, {kind: getattr(options, kind) for kind in KINDS})
        if options.repro is not None:
            write_reproductions(run, options.repro)
        if options.annotate is not None:
            print("".join(f"{command}\n" for command in annotations(run, options.annotate)), end="")
    tell(run, console(), accuracy=options.accuracy)
    return run.status


def _run(
    options: argparse.Namespace, selection: Selection, verdicts: Sequence[Verdict], problems: Sequence[str]
) -> Run:
    """What the reports tell; a loss that ``--loss`` names and the candidate lacks is a problem."""
    run = Run(
        candidate=options.candidate,
        verdicts=verdicts,
        problems=problems,
        skipped=Counter(trial.device for trial in selection.skipped),
        arguments=_repeated(options),
        reseed=options.reseed,
        quirks=selection.quirks,
        score={} if options.cases else mutants.figures(),
        framework=FRAMEWORKS[options.framework],
        names={loss: name for name, _, loss in (word.partition("=") for word in options.map)},
    )
    if lacking := sorted(set(options.loss) & set(run.missing)):
        run = replace(run, problems=[*problems, f"{run.candidate} lacks {', '.join(lacking)}, which --loss names"])
    return run


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(options.timeout, options.memory, options.threads, options.forbid_reference)


def _judged(selection: Selection, options: argparse.Namespace, subject: RemoteSubject) -> Iterator[Verdict]:
    with progress() as bar:
        task = bar.add_task("", total=len(selection.trials))
        trials = [moved(trial, options.reseed) for trial in selection.trials]
        for verdict in judge(trials, subject, options.facet, quick=options.quick, jobs=options.jobs):
            bar.update(task, description=f"{verdict.trial.case.loss:36}", advance=1)
            yield verdict


def _reckoned(
    expected: Sequence[Expectation], verdicts: Sequence[Verdict], options: argparse.Namespace, day: date
) -> Reckoning:
    """Where nothing was judged, nothing is held against an entry either."""
    looks = {verdict.trial.id: look(verdict) for verdict in verdicts if verdict.state != "error"}
    if not any(looks.values()):
        return Reckoning()
    partly = bool(options.facet) or options.quick
    return reckon(expected, looks, lambda: everything(_request(options)), day, partly=partly)


def _repeated(options: argparse.Namespace) -> list[str]:
    """What the command that repeats a failure needs besides candidate, case, dtype and device."""
    usual = {"reseed": 0, "threads": USUAL.threads, "timeout": USUAL.seconds, "memory": USUAL.memory}
    forbidden = ["--forbid-reference"] if options.forbid_reference else []
    changed = {name: getattr(options, name) for name, value in usual.items() if getattr(options, name) != value}
    return [
        *(word for name, number in changed.items() for word in (f"--{name}", f"{number:g}")),
        *(word for one in options.map for word in ("--map", one)),
        *forbidden,
        *_cases(options),
    ]


def _cases(options: argparse.Namespace) -> list[str]:
    return [word for folder in options.cases for word in ("--cases", str(folder))]


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


def _on_device(options: argparse.Namespace) -> Request:
    """What is asked for, on a device where the framework's arrays come from.

    Raises:
        ParityError: that is not the device that is asked for.
    """
    asked = _request(options)
    if options.framework == "torch":
        return asked
    if asked.required or asked.device not in (None, HOST):
        raise ParityError(f"--framework {options.framework} hands arrays over on the {HOST}: no other device is judged")
    return replace(asked, device=HOST)


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


def _lint(options: argparse.Namespace) -> int:
    """Reads exactly the files that are named; nothing is run."""
    if not options.files and not options.expected:
        raise ParityError("lint: no file is named")
    loaded = load(options.files, spellings(), partly=True)
    entries, doubts = load_expected(options.expected)
    for problem in (*loaded.problems, *doubts):
        print(problem)
    if loaded.problems or doubts:
        return 2
    return _told(f"{len(loaded.cases)} cases and {len(entries)} expected deviations, without an error")


def _show(options: argparse.Namespace) -> int:
    selection = select(Request(folders=options.cases, cases=[options.case]))
    if selection.problems:
        raise ParityError("\n".join(("the case files have errors", *selection.problems)))
    if not selection.trials:
        raise ParityError(f"no case matches {options.case!r}; `parity list` names them")
    return _told(shown(selection.trials[0], candidate(options.candidate, mapped(options.map), options.framework)))


def _accuracy(options: argparse.Namespace) -> int:
    if options.plot is not None:
        check_plot(options.plot)
    subject = candidate(options.candidate, mapped(options.map))
    selection = select(Request(folders=options.cases, losses=[options.loss], device="cpu"))
    if selection.problems:
        raise ParityError("\n".join(("the case files have errors", *selection.problems)))
    if why := absence(options.loss):
        raise ParityError(f"accuracy {options.loss}: {why}, so there is nothing to measure against")
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


def _baseline(options: argparse.Namespace) -> int:
    """Status 1 where a figure is worse than what is kept, and not accepted."""
    baseline.check_request(update=options.update, accepted=options.accept, cases=options.case)
    kept = baseline.read(options.file, may_begin=options.update)
    with RemoteSubject(options.candidate, _limits(options), mapped(options.map), options.framework) as subject:
        selection = select(_on_device(options))
        subject.begin()
        verdicts = list(_judged(selection, options, subject))
        now = baseline.measured(verdicts, selection.problems)
        if options.timing:
            now |= baseline.timed(subject, {loss for loss, _, _ in now})
    found = baseline.differences(kept.figures, now, verdicts, partly=bool(options.case), timing=options.timing)
    status = tell_baseline(kept, found, console(), options.accept if options.update else None)
    if options.update:
        write_baseline(baseline.moved(kept.figures, found, options.accept), options.file)
    return status


def _coverage(options: argparse.Namespace) -> int:
    """Status 1 where a value or a pair of values is reached by no case."""
    selection = select(Request(folders=options.cases, losses=options.loss, device="cpu"))
    if selection.problems:
        raise ParityError("\n".join(("the case files have errors", *selection.problems)))
    found = covered(selection.trials, signatures())
    tell_coverage(found, console())
    return int(any(one.missing_values or one.missing_pairs for one in found))


def _new(options: argparse.Namespace) -> int:
    return _told(scaffold(options.loss, Path()))


def _mutants(options: argparse.Namespace) -> int:
    with progress() as bar:
        task = bar.add_task("", total=None)
        found = mutants.score(
            options.loss,
            lambda done, total, what: bar.update(task, completed=done, total=total, description=f"{what:60.60}"),
            jobs=options.jobs,
            matrix=options.matrix,
            first=mutants.killers() if options.gate else None,
        )
    if options.json is not None:
        mutants.write(found, options.json)
    print(mutants.summary(found))
    if options.keep:
        mutants.keep(found)
    return 0 if found.is_good else 1


def _told(text: str) -> int:
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
