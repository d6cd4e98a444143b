"""How a candidate is pointed at, and what is found there.

``CANDIDATE`` is a file (``path/to/file.py``), the folder of a package (``path/to/package``), an entry point of the
group ``parity.candidates``, or a module (``package.module``), in this order. After a colon may follow a name: of an
object there that holds the losses (a class, an instance, a mapping), of one function, or else a prefix of names. A
function stands for the loss of its name, or for the one that ``--map`` or ``implements`` gives it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module, util
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

from parity.bridge import FRAMEWORKS, Framework
from parity.errors import CandidateError, ParityError
from parity.losses import Subject, signatures, usual_form

GROUP = "parity.candidates"
MARK = "__implements__"
NO_NAMES: Mapping[str, str] = {}

Marked = TypeVar("Marked", bound=Callable[..., Any])


def implements(loss: str) -> Callable[[Marked], Marked]:
    """Marks a function, or an nn.Module class, as the candidate for ``loss`` (``"cross_entropy"``,
    ``"CrossEntropyLoss"``), whatever its own name is.

    Raises:
        ParityError: there is no such loss.
    """
    _check(loss, "@implements")

    def mark(marked: Marked) -> Marked:
        setattr(marked, MARK, loss)
        return marked

    return mark


def mapped(words: Sequence[str]) -> dict[str, str]:
    """``my_name=cross_entropy`` as the candidate's name for each loss.

    Raises:
        ParityError: a word is of another form, names an unknown loss, or one for the second time.
    """
    names: dict[str, str] = {}
    for word in words:
        name, equals, loss = word.partition("=")
        if not equals or not name.isidentifier():
            raise ParityError(f"--map {word}: a name of the candidate's and a loss are wanted: my_name=cross_entropy")
        _check(loss, f"--map {word}")
        if loss in names:
            raise ParityError(f"--map {word}: {loss} is {names[loss]} already")
        names[loss] = name
    return names


def candidate(spec: str, names: Mapping[str, str] = NO_NAMES, framework: str = "torch") -> Subject:
    """The subject that ``spec`` points at, with the candidate's ``names`` for losses; its functions take arrays of
    ``framework``.

    Raises:
        CandidateError: it or the framework cannot be found, an import fails, or it lacks one of ``names``.
    """
    _prepare(FRAMEWORKS[framework])
    place, _, name = spec.partition(":")
    found = _at(place)
    held = _held(found, name) if name else None
    return subject_of(found if held is None else held, spec, names, name if held is None else "", framework)


def subject_of(
    holder: Any, name: str, names: Mapping[str, str] = NO_NAMES, prefix: str = "", framework: str = "torch"
) -> Subject:
    """The losses that ``holder`` has: a module, a class, an instance, a mapping of names, or one function.

    Raises:
        CandidateError: it lacks one of ``names``.
    """
    if isinstance(holder, Mapping):
        holder = SimpleNamespace(**{str(key): value for key, value in holder.items()})
    elif is_one(holder):
        holder = SimpleNamespace(**{own_name(holder): holder})
    subject = Subject(name, holder, prefix, names={**_marked(holder), **names}, framework=framework)
    for loss, own in names.items():
        if not subject.has(loss) and not subject.has_form(loss):
            raise CandidateError(f"candidate {name!r} has no {own}, which should be {loss}")
    return subject


def is_one(holder: Any) -> bool:
    """Whether it is one function, and no namespace of functions."""
    return callable(holder) and not isinstance(holder, type | ModuleType)


def own_name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _check(loss: str, where: str) -> None:
    known = [*signatures(), *filter(None, map(usual_form, signatures()))]
    if loss not in known:
        near = get_close_matches(loss, known, 1)
        raise ParityError(f"{where}: unknown loss {loss!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def _prepare(framework: Framework) -> None:
    if not framework.is_here:
        raise CandidateError(f"--framework {framework.name}: {framework.name} is not installed here")
    try:
        framework.prepare()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise CandidateError(f"--framework {framework.name}: its import fails: {said}") from error


def _at(place: str) -> Any:
    if place.endswith(".py"):
        return _from_file(Path(place))
    if "/" in place:
        return _from_folder(Path(place))
    points = entry_points(group=GROUP, name=place)
    if points:
        return _imported(place, next(iter(points)).load)
    _add_to_path(Path.cwd())
    return _imported(place, lambda: import_module(place))


def _held(found: Any, name: str) -> Any:
    """What has exactly this name there, if it can hold losses or is one."""
    held = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    if held is None or isinstance(held, str | int | float):
        return None
    return SimpleNamespace(**{name: held}) if is_one(held) else held


def _marked(holder: Any) -> dict[str, str]:
    """The names of what ``implements`` marks, by loss."""
    there = {**vars(type(holder)), **getattr(holder, "__dict__", {})}
    found = ((name, getattr(value, MARK, None)) for name, value in there.items())
    return {loss: name for name, loss in found if isinstance(loss, str)}


def _from_folder(folder: Path) -> ModuleType:
    if not (folder / "__init__.py").is_file():
        raise CandidateError(f"candidate {folder}: there is no such package (a folder with __init__.py)")
    _add_to_path(folder.resolve().parent)
    module: ModuleType = _imported(str(folder), lambda: import_module(folder.resolve().name))
    return module


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _imported(spec: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (Exception, SystemExit) as error:
        raise CandidateError(f"candidate {spec!r} cannot be imported: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise CandidateError(f"candidate {path}: there is no such file")
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else f"candidate_{abs(hash(path))}"
    spec = util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, pickling and self-imports look there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise CandidateError(f"candidate {path} cannot be imported: {type(error).__name__}: {error}") from error
    return module
