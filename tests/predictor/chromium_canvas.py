"""Pictures, and what a real Chromium draws of them on a square canvas as Teachable Machine's page does.

`python -m tests.predictor.chromium_canvas` draws them anew where Chromium is, and writes the file beside this one.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

DRAWN = Path(__file__).with_name("chromium_canvas.npz")
SIZE = 48  # pixels a side of the canvas

# (format, mode, width, height, options)
_JPEG: dict[str, Any] = {"quality": 85}
_PICTURES: list[tuple[str, str, int, int, dict[str, Any]]] = [
    *(("PNG", "RGB", width, height, {}) for width, height in [(48, 48), (30, 20), (7, 90), (100, 75), (96, 96)]),
    *(("PNG", "RGB", width, height, {}) for width, height in [(97, 131), (200, 150), (192, 256), (333, 217)]),
    *(("PNG", "RGB", width, height, {}) for width, height in [(400, 301), (640, 480), (799, 450), (1, 60), (95, 700)]),
    *(("PNG", "RGBA", width, height, {}) for width, height in [(48, 48), (61, 47), (128, 128), (301, 203)]),
    *(("PNG", mode, 150, 100, {}) for mode in ("L", "LA", "P")),
    *(("JPEG", "RGB", w, h, _JPEG | {"subsampling": 2}) for w, h in [(96, 96), (160, 128), (320, 240), (640, 480)]),
    *(("JPEG", "RGB", w, h, _JPEG | {"subsampling": 2}) for w, h in [(1600, 1200), (321, 240), (500, 375)]),
    *(("JPEG", "RGB", w, h, _JPEG | {"subsampling": 0}) for w, h in [(104, 104), (200, 152), (331, 222)]),
    ("JPEG", "RGB", 256, 192, _JPEG | {"subsampling": 1}),
    ("JPEG", "RGB", 320, 240, _JPEG | {"progressive": True}),
    ("JPEG", "L", 208, 160, _JPEG),
    *(("JPEG", "RGB", 320, 240, _JPEG | {"orientation": turn}) for turn in (3, 6, 8)),
    ("JPEG", "RGB", 203, 155, _JPEG | {"orientation": 6}),
    ("WEBP", "RGB", 150, 121, {"lossless": True}),
    ("WEBP", "RGBA", 190, 143, {"lossless": True, "exact": True}),
]


def pictures() -> dict[str, bytes]:
    """Forty image files by a name that says what they are."""
    made = {}
    for number, (format_, mode, width, height, options) in enumerate(_PICTURES):
        name = " ".join([str(number), format_, mode, f"{width}x{height}", *(f"{k}={v}" for k, v in options.items())])
        made[name] = _encoded(_scene(number, mode, width, height), format_, dict(options))
    return made


def _scene(seed: int, mode: str, width: int, height: int) -> Image.Image:
    """Waves, discs with hard edges, and a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(width, height)
    pixels = np.stack([_wave(random, x, y) for _ in range(4)], axis=2)
    for _ in range(5):
        centre_x, centre_y, radius = random.uniform(0, 1, 3)
        pixels[np.hypot(x - centre_x, y - centre_y) < radius / 4] = random.uniform(0, 255, 4)
    pixels += random.normal(0, 3, pixels.shape)
    levels = pixels.clip(0, 255).astype(np.uint8)
    image = Image.fromarray(levels)
    if mode == "RGBA":
        return image
    if mode == "LA":
        return Image.merge("LA", [image.getchannel("R"), image.getchannel("A")])
    rgb = Image.fromarray(np.ascontiguousarray(levels[..., :3]))
    return rgb.quantize(60) if mode == "P" else rgb.convert(mode)


def _wave(random: np.random.Generator, x: Any, y: Any) -> npt.NDArray[np.float64]:
    across, down, start = random.uniform(0, 12, 3)
    wave: npt.NDArray[np.float64] = 127.5 + 127.5 * np.sin(across * x + down * y + start)
    return wave


def _encoded(image: Image.Image, format_: str, options: dict[str, Any]) -> bytes:
    file, turn = io.BytesIO(), options.pop("orientation", None)
    if turn:
        options["exif"] = exif = image.getexif()
        exif[0x0112] = turn
    image.save(file, format_, **options)
    return file.getvalue()


_DRAW = """
async ([address, size, isFrame]) => {
    let image = new Image();
    image.src = address;
    await image.decode();
    if (isFrame) {
        const frame = document.createElement('canvas');
        frame.width = image.width;
        frame.height = image.height;
        frame.getContext('2d').drawImage(image, 0, 0);
        image = frame;
    }
    const canvas = document.createElement('canvas');
    const scale = size / Math.min(image.width, image.height);
    const width = Math.ceil(image.width * scale), height = Math.ceil(image.height * scale);
    canvas.width = canvas.height = size;
    const context = canvas.getContext('2d');
    context.drawImage(image, -Math.trunc((width - size) / 2), -Math.trunc((height - size) / 2), width, height);
    return Array.from(context.getImageData(0, 0, size, size).data);
}
"""


def draw(files: dict[str, bytes], size: int = SIZE) -> dict[str, npt.NDArray[np.uint8]]:
    """What Chromium draws, uint8 [pictures, size, size, 3], of picture files and of frames, as `image` and `frame`."""
    from tests.browser import launched

    with launched() as browser:
        page, drawn = browser.new_page(), {}
        for kind in ("image", "frame"):
            results = []
            for name, data in files.items():
                kind_of_file = name.split()[1].lower()
                address = f"data:image/{kind_of_file};base64,{base64.b64encode(data).decode()}"
                values = page.evaluate(_DRAW, [address, size, kind == "frame"])
                results.append(np.array(values, np.uint8).reshape(size, size, 4)[..., :3])
            drawn[kind] = np.stack(results)
    return drawn


if __name__ == "__main__":
    np.savez_compressed(DRAWN, **draw(pictures()))
