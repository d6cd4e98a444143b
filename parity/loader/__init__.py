"""From folders of case files to cases, and from expected files to their entries, with every problem told in one run.

Rules kept here: only this module opens such files, and only regular files that lie inside their folder; bad content
becomes a ``Problem`` with file, line and column, never an exception; a bad case takes no good one with it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.case import Case, Place, Quirk, Signature
from parity.loader.cases import Defaults, read_case, read_loss
from parity.loader.expected import Expectation, read_expectation
from parity.loader.fields import read_dtypes
from parity.loader.identities import read_identity
from parity.loader.quirks import check_shown, read_quirk
from parity.loader.reading import Reader
from parity.loader.tree import MapNode, Node, Problem, tree_of
from parity.loader.vocabulary import FILE, MAX_NAME, facet_names, failure_names
from parity.loader.writing import written

__all__ = ["MAX_NAME", "Expectation", "Loaded", "Problem", "load", "load_expected", "written"]

MAX_BYTES = 2**24
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The cases and quirks that are good, in the order of the files, and what is wrong with the rest."""

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]
    quirks: tuple[Quirk, ...] = ()


def load(
    folder: Path | Sequence[Path],
    signatures: Mapping[str, Signature],
    *,
    shipped: bool = False,
    partly: bool = False,
) -> Loaded:
    """Reads every case file in and below ``folder``; several folders may be given, and single files.

    ``shipped`` cases must say what they are ``about``; read ``partly``, a quirk may name cases that are not among them.
    """
    reader = Reader(signatures, facet_names(), shipped)
    cases: list[Case] = []
    quirks: list[tuple[Quirk, Node]] = []
    seen: set[str] = set()
    for root in [folder] if isinstance(folder, str | Path) else folder:
        problems = len(reader.problems)
        files = _case_files(Path(root), reader)
        fresh = [path for path in files if os.path.realpath(path) not in seen]
        seen.update(map(os.path.realpath, fresh))
        cases += [case for path in fresh for case in _read_file(reader, path, quirks)]
        if not files and len(reader.problems) == problems:
            _report(reader, Path(root), f"no case file here; cases are in files named *{' or *'.join(SUFFIXES)}")
    if not reader.problems and not partly:
        check_shown(reader, quirks, {case.id for case in cases})
    return Loaded(tuple(cases), tuple(reader.problems), tuple(quirk for quirk, _ in quirks))


def load_expected(files: Sequence[Path]) -> tuple[tuple[Expectation, ...], tuple[Problem, ...]]:
    """The good entries of the expected files, in order, and what is wrong with the rest."""
    reader = Reader({}, failure_names())
    found = [entry for path in files for entry in _read_expected(reader, path)]
    return tuple(found), tuple(reader.problems)


def _read_expected(reader: Reader, path: Path) -> list[Expectation]:
    start = len(reader.problems)
    content = _content(reader, path) if _is_file(reader, path) else None
    if content is None:
        return []
    root, problems = tree_of(content, _shown(path), "write a list of entries, or [] for none")
    reader.problems.extend(problems)
    items = reader.listed(root, "an expected file", "entries", least=0) if root else ()
    found = [entry for entry in (read_expectation(reader, item) for item in items) if entry]
    reader.problems[start:] = sorted(reader.problems[start:], key=lambda problem: problem.place)
    return found


def _is_file(reader: Reader, path: Path) -> bool:
    if not os.path.isfile(path):
        _report(reader, path, "not a regular file" if os.path.exists(path) else "no such file")
    return os.path.isfile(path)


def _shown(path: Path) -> str:
    """The path from the current directory if it is below that, else as given; always printable."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()
    nearest = absolute.relative_to(here) if absolute.is_relative_to(here) else path
    return os.fsencode(nearest).decode("utf-8", "backslashreplace")


def _report(reader: Reader, path: Path, message: str) -> None:
    reader.problems.append(Problem(Place(_shown(path), 1), message))


def _case_files(root: Path, reader: Reader) -> list[Path]:
    """The files to read, in order, each once; ``root`` itself may be a file or a link."""
    seen: set[str] = set()
    if os.path.isfile(root):
        return [root]
    if not os.path.isdir(root):
        _report(
            reader, root, "neither a folder nor a regular file" if os.path.exists(root) else "no such folder or file"
        )
        return []
    found: list[Path] = []
    folders = [root]
    while folders:
        for path in _entries(folders.pop(), reader):
            real = os.path.realpath(path)
            if real in seen or not _is_readable(path, Path(real), Path(os.path.realpath(root)), reader):
                continue
            seen.add(real)
            (folders if path.is_dir() else found).append(path)
    return sorted(found)


def _entries(folder: Path, reader: Reader) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        _report(reader, folder, f"cannot be read: {error.strerror}")
        return []


def _is_readable(path: Path, real: Path, root: Path, reader: Reader) -> bool:
    """Whether to go on with an entry of a folder: one that is no case file is passed over, a strange one is told."""
    is_folder, is_named = os.path.isdir(path), path.suffix in SUFFIXES
    if path.is_symlink() and not real.is_relative_to(root) and (is_folder or is_named):
        _report(reader, path, f"a link out of the cases' folder, to {real}; put the file itself here")
    elif is_named and (is_folder or not os.path.isfile(path)):
        _report(
            reader, path, f"{'a folder' if is_folder else 'no regular file, but'} named like a case file; rename it"
        )
    else:
        return is_folder or is_named
    return False


def _content(reader: Reader, path: Path) -> bytes | None:
    try:
        if path.stat().st_size <= MAX_BYTES:
            return path.read_bytes()
        _report(
            reader, path, f"larger than {MAX_BYTES // 2**20} MiB; draw the numbers with a recipe, or split the file"
        )
    except OSError as error:
        _report(reader, path, f"cannot be read: {error.strerror}")
    return None


def _read_file(reader: Reader, path: Path, quirks: list[tuple[Quirk, Node]]) -> list[Case]:
    """The good cases of a file; its quirks are added to ``quirks``."""
    start = len(reader.problems)
    content = _content(reader, path)
    if content is None:
        return []
    root, problems = tree_of(content, _shown(path))
    reader.problems.extend(problems)
    cases = _read_root(reader, root, problems, quirks) if root else []
    reader.problems[start:] = sorted(reader.problems[start:], key=lambda problem: problem.place)
    return cases


def _read_root(reader: Reader, root: Node, problems: Sequence[Problem], quirks: list[tuple[Quirk, Node]]) -> list[Case]:
    said = reader.entries(root, FILE, "a case file")
    if said is None:
        return []
    if not {"cases", "identities", "quirks"} & said.keys():
        reader.report(root, "neither the key 'cases' nor 'identities' nor 'quirks'; a case file has one at least")
    loss = read_loss(reader, said["loss"]) if "loss" in said else None
    defaults = Defaults(loss, has_loss="loss" in said)
    if "dtypes" in said:
        defaults = Defaults(loss, read_dtypes(reader, said["dtypes"]) or None, has_loss="loss" in said)
    read = [(item, read_case(reader, item, defaults)) for item in _items(reader, said, "cases")]
    read += [(item, read_identity(reader, item, defaults.dtypes)) for item in _items(reader, said, "identities")]
    quirks += [quirk for quirk in (read_quirk(reader, item) for item in _items(reader, said, "quirks")) if quirk]
    return [
        case for item, case in read if case and not any(item.place <= problem.place < item.end for problem in problems)
    ]


def _items(reader: Reader, said: Mapping[str, Node], key: str) -> list[MapNode]:
    items = reader.listed(said[key], key, "mappings") if key in said else ()
    for item in items:
        if not isinstance(item, MapNode):
            reader.report_type(item, f"an entry of {key!r}", "a mapping")
    return [item for item in items if isinstance(item, MapNode)]
