"""The most that pictures can cost which are made to, beside the slowest ordinary ones of their format and size."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from PIL import Image

from benchmarks import pictures
from benchmarks.models import ROOT
from benchmarks.rounds import MILLISECONDS, OURS, Comparison, alternate
from predictor import BadImage, Decoding, Limits
from predictor.image import decode
from predictor.memory import BYTES_A_PIXEL
from tests.hostile import bmp, gif, jpeg, png, webp

ROUNDS = 5
HEADING = "Bounds"
SIDE = 1600  # pixels
LONG = 1_000_000  # pixels of a picture that is one pixel wide
LIMITS = Limits(max_bytes=1 << 30)

Files = Mapping[str, bytes]


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """Processor time by format, gray where that can be asked for and in colour, and bytes a pixel."""
    rounds = rounds or ROUNDS
    for name, (ordinary, hostile) in _formats().items():
        for channels in (3, 1) if name.startswith(("JPEG", "PNG")) else (3,):
            yield _processor(f"{name}, {'gray' if channels == 1 else 'colour'}", ordinary, hostile, channels, rounds)
    yield from _memory()


def _processor(case: str, ordinary: Files, hostile: Files, channels: int, rounds: int) -> Comparison:
    decoding = Decoding(channels=channels)  # type: ignore[arg-type]
    calls = {name: _timed(data, decoding) for name, data in (*ordinary.items(), *hostile.items())}
    alternate(calls, 1)
    values = alternate(calls, rounds)
    slowest, worst = (max(files, key=lambda name: min(values[name])) for files in (ordinary, hostile))
    return Comparison(
        HEADING, f"{case}: {worst}", "ms", {OURS: values[worst], f"slowest ordinary: {slowest}": values[slowest]}
    )


def _timed(data: bytes, decoding: Decoding) -> Callable[[], float]:
    """Milliseconds of the processor for a file that is decoded or refused."""

    def call() -> float:
        start = time.process_time()
        with suppress(BadImage):
            decode(data, decoding, LIMITS)
        return (time.process_time() - start) * MILLISECONDS

    return call


def _formats() -> dict[str, tuple[Files, Files]]:
    photo = pictures.photograph(SIDE, SIDE)
    return {
        "JPEG": (_jpegs(photo), _hostile_jpegs()),
        "PNG": (_saved(photo, "PNG", RGB={}, RGBA={}, L={}), _hostile_pngs()),
        "PNG one pixel wide": (
            {"8 bits": png.picture(1, LONG), "16 bits": png.picture(1, LONG, 16)},
            {"interlaced": png.interlaced(1, LONG), "chunks of pixels": png.tiny_chunks(1, LONG, 512)},
        ),
        "GIF": (_saved(photo, "GIF", P={}), _hostile_gifs(photo)),
        "BMP": (_saved(photo, "BMP", RGB={}, P={}), _hostile_bmps()),
        "WebP": (
            _saved(photo, "WEBP", RGB={"quality": 90}, RGBA={"quality": 90})
            | {"without loss": _encoded(photo, "WEBP", lossless=True, method=1)},
            {
                "codes": webp.many_codes(SIDE, SIDE, 5, 2500),
                "frames": webp.many_frames(50_000),
            },
        ),
    }


def _jpegs(photo: Image.Image) -> Files:
    modes = {"4:2:0": {"subsampling": "4:2:0"}, "4:4:4": {"subsampling": "4:4:4"}}
    kinds = {"baseline": {}, "progressive": {"progressive": True}}
    return {
        f"{kind} {mode}": _encoded(photo, "JPEG", quality=pictures.QUALITY, **options, **more)
        for kind, more in kinds.items()
        for mode, options in modes.items()
    }


def _hostile_jpegs() -> Files:
    size = 1 << 20  # bytes
    return {
        "scans": jpeg.many_scans(SIDE, SIDE, 17),
        "scans of colours": jpeg.many_scans(SIDE, SIDE, 51, jpeg.COLOURS),
        "scans of bits": jpeg.many_bits(SIDE, SIDE, 16),
        "arithmetic": jpeg.many_plain_scans(SIDE, SIDE, 18, jpeg.ARITHMETIC),
        "0xFF": jpeg.marker_run(size),
        "restarts": jpeg.restarts(size),
        "segments": jpeg.many_segments(size // 4),
    }


def _hostile_pngs() -> Files:
    return {
        "filters": png.picture(SIDE, SIDE, filter_=4),
        "16 bits": png.picture(SIDE, SIDE, 16, png.RGBA),
        "interlaced": png.interlaced(SIDE, SIDE),
        "chunks": png.many_chunks(9_000, width=SIDE, height=SIDE),
        "texts": png.text_bomb(1_000, b"iTXt"),
    }


def _hostile_gifs(photo: Image.Image) -> Files:
    plain = _encoded(photo.quantize(256), "GIF")
    return {"pieces": plain[:-1] + gif.many_pieces(19_000, before=False)[19:], "extensions": gif.many_extensions(6_000)}


def _hostile_bmps() -> Files:
    return {
        "short rows": bmp.short_rows(SIDE, SIDE),
        "long runs": bmp.long_runs(SIDE, SIDE, 4),
        "short runs": bmp.short_runs(SIDE, SIDE),
        "short runs of few pixels": bmp.short_runs(SIDE, 10),
        "moves": bmp.moves(SIDE, SIDE, 1 << 20),
    }


def _encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def _saved(photo: Image.Image, format_: str, **modes: dict[str, object]) -> dict[str, bytes]:
    """The photograph in each of these of Pillow's modes."""
    return {
        mode: _encoded(photo.quantize(256) if mode == "P" else photo.convert(mode), format_, **options)
        for mode, options in modes.items()
    }


def _memory() -> Iterator[Comparison]:
    """The most bytes a pixel by format, beside what docs/http.md promises."""
    with tempfile.TemporaryDirectory() as folder:
        for format_, (ordinary, hostile) in _formats().items():
            for name, data in (*ordinary.items(), *hostile.items()):
                for channels in (3, 1) if format_.startswith(("JPEG", "PNG")) else (3,):
                    with suppress(BadImage):
                        if decode(data, Decoding(channels=channels), LIMITS).size >= LONG:
                            (Path(folder) / f"{format_}-{name}.{channels}.tensorflow").write_bytes(data)
        command = [sys.executable, "-m", "tests.predictor.peaks", folder]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    peaks: dict[str, float] = json.loads(done.stdout)
    for format_ in _formats():
        worst = max((name for name in peaks if name.startswith(f"{format_}-")), key=peaks.__getitem__)
        values = {OURS: (peaks[worst],), "promised": (float(BYTES_A_PIXEL),)}
        yield Comparison(HEADING, f"{worst.partition('.')[0]}", "bytes a pixel", values)
