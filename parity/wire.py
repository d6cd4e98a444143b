"""Calls and outcomes as bytes between the judge and the process that a candidate runs in.

Rules kept here: plain data only, nothing is ever unpickled; what comes in is held to known types, dtypes and sizes, and
anything else is refused; the bytes of tensors travel as they lie in memory, so that bits and layout are kept.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from math import prod
from socket import socket
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from parity.case import Application, DtypeName, Fields
from parity.outcome import Call, Outcome, Raised

MOST_TEXT = 2**24  # bytes of a message besides its tensors
MOST_BYTES = 2**31  # of all tensors of a message
MOST_ELEMENTS = 2**27  # of a tensor: as many as a case may have
HEAD = struct.Struct("<QQ")
"""Before each message: how many bytes its text has, and how many its tensors."""

RECORDS = {record.__name__: record for record in (Call, Outcome, Raised, Application, Fields)}
KNOWN_DTYPES = {str(d).removeprefix("torch."): d for d in vars(torch).values() if isinstance(d, torch.dtype)}

# Kept from before a candidate could replace them.
_dumps, _loads = json.dumps, json.loads
_as_plain = torch._C.DisableTorchFunctionSubclass


class MalformedError(Exception):
    """A message that is none; says what is wrong with it."""


def packed(message: Any) -> bytes:
    """``message`` (plain values, tensors, the records) as one frame."""
    blobs: list[bytes] = []
    text = _dumps(_flat(message, blobs)).encode()
    return b"".join((HEAD.pack(len(text), sum(map(len, blobs))), text, *blobs))


def sizes(head: bytes) -> tuple[int, int]:
    """How many bytes of text and of tensors follow."""
    text, blob = HEAD.unpack(head)
    if text > MOST_TEXT or blob > MOST_BYTES:
        raise MalformedError(f"it holds {text:,} bytes of text and {blob:,} of tensors")
    return text, blob


def unpacked(text: bytes, blob: bytes | bytearray) -> Any:
    """The message in a frame.

    Raises:
        MalformedError: it is no message.
    """
    try:
        return _built(_loads(text), memoryview(blob))
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


def receive(line: socket, ready: Callable[[], object] | None = None) -> Any:
    """Reads one frame; ``ready`` waits until there is more to read.

    Raises:
        EOFError: the line has been closed.
        MalformedError: what came is no message.
    """
    text, blob = sizes(bytes(_read(line, HEAD.size, ready)))
    return unpacked(bytes(_read(line, text, ready)), _read(line, blob, ready))


def _read(line: socket, count: int, ready: Callable[[], object] | None) -> bytearray:
    found, rest = bytearray(count), count
    view = memoryview(found)
    while rest:
        try:
            got = line.recv_into(view[count - rest :])
        except BlockingIOError:
            if ready is None:
                raise
            ready()
            continue
        if not got:
            raise EOFError
        rest -= got
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


def _flat(value: Any, blobs: list[bytes]) -> Any:
    """JSON's own values stay; of anything else a list that begins with its kind."""
    match value:
        case DtypeName():
            return ["dtype name", str(value)]
        case None | bool() | int() | float() | str():
            return value
        case torch.Tensor():
            return ["tensor", *_tensor_flat(value, blobs)]
        case torch.dtype():
            return ["dtype", str(value).removeprefix("torch.")]
        case tuple() | list():
            return [type(value).__name__, *(_flat(part, blobs) for part in value)]
        case Mapping():
            return ["mapping", *([_flat(k, blobs), _flat(v, blobs)] for k, v in value.items())]
    if type(value).__name__ not in RECORDS:
        raise TypeError(f"a {type(value).__name__} cannot be sent")
    return ["record", type(value).__name__, *(_flat(getattr(value, one.name), blobs) for one in fields(value))]


def _built(flat: Any, blob: memoryview) -> Any:
    if not isinstance(flat, list):
        return flat
    match flat:
        case ["tensor", *parts]:
            return _tensor_built(blob, *parts)
        case ["dtype name", str(name)]:
            return DtypeName(name)
        case ["dtype", str(name)]:
            return KNOWN_DTYPES[name]
        case ["tuple", *parts]:
            return tuple(_built(part, blob) for part in parts)
        case ["list", *parts]:
            return [_built(part, blob) for part in parts]
        case ["mapping", *parts]:
            return {_built(key, blob): _built(value, blob) for key, value in parts}
        case ["record", str(name), *parts]:
            return RECORDS[name](*(_built(part, blob) for part in parts))
    raise MalformedError(f"an unknown kind of value: {str(flat)[:80]}")


def is_sendable(tensor: torch.Tensor) -> bool:
    """A tensor of numbers that lie in memory, or one that only pretends to lie somewhere."""
    with _as_plain():
        return tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_nested


def _tensor_flat(tensor: torch.Tensor, blobs: list[bytes]) -> Iterator[Any]:
    """Dtype, device, shape, strides, offset, and where in the message its bytes are: none of one that has no numbers.
    What a subclass says of itself is not asked."""
    with _as_plain():
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.detach().resolve_conj().resolve_neg()
        elif tensor._is_zerotensor():
            tensor = torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
        yield str(tensor.dtype).removeprefix("torch.")
        yield str(tensor.device)
        yield from (list(tensor.shape), list(tensor.stride()), tensor.storage_offset())
        if tensor.is_meta or isinstance(tensor, FakeTensor):
            yield None
            return
        yield [sum(map(len, blobs)), tensor.untyped_storage().nbytes()]
        blobs.append(_bytes(tensor))


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
