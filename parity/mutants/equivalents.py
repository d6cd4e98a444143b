"""The mutants that no case can kill, each with the reason: ``tests/mutants/equivalent.yaml``.

An entry names mutants by a pattern of their id, in which ``*`` stands for anything (the line for instance, so that code
may move), and by a piece of their source line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.case import Place
from parity.errors import ParityError
from parity.loader.tree import ListNode, MapNode, Node, ScalarNode, tree_of
from parity.mutants.generate import Mutant

FILE = Path(__file__).parents[2] / "tests" / "mutants" / "equivalent.yaml"
KEYS = ("mutants", "because", "source", "elsewhere")
REQUIRED = ("mutants", "because")


@dataclass(frozen=True, slots=True)
class Entry:
    """``because`` says why nothing differs that can be observed, or not by cases; then ``elsewhere`` names the test
    that guards the line: of other frameworks, of torch's transforms."""

    place: Place
    mutants: str
    because: str
    source: str = ""
    elsewhere: str = ""

    def matches(self, mutant: Mutant) -> bool:
        pattern = ".*".join(re.escape(part) for part in self.mutants.split("*"))
        return re.fullmatch(pattern, mutant.id) is not None and self.source in mutant.before

    def is_about(self, files: Sequence[str]) -> bool:
        return self.mutants.partition(":")[0] in files


def entries(path: Path = FILE) -> list[Entry]:
    """What is recorded, in the order of the file.

    Raises:
        ParityError: it cannot be read, or an entry lacks its pattern or its reason, or says anything else.
    """
    if not path.is_file():
        return []
    root, problems = tree_of(path.read_bytes(), path.name)
    if problems or root is None:
        raise ParityError("\n".join(map(str, problems)))
    return list(_entries(root))


def entry_for(mutant: Mutant, recorded: Sequence[Entry]) -> Entry | None:
    return next((entry for entry in recorded if entry.matches(mutant)), None)


def _entries(root: Node) -> Iterator[Entry]:
    if not isinstance(root, ListNode):
        raise ParityError(f"{root.place}: a list of entries is wanted")
    for node in root.items:
        if not isinstance(node, MapNode) or not set(REQUIRED) <= set(node.values) <= set(KEYS):
            raise ParityError(
                f"{node.place}: an entry has {' and '.join(REQUIRED)}; it may have {' and '.join(KEYS[2:])}"
            )
        yield Entry(node.place, **{key: _text(value) for key, value in node.values.items()})


def _text(node: Node) -> str:
    if not isinstance(node, ScalarNode) or not node.text.strip():
        raise ParityError(f"{node.place}: a text is wanted")
    return " ".join(node.text.split())
