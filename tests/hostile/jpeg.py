"""JPEGs of many segments, many scans, and long runs."""

from __future__ import annotations

import struct

# Marker codes, ITU-T T.81 table B.1.
BASELINE, PROGRESSIVE, ARITHMETIC, PROGRESSIVE_ARITHMETIC = 0xC0, 0xC2, 0xC9, 0xCA
START, END = b"\xff\xd8", b"\xff\xd9"
_LONGEST_RUN = 32767  # blocks

COLOURS = ((1, 0x11), (2, 0x11), (3, 0x11))
"""What the scans call three components, and their sampling: all in full."""
GRAY = ((1, 0x11),)


def segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", 2 + len(body)) + body


def frame(process: int, width: int, height: int, components: tuple[tuple[int, int], ...]) -> bytes:
    described = b"".join(bytes([name, sampling, 0]) for name, sampling in components)
    return segment(process, struct.pack(">BHHB", 8, height, width, len(components)) + described)


def table(kind: int, symbol: int) -> bytes:
    """A Huffman table with a single code, the bit 0, for the symbol; of kind 0x00 for DC and 0x10 for AC."""
    return segment(0xC4, bytes([kind, 1, *[0] * 15, symbol]))


def scan(components: list[int], first: int, last: int, bits: int) -> bytes:
    """The header of a scan of these coefficients; `bits` has the bits before in its upper half."""
    return segment(
        0xDA, bytes([len(components), *[byte for name in components for byte in (name, 0)], first, last, bits])
    )


QUANTISATION = segment(0xDB, bytes([0, *[1] * 64]))


def header(process: int, width: int, height: int, components: tuple[tuple[int, int], ...] = GRAY) -> bytes:
    start = START + QUANTISATION + frame(process, width, height, components)
    return start + (table(0x00, 0) if process in (BASELINE, PROGRESSIVE) else b"")


def blocks(width: int, height: int) -> int:
    return -(-width // 8) * -(-height // 8)


def no_blocks(count: int) -> bytes:
    """The data of a scan that says, of as many blocks, that there is nothing: runs of 2 to the power of 14."""
    bits = "".join("0" + "1" * 14 for _ in range(-(-count // _LONGEST_RUN)))
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def many_scans(
    width: int, height: int, scans: int, components: tuple[tuple[int, int], ...] = GRAY, process: int = PROGRESSIVE
) -> bytes:
    """After the first scan of each component, refinements that change nothing, of each component by turns."""
    count, names = blocks(width, height), [name for name, _ in components]
    parts = [header(process, width, height, components)]
    parts += [scan([name], 0, 0, 0) + bytes(-(-count // 8)) for name in names]
    parts += [table(0x10, 0xE0) if process == PROGRESSIVE else b""]
    nothing = no_blocks(count) if process == PROGRESSIVE else b""
    parts += [scan([names[place % len(names)]], 1, 63, 0x10) + nothing for place in range(scans)]
    return b"".join([*parts, END])


def many_bits(width: int, height: int, scans: int) -> bytes:
    """The same where every coefficient is there, so that each refinement has a bit for each."""
    count = blocks(width, height)
    stored = int("01" * 63 * 8, 2).to_bytes(126, "big") * -(-count // 8)
    bits = int("0" + "1" * 63, 2).to_bytes(8, "big").replace(b"\xff", b"\xff\0") * count
    parts = [header(PROGRESSIVE, width, height), scan([1], 0, 0, 0), bytes(-(-count // 8))]
    parts += [table(0x10, 0x01), scan([1], 1, 63, 0x06), stored, table(0x10, 0x00)]
    return b"".join([*parts, *[scan([1], 1, 63, 0x10) + bits] * scans, END])


def many_plain_scans(width: int, height: int, scans: int, process: int = BASELINE) -> bytes:
    """A sequential JPEG that stores each of its components again and again."""
    parts = [header(process, width, height, COLOURS), table(0x10, 0) if process == BASELINE else b""]
    data = bytes(-(-blocks(width, height) // 4))
    parts += [scan([1 + place % 3], 0, 63, 0) + data for place in range(scans)]
    return b"".join([*parts, END])


def plain(width: int = 8, height: int = 8) -> tuple[bytes, bytes]:
    """The header of a gray JPEG of one colour, and its scan."""
    data = bytes(-(-blocks(width, height) // 4))
    return header(BASELINE, width, height) + table(0x10, 0), scan([1], 0, 63, 0) + data + END


def marker_run(size: int) -> bytes:
    """So many bytes of 0xFF before nothing."""
    return START + b"\xff" * size + bytes(10)


def stuffed_run(size: int) -> bytes:
    """A file without an end, whose data is what stands for 0xFF in data."""
    return b"".join(plain())[: -len(END)] + b"\xff\0" * (size // 2)


def restarts(size: int) -> bytes:
    """The same of restart markers."""
    return b"".join(plain())[: -len(END)] + b"\xff\xd0" * (size // 2)


def many_segments(count: int, code: int = 0xFE, body: bytes = b"") -> bytes:
    """A picture after so many comments, or other segments."""
    before, after = plain()
    return before + segment(code, body) * count + after


def exif_entries(size: int) -> bytes:
    """EXIF whose entries all point to the same bytes, as many as a directory holds."""
    entries = min(65_535, size // 24)
    length = size - 8 - 2 - 12 * entries
    directory = b"".join(
        struct.pack("<HHLL", 1000 + place % 60_000, 7, length, size - length) for place in range(entries)
    )
    return b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + directory + bytes(length)
