"""Tensors of the Open Inference Protocol, as JSON and as Triton's binary data."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import flask
import numpy.typing as npt

from results.errors import RequestError
from service.http.responses import json_response

HEADER_LENGTH = "Inference-Header-Content-Length"
NUMBERS = ("BOOL", *(f"{kind}{bits}" for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)), "FP16", "FP32", "FP64")
"""The datatypes of tensors of numbers."""


@dataclass(frozen=True)
class Output:
    """An output that a request asks for; `classes` best labels in place of scores, if it is not 0."""

    name: str
    binary: bool
    classes: int


@dataclass(frozen=True)
class Tensor:
    """An output tensor: float32 values or, of dtype object, texts."""

    output: Output
    values: npt.NDArray[Any]

    def binary(self) -> bytes:
        """The values in order: four bytes each, texts with their length before them."""
        if self.values.dtype != object:
            return self.values.astype("<f4").tobytes()
        return b"".join(struct.pack("<I", len(text)) + text for text in (value.encode() for value in self.values.flat))

    def describe(self) -> dict[str, Any]:
        """Name, datatype and shape."""
        datatype = "BYTES" if self.values.dtype == object else "FP32"
        return {"name": self.output.name, "datatype": datatype, "shape": list(self.values.shape)}


def flat(data: Any) -> list[str]:
    """The strings of a tensor's `data`, a list or a list of lists of one; RequestError 400 for others."""
    elements = data if isinstance(data, list) else []
    found = [element[0] if isinstance(element, list) and len(element) == 1 else element for element in elements]
    if not found or not all(isinstance(element, str) for element in found):
        raise RequestError(400, "data is not a list of strings of base64.")
    return found


def elements(binary: bytes, most: int) -> list[bytes]:
    """The elements of a binary BYTES tensor, each after its length in four bytes.

    Raises RequestError 400 where it ends within one, 413 for more than `most`.
    """
    found: list[bytes] = []
    place = 0
    while place < len(binary):
        if len(found) == most:
            raise RequestError(
                413, f"The binary tensor holds more than {most:,} pictures, which are the most accepted."
            )
        size = int.from_bytes(binary[place : place + 4], "little")
        start, place = place + 4, place + 4 + size
        if place > len(binary):
            raise RequestError(400, "The binary tensor ends within an element.")
        found.append(binary[start:place])
    if not found:
        raise RequestError(400, "The binary tensor is empty.")
    return found


def check_shape(shape: Any, count: int) -> None:
    """RequestError 400 for a shape of another number of elements.

    Divides the number by each size, for a product of sizes that a client chooses may be of any length.
    """
    left = count
    for size in shape if isinstance(shape, list) else [0]:
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= left or left % size:
            left = 0
            break
        left //= size
    if left != 1:
        raise RequestError(400, f"shape does not fit the {count:,} elements of the tensor.")


def response(answer: dict[str, Any], outputs: list[Tensor]) -> flask.Response:
    """The answer with its outputs as JSON, or with those asked for as binary after it."""
    binaries = [output.binary() if output.output.binary else None for output in outputs]
    answer["outputs"] = [_document(output, binary) for output, binary in zip(outputs, binaries)]
    if all(binary is None for binary in binaries):
        return json_response(answer)
    header = json.dumps(answer).encode()
    data = b"".join([header, *(binary for binary in binaries if binary is not None)])
    headers = {HEADER_LENGTH: str(len(header))}
    return flask.Response(data, headers=headers, mimetype="application/octet-stream")


def _document(tensor: Tensor, binary: bytes | None) -> dict[str, Any]:
    if binary is not None:
        return tensor.describe() | {"parameters": {"binary_data_size": len(binary)}}
    return tensor.describe() | {"data": tensor.values.ravel().tolist()}
