"""Signatures built by hand and a folder of facets of our own: these tests know no loss and no facet of the project."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

import pytest

from parity.case import Argument, Case, DtypeName, Signature
from parity.loader import Loaded, load, vocabulary


@dataclass(frozen=True)
class Chunks:
    """What an option may be."""


INPUT = Argument("input", "array", required=True)
TARGET = Argument("target", "array", required=True)
LABELS = Argument("target", "labels", required=True)
WEIGHT = Argument("weight", "array", required=False)
AVERAGE = Argument("size_average", "option", required=False, types=(bool, NoneType))
REDUCE = Argument("reduce", "option", required=False, types=(bool, NoneType))
REDUCTION = Argument("reduction", "option", required=False, default="mean", types=(str,))
BETA = Argument("beta", "option", required=False, default=1.0, types=(float,))
IGNORED = Argument("ignore_index", "option", required=False, default=-100, types=(int,))
DIM = Argument("dim", "option", required=False, types=(int, NoneType))
LENGTHS = Argument("lengths", "labels", required=True, types=(tuple,))
DISTANCE = Argument("distance", "option", required=False, types=(Callable, NoneType), keyword_only=True)
VAR = Argument("var", "array", required=False, default=1.0, types=(float,))
STACK = Argument("_stacklevel", "option", required=False, default=3, types=(int,))
FIELDS = (
    Argument("keeps", "option", required=True, types=(bool,)),
    Argument("rows", "option", required=False, types=(int, NoneType)),
    Argument("policy", "option", required=False, default="auto", types=(str,), choices=("auto", "compact")),
    Argument("summed_in", "option", required=False, types=(DtypeName, NoneType)),
)
CHUNKS = Argument("chunks", "option", required=False, types=(Chunks, NoneType), fields=FIELDS)
ARGUMENTS = {
    "smooth_l1_loss": (INPUT, TARGET, AVERAGE, REDUCE, REDUCTION, BETA),
    "l1_loss": (INPUT, TARGET, AVERAGE, REDUCE, REDUCTION, WEIGHT),
    "cross_entropy": (INPUT, LABELS, WEIGHT, AVERAGE, IGNORED, REDUCE, REDUCTION),
    "nll_loss": (INPUT, LABELS, WEIGHT, REDUCTION),
    "softmax": (INPUT, DIM, STACK),
    "one_hot": (LABELS,),
    "with_lengths": (INPUT, LENGTHS, VAR, DISTANCE),
    "with_fields": (INPUT, CHUNKS),
    "torchvision.ops.sigmoid_focal_loss": (INPUT, TARGET, REDUCTION),
}


@pytest.fixture(scope="session")
def signatures() -> Mapping[str, Signature]:
    return {name: Signature(name.rpartition(".")[2], arguments) for name, arguments in ARGUMENTS.items()}


@pytest.fixture(scope="module", autouse=True)  # a package's would last into the tests after this folder
def _facets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("facets")
    for name in ("__init__", "_shared", "value", "gradient", "refusal"):
        (folder / f"{name}.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "FACETS_FOLDER", folder)
        yield


@pytest.fixture
def loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signatures: Mapping[str, Signature]
) -> Callable[..., Loaded]:
    """Loads the text or bytes of one case file, named ``it.yaml``."""
    monkeypatch.chdir(tmp_path)

    def load_text(content: str | bytes, *, shipped: bool = False) -> Loaded:
        (tmp_path / "it.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        return load(tmp_path, signatures, shipped=shipped)

    return load_text


@pytest.fixture
def messages(loaded: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """What is wrong with the text of a case file."""
    return lambda content, **rest: [str(problem) for problem in loaded(content, **rest).problems]


@pytest.fixture
def case_of(loaded: Callable[..., Loaded]) -> Callable[[str], Case]:
    """The one case that some lines make, of smooth_l1_loss unless they name a loss."""

    def only(lines: str) -> Case:
        loss = "" if "loss:" in lines else "    loss: smooth_l1_loss\n"
        body = "".join(f"    {line}\n" for line in lines.splitlines())
        found = loaded(f"cases:\n  - name: it\n{loss}{body}")
        assert found.problems == ()
        (case,) = found.cases
        return case

    return only
