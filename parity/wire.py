"""Calls and outcomes as bytes between the judge and the process that a candidate runs in.

Rules kept here: plain data only, nothing is ever unpickled; what comes in is held to known types, dtypes and sizes, and
anything else is refused; the bytes of tensors travel as they lie in memory, so that bits and layout are kept.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import fields
from math import isfinite, prod
from socket import socket
from typing import Any, cast

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from parity.case import Application, DtypeName, Fields
from parity.outcome import Call, Outcome, Raised

MOST_TEXT = 2**24  # bytes of a message besides its tensors
MOST_BYTES = 2**31  # of all tensors of a message
MOST_ELEMENTS = 2**27  # of a tensor: as many as a case may have
AT_ONCE, AT_MOST = 2**16, 2**24  # bytes read at a time
HEAD = struct.Struct("<QQ")
"""Before each message: how many bytes its text has, and how many its tensors."""

RECORDS = {record.__name__: record for record in (Call, Outcome, Raised, Application, Fields)}
FIELDS = {name: tuple(one.name for one in fields(record)) for name, record in RECORDS.items()}
PLAIN = {type(None), bool, int, float, str}
KNOWN_DTYPES = {str(d).removeprefix("torch."): d for d in vars(torch).values() if isinstance(d, torch.dtype)}

_NAMES = {dtype: name for name, dtype in KNOWN_DTYPES.items()}

# Kept from before a candidate could replace them.
_dumps, _loads = json.dumps, json.loads
_as_plain = torch._C.DisableTorchFunctionSubclass


Known = dict[tuple[str, bool, bytes], torch.Tensor]
"""Tensors by what is written of them."""

SMALL = 4096  # bytes of a tensor that is worth keeping
MOST_KNOWN = 64


class MalformedError(Exception):
    """A message that is none; says what is wrong with it."""


def packed(message: Any) -> bytes:
    """``message`` (plain values, tensors, the records) as one frame."""
    blobs: list[bytes] = []
    text = _dumps(_flat(message, blobs)).encode()
    return b"".join((HEAD.pack(len(text), sum(map(len, blobs))), text, *blobs))


def sizes(head: bytes | bytearray) -> tuple[int, int]:
    """How many bytes of text and of tensors follow."""
    text, blob = HEAD.unpack(head)
    if text > MOST_TEXT or blob > MOST_BYTES:
        raise MalformedError(f"it holds {text:,} bytes of text and {blob:,} of tensors")
    return text, blob


def unpacked(text: bytes | bytearray, blob: memoryview, known: Known | None = None) -> Any:
    """The message in a frame; tensors that are ``known`` from earlier ones are not made anew.

    Raises:
        MalformedError: it is no message.
    """
    try:
        return _built(_loads(text), blob, known)
    except MalformedError:
        raise
    except Exception as error:  # it may hold anything: whatever fails here fails for what it holds
        raise MalformedError(f"{type(error).__name__}: {error}") from error


def send(line: socket, message: Any, ready: Callable[[], object] | None = None) -> None:
    """Writes one frame; ``ready`` waits until the line takes more."""
    rest = memoryview(packed(message))
    while rest:
        try:
            rest = rest[line.send(rest) :]
        except BlockingIOError:
            if ready is None:
                raise
            ready()


def receive(line: socket, ready: Callable[[], object] | None = None, known: Known | None = None) -> Any:
    """Reads one frame, the next on a line that has one at a time; ``ready`` waits until there is more to read. Tensors
    that are ``known`` are the same ones again, for a reader that changes none.

    Raises:
        EOFError: the line has been closed.
        MalformedError: what came is no message.
    """
    frame = bytearray()
    while len(frame) < HEAD.size:
        frame += _some(line, AT_ONCE, ready)
    text, blob = sizes(frame[: HEAD.size])
    whole = HEAD.size + text + blob
    while len(frame) < whole:
        frame += _some(line, min(whole - len(frame), AT_MOST), ready)
    if len(frame) > whole:
        raise MalformedError("something comes after it")
    return unpacked(frame[HEAD.size : HEAD.size + text], memoryview(frame)[HEAD.size + text :], known)


def _some(line: socket, most: int, ready: Callable[[], object] | None) -> bytes:
    while True:
        try:
            found = line.recv(most)
        except BlockingIOError:
            if ready is None:
                raise
            ready()
            continue
        if not found:
            raise EOFError
        return found


def outcome_in(message: Any) -> Outcome:
    """``message`` as an outcome whose every part has the type that it should.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(message, Outcome):
        raise MalformedError(f"it holds a {type(message).__name__} where an outcome is due")
    wrong = [name for name, is_right in _OUTCOME.items() if not is_right(getattr(message, name))]
    if wrong:
        raise MalformedError(f"its {wrong[0]} is none")
    return message


def texts_in(message: Any) -> tuple[str, ...] | None:
    """``message`` as some words, or none.

    Raises:
        MalformedError: it is something else.
    """
    if message is not None and not _are_texts(message):
        raise MalformedError("it holds no words")
    return cast("tuple[str, ...] | None", message)


def number_in(message: Any) -> float | None:
    """``message`` as a finite number, or none.

    Raises:
        MalformedError: it is something else.
    """
    if message is not None and not (type(message) is float and isfinite(message)):
        raise MalformedError("it holds no number")
    return message


def answer_in(message: Any) -> tuple[Outcome, tuple[str, ...]]:
    """``message`` as an outcome, and the names of what ran for it.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(message, list) or len(message) != 2 or not _are_texts(message[1]):
        raise MalformedError("it is no outcome")
    return outcome_in(message[0]), message[1]


def _flat(value: Any, blobs: list[bytes]) -> Any:
    """JSON's own values stay; of anything else a list that begins with its kind."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is tuple or kind is list:
        return [kind.__name__, *[_flat(part, blobs) for part in value]]
    if isinstance(value, torch.Tensor):
        return ["tensor", *_tensor_flat(value, blobs)]
    if isinstance(value, Mapping):
        return ["mapping", *[[name, _flat(part, blobs)] for name, part in value.items()]]
    if kind in (DtypeName, torch.dtype):
        return ["dtype name" if kind is DtypeName else "dtype", str(value).removeprefix("torch.")]
    if kind.__name__ in RECORDS:
        return ["record", kind.__name__, *[_flat(getattr(value, name), blobs) for name in FIELDS[kind.__name__]]]
    raise TypeError(f"a {kind.__name__} cannot be sent")


def _built(flat: Any, blob: memoryview, known: Known | None) -> Any:
    if type(flat) is not list:
        return flat
    kind, *parts = flat
    match kind:
        case "tuple":
            return tuple([_built(part, blob, known) for part in parts])
        case "mapping":
            return {name: _built(part, blob, known) for name, part in parts}
        case "tensor":
            return _tensor_built(blob, *parts) if known is None else _tensor_known(known, blob, parts)
        case "record":
            return RECORDS[parts[0]](*[_built(part, blob, known) for part in parts[1:]])
        case "list":
            return [_built(part, blob, known) for part in parts]
        case "dtype name":
            return DtypeName(*parts)
        case "dtype":
            return KNOWN_DTYPES[parts[0]]
    raise MalformedError(f"an unknown kind of value: {str(kind)[:80]}")


def _tensor_known(known: Known, blob: memoryview, parts: list[Any]) -> torch.Tensor:
    """A trial's questions are of the same few tensors."""
    *lies, where = parts
    bytes_ = b"" if where is None else bytes(blob[where[0] : where[0] + where[1]])
    if len(bytes_) > SMALL:
        return _tensor_built(blob, *parts)
    name = (repr(lies), where is None, bytes_)
    if name not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[name] = _tensor_built(blob, *parts)
    return known[name]


def is_sendable(tensor: torch.Tensor) -> bool:
    """A tensor of numbers that lie in memory, or one that only pretends to lie somewhere."""
    with _as_plain():
        return tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_nested


def _tensor_flat(tensor: torch.Tensor, blobs: list[bytes]) -> list[Any]:
    """Dtype, device, shape, strides, offset, and where in the message its bytes are: none of one that has no numbers.
    What a subclass says of itself is not asked."""
    with _as_plain():
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.detach().resolve_conj().resolve_neg()
        elif tensor._is_zerotensor():
            tensor = torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
        has_numbers = not (tensor.is_meta or isinstance(tensor, FakeTensor))
        bytes_ = _bytes(tensor) if has_numbers else b""
        where = [sum(map(len, blobs)), len(bytes_)] if has_numbers else None
        blobs.append(bytes_)
        lies = (tuple(tensor.shape), tensor.stride(), tensor.storage_offset())
        return [_NAMES[tensor.dtype], str(tensor.device), *lies, where]


def _bytes(tensor: torch.Tensor) -> bytes:
    storage = tensor.untyped_storage().cpu()  # type: ignore[no-untyped-call]
    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes() if storage.nbytes() else b""


def _tensor_built(
    blob: memoryview, dtype: str, device: str, shape: list[int], strides: list[int], offset: int, where: Any
) -> torch.Tensor:
    kind, place = KNOWN_DTYPES[dtype], torch.device(device)
    if not all(type(n) is int and n >= 0 for n in (*shape, *strides, offset)) or len(shape) != len(strides):
        raise MalformedError(f"a tensor of shape {shape} and strides {strides}")
    if prod(shape) > MOST_ELEMENTS:
        raise MalformedError(f"a tensor of {prod(shape):,} elements")
    if where is None:
        return _without_numbers(kind, place, shape, strides)
    start, length = where
    reach = offset + 1 + sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) if prod(shape) else 0
    if not 0 <= start <= start + length <= len(blob) or reach * kind.itemsize > length:
        raise MalformedError(f"a tensor of shape {shape} in {length} bytes")
    # Cloned: torch aligns memory of its own.
    raw = torch.frombuffer(bytearray(blob[start : start + length]), dtype=torch.uint8).clone() if length else None
    memory = torch.empty(0, dtype=torch.uint8, device=place) if raw is None else raw.to(place)
    return torch.empty(0, dtype=kind, device=place).set_(memory.untyped_storage(), offset, shape, strides)


def _without_numbers(dtype: torch.dtype, device: torch.device, shape: list[int], strides: list[int]) -> torch.Tensor:
    if device.type == "meta":
        return torch.empty_strided(shape, strides, dtype=dtype, device=device)
    with FakeTensorMode():
        return torch.empty_strided(shape, strides, dtype=dtype, device=device)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


def _is_refusal(value: Any) -> bool:
    return value is None or (
        isinstance(value, Raised) and _is_text(value.type) and _are_texts(value.bases) and _is_text(value.message)
    )


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, torch.Tensor)


def _are_gradients(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_text(cotangent) and isinstance(named, dict) and all(_is_text(n) and _is_number(g) for n, g in named.items())
        for cotangent, named in value.items()
    )


_OUTCOME: Mapping[str, Callable[[Any], bool]] = {
    "value": _is_number,
    "returned": _is_text,
    "gradients": _are_gradients,
    "raised": _is_refusal,
    "raised_in_backward": _is_refusal,
    "warned": lambda value: isinstance(value, tuple) and all(_are_texts(one) and len(one) == 2 for one in value),
    "impurities": _are_texts,
    "aliases": _are_texts,
}
