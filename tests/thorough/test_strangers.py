"""torch's Python references and its decompositions deviate in all cases as their expected files say."""

from pathlib import Path

import pytest
import torch
from borrowed.strangers import STRANGERS, unexpected

pytestmark = pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="what is expected is of torch 2.13")


@pytest.mark.parametrize("name", STRANGERS)
def test_stranger_deviates_as_expected(name: str, tmp_path: Path) -> None:
    assert unexpected(name, tmp_path) == []
