"""The register of quirks: what an entry holds, and that it names cases which are there."""

from collections.abc import Callable

import pytest

from parity.loader import Loaded

CASES = """
loss: l1_loss
cases:
  - {name: it, inputs: {input: [1.0], target: [2.0]}}
"""
GOOD = {
    "id": "strange", "loss": "l1_loss", "what": "it surprises", "kind": "undefined", "torch": '">=2.6,<3"',
    "cases": "[l1_loss/it]",
}  # fmt: skip


def text(**changed: str) -> str:
    entry = {key: value for key, value in {**GOOD, **changed}.items() if value}
    return CASES + "quirks:\n  - {" + ", ".join(f"{key}: {value}" for key, value in entry.items()) + "}\n"


def test_quirk_is_read(loaded: Callable[..., Loaded]) -> None:
    (quirk,) = loaded(text(link='"https://github.com/pytorch/pytorch/issues/1"')).quirks
    assert (quirk.id, quirk.kind, quirk.cases, quirk.devices) == ("strange", "undefined", ("l1_loss/it",), ("cpu",))
    assert quirk.link.endswith("/1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "wrong"}, "unknown kind 'wrong'"),
        ({"loss": "l2_loss"}, "unknown loss 'l2_loss'; did you mean 'l1_loss'?"),
        ({"torch": "newer"}, "torch takes versions such as"),
        ({"cases": "[l1_loss/other]"}, "names the case 'l1_loss/other', which is not there"),
        ({"cases": "[]"}, "a list of cases, and this one is empty"),
        ({"link": '"javascript:alert(1)"'}, "link takes an address that begins with https://"),
        ({"what": ""}, "the key 'what' is missing in a quirk"),
        ({"devices": "[tpu]"}, "unknown device 'tpu'"),
        ({"since": "today"}, "unknown key 'since' in a quirk"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_bad_quirk_is_told_with_its_place(
    messages: Callable[..., list[str]], changed: dict[str, str], said: str
) -> None:
    (message,) = messages(text(**changed))
    assert message.startswith("it.yaml:6:")
    assert said in message


def test_repeated_id_is_told(messages: Callable[..., list[str]]) -> None:
    twice = text() + text().rpartition("quirks:\n")[2]
    (message,) = messages(twice)
    assert "repeated id 'strange'; the first is at it.yaml:6:" in message
