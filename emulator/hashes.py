"""The two hashes Cloud Storage knows, in base64 as it writes them."""

import base64
import hashlib
from collections.abc import Mapping

import google_crc32c

from emulator.errors import BadRequestError


def crc32c(data: bytes) -> str:
    """The CRC32C of the bytes, big-endian."""
    checksum: int = google_crc32c.value(data)
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def md5(data: bytes) -> str:
    """The MD5 of the bytes."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def parse_hash_header(value: str) -> dict[str, str]:
    """The hashes in an `X-Goog-Hash` header, under the names they have in JSON."""
    pairs = (entry.strip().partition("=") for entry in value.split(",") if entry.strip())
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    return {names[name]: digest for name, _, digest in pairs if name in names}


def check_hashes(data: bytes, expected: Mapping[str, str]) -> None:
    """Refuse bytes that do not have the `crc32c` or the `md5Hash` they were announced with."""
    for name, compute in (("crc32c", crc32c), ("md5Hash", md5)):
        announced = expected.get(name)
        if announced is not None and announced != (actual := compute(data)):
            message = f'Provided {name} "{announced}" doesn\'t match calculated {name} "{actual}".'
            raise BadRequestError(message)
