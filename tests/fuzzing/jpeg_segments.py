"""JPEGs whose segments are repeated, left out, exchanged, or changed within."""

from __future__ import annotations

from random import Random

from predictor.jpeg.segments import START_OF_IMAGE, segments

_SCAN, _FRAMES = 0xDA, (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_INTERESTING = (0, 1, 2, 7, 8, 63, 64, 127, 128, 255)


def applies_to(data: bytes) -> bool:
    """Whether the input is a JPEG."""
    return data.startswith(START_OF_IMAGE)


def mutate(data: bytes, random: Random) -> bytes:
    """The input with its segments changed in one way."""
    parts = _parts(data)
    if len(parts) < 2:
        return data
    place = random.randrange(len(parts))
    way = random.randrange(6)
    if way == 0:
        parts[place:place] = [parts[place]] * random.choice((1, 3, 20, 200))
    elif way == 1:
        del parts[place]
    elif way == 2:
        other = random.randrange(len(parts))
        parts[place], parts[other] = parts[other], parts[place]
    elif way == 3:
        parts[place] = _with_byte(parts[place], random)
    elif way == 4:
        parts.insert(place, b"\xff" * random.choice((1, 50, 5000)))
    else:
        parts = [_with_process(part, random.choice(_FRAMES)) for part in parts]
    return START_OF_IMAGE + b"".join(parts)


def _parts(data: bytes) -> list[bytes]:
    """The segments, each with the data that follow it."""
    try:
        starts = [segment.start for segment in segments(data)]
    except ValueError:  # too many
        return []
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)])]


def _with_byte(part: bytes, random: Random) -> bytes:
    """The segment with one byte changed behind its length; of a scan, mostly in what it says of itself."""
    reach = 14 if part[1:2] == bytes([_SCAN]) else len(part)
    if reach <= 4 or len(part) <= 4:
        return part
    place = random.randrange(4, min(reach, len(part)))
    return part[:place] + bytes([random.choice((*_INTERESTING, random.randrange(256)))]) + part[place + 1 :]


def _with_process(part: bytes, process: int) -> bytes:
    return part[:1] + bytes([process]) + part[2:] if part[1:2] and part[1] in _FRAMES else part
