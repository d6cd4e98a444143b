"""The published JSON schema: equal to the tables, and of the same mind as the loader where a schema can tell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.loader.scalars import resolved
from parity.loader.tree import ListNode, MapNode, Node, ScalarNode, tree_of
from parity.loader.vocabulary import (
    CASE,
    EXPECTATION,
    FILE,
    IDENTITY,
    RECIPES,
    expected_schema,
    expected_text,
    schema,
    schema_text,
)

ROOT = Path(__file__).parents[2]
MALFORMED = sorted((ROOT / "tests" / "malformed").glob("*.yaml"))
REFUSED = [path for path in MALFORMED if b"\n# the schema refuses it too\n" in path.read_bytes()]
GOOD = sorted(Path(__file__).with_name("good").glob("*.yaml"))


def plain(node: Node | None) -> Any:
    """What an editor that reads numbers as the loader does would hold against the schema."""
    match node:
        case MapNode():
            return {key: plain(value) for key, value in node.values.items()}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode() if node.plain and len(node.text) < 100:
            return _resolved(node.text)
    return node.text if isinstance(node, ScalarNode) else None


def _resolved(text: str) -> Any:
    try:
        return resolved(text)
    except ValueError:
        return text


@pytest.mark.parametrize(
    ("name", "text"), [("case", schema_text()), ("expected", expected_text())], ids=["case", "expected"]
)
def test_published_schema_is_what_the_tables_say(name: str, text: str) -> None:
    assert (ROOT / "schema" / f"{name}.schema.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("made", [schema(), expected_schema()], ids=["case", "expected"])
def test_schema_is_a_schema(made: Any) -> None:
    Draft202012Validator.check_schema(made)


@pytest.mark.parametrize(
    ("rest", "is_good"),
    [({"until": "2027-03-01"}, True), ({"state": "never"}, True), ({"state": "not yet"}, False), ({}, False),
     ({"state": "never", "until": "2027-03-01"}, False), ({"state": "never", "link": "http://a"}, False),
     ({"state": "never", "facets": "value"}, False)],
    ids=["dated", "never", "not-yet", "no-day", "two-ends", "link", "unknown"],
)  # fmt: skip
def test_schema_of_expected_files_is_of_the_loader_s_mind(rest: dict[str, str], is_good: bool) -> None:
    entry = {"trials": "a/b", "facet": ["value"], "because": "a reason", **rest}
    assert Draft202012Validator(expected_schema()).is_valid([entry]) is is_good


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_schema_accepts_good_file(path: Path) -> None:
    root, _ = tree_of(path.read_bytes(), path.name)
    Draft202012Validator(schema()).validate(plain(root))


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_schema_refuses_malformed_file(path: Path) -> None:
    root, _ = tree_of(path.read_bytes(), path.name)
    assert not Draft202012Validator(schema()).is_valid(plain(root))


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "0x1.8p-3"])
def test_schema_accepts_numbers_that_editors_read_as_text(text: str) -> None:
    case = {"name": "a", "inputs": {"input": [text]}, "expect": text}
    assert Draft202012Validator(schema()).is_valid({"cases": [case]})


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (FILE, schema()),
        (CASE, schema()["$defs"]["case"]),
        (IDENTITY, schema()["$defs"]["identity"]),
        (EXPECTATION, expected_schema()["items"]),
    ],
    ids=["file", "case", "identity", "expectation"],
)
def test_every_key_is_completed_with_a_description(table: Mapping[str, Any], found: Any) -> None:
    described = {key for key, value in found["properties"].items() if value["description"]}
    assert described == set(table)


def test_every_recipe_is_completed() -> None:
    forms = schema()["$defs"]["input"]["anyOf"][1:]
    assert [next(iter(form["properties"])) for form in forms] == ["values", *RECIPES]
