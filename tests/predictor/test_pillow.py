"""Decoding, turning and resizing by Pillow, compared with what users' own code calls: Pillow itself, and Keras."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from predictor import BadImage, Decoding, ImageTooLarge, Limits, Resizing
from predictor.formats import FORMATS
from predictor.image import Pixels, decode
from predictor.metadata import Fit, PillowMethod
from predictor.resizing import check_resizing, resize
from tests.predictor.comparison import PROPERTY, Reference, check, ours
from tests.predictor.pictures import JPEGS, LOSSLESS, SHARED_PICTURES, encode, picture, values

FILES = JPEGS | LOSSLESS | {"webp RGBA": encode(picture("RGBA"), "WEBP"), "bmp 1": encode(picture("1"), "BMP")}
MODES = {1: "L", 3: "RGB"}
# Keras leaves 16 bits of gray as they are, 0 to 65535, which no picture of bytes can hold.
MORE_LENIENT = {"odd/png_decompression_dos.png": "Pillow refuses a text chunk that inflates to over 1 MiB"}
NOT_AS_KERAS = ["png 16 bits gray"]


def pillow(data: bytes, channels: int, *, upright: bool = False) -> Pixels | None:
    """What Pillow makes of a file in one of our formats; None when it refuses."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on transparent palettes
            converted = (ImageOps.exif_transpose(image) if upright else image).convert(MODES[channels])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(converted).reshape(*converted.size[::-1], channels)


# Decoding.


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("name", SHARED_PICTURES or ["odd/hopper.jpg"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Possibly corrupt EXIF", "ignore:Truncated File Read")
def test_shared_picture(name: str, upright: bool, channels: Any, shared: Path) -> None:
    """Every photograph and every odd picture is Pillow's, as it stands in the file and upright, or refused by both."""
    data = (shared / "images" / name).read_bytes()
    decoding = Decoding(channels=channels, decoder="pillow", orientation="apply" if upright else "ignore")
    expected = pillow(data, channels, upright=upright)
    if name in MORE_LENIENT:
        assert (ours(data, decoding) is None, expected is None) == (False, True)
    else:
        check(ours(data, decoding), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FILES)
def test_made_picture(name: str, channels: Any) -> None:
    """A picture of any kind is what Pillow opens and converts, whatever the options for JPEGs say."""
    for smooth in (True, False):
        decoding = Decoding(jpeg_smooth_chroma=smooth, channels=channels, decoder="pillow")
        check(ours(FILES[name], decoding), pillow(FILES[name], channels))


@pytest.mark.parametrize(("channels", "color_mode"), [(1, "grayscale"), (3, "rgb")])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def test_keras(name: str, channels: Any, color_mode: str) -> None:
    """A picture of any kind is what `keras.utils.load_img` loads, but for 16 bits of gray."""
    from keras.utils import load_img

    image = load_img(io.BytesIO(FILES[name]), color_mode=color_mode)
    expected = np.asarray(image).reshape(*image.size[::-1], channels)
    actual = ours(FILES[name], Decoding(channels=channels, decoder="pillow"))
    if name in NOT_AS_KERAS and channels == 1:
        assert expected.max() > 255
    else:
        check(actual, expected)


@pytest.mark.parametrize("format_", FORMATS)
def test_limits(format_: str) -> None:
    """The limits of pixels hold for Pillow's decoding too."""
    data = encode(picture("RGB"), format_)
    with pytest.raises(ImageTooLarge, match="53 x 37 pixels"):
        decode(data, Decoding(decoder="pillow"), Limits(max_pixels=37 * 53 - 1))


def test_cut() -> None:
    """A JPEG that ends early is refused, as Pillow refuses it."""
    with pytest.raises(BadImage, match="The image is damaged: image file is truncated"):
        decode(JPEGS["baseline"][:-100], Decoding(decoder="pillow"), Limits())


def test_no_warning() -> None:
    """Pictures of which Pillow warns, transparent palettes, are decoded without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ours(LOSSLESS["png P alpha palette"], Decoding(decoder="pillow")) is not None


# Orientation.


def rotated(format_: str, orientation: int, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(picture("RGB"), format_, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_orientation(format_: str, orientation: int, reference: Reference) -> None:
    """TensorFlow's pixels are turned as Pillow turns a picture that says so in its EXIF."""
    data = rotated(format_, orientation)
    expected = reference(data)
    assert expected is not None
    image = Image.fromarray(expected)
    image.getexif()[0x0112] = orientation
    check(ours(data, Decoding(orientation="apply")), np.asarray(ImageOps.exif_transpose(image)))
    check(ours(data, Decoding(orientation="ignore")), expected)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_orientation_of_gray(orientation: int, reference: Reference) -> None:
    """A picture in gray and at a part of its size is turned just as well."""
    data = rotated("JPEG", orientation)
    expected = reference(data, 1, ratio=2)
    assert expected is not None
    turned = np.rot90(expected, {1: 0, 3: 2, 6: -1}[orientation])
    check(ours(data, Decoding(jpeg_ratio=2, channels=1, orientation="apply")), turned)


@pytest.mark.parametrize("name", [name for name in SHARED_PICTURES if "orientation" in name] or ["odd/hopper.jpg"])
def test_orientation_of_shared_picture(name: str, shared: Path, reference: Reference) -> None:
    """A picture that a camera or another program wrote is turned as Pillow turns it."""
    data = (shared / "images" / name).read_bytes()
    expected = reference(data)
    assert expected is not None
    with Image.open(io.BytesIO(data)) as original:
        image = Image.fromarray(expected)
        image.load()
        original.load()
        image.getexif()[0x0112] = original.getexif().get(0x0112, 1)
    check(ours(data, Decoding(orientation="apply")), np.asarray(ImageOps.exif_transpose(image)))


def test_orientation_behind_stray_bytes() -> None:
    """A JPEG with stray bytes between its header's segments is turned too."""
    data = rotated("JPEG", 6)
    decoding = Decoding(orientation="apply")
    check(ours(data[:20] + b"stray\xff\x00" + data[20:], decoding), ours(data, decoding))


# Resizing.


@pytest.mark.parametrize("mode", ["L", "RGB"])
@PROPERTY
@given(data=st.data())
def test_resizing(mode: str, data: st.DataObject) -> None:
    """A picture is resized bit for bit as Pillow's own functions do it, by every method and fit."""
    from keras.utils import load_img

    side = st.integers(1, 60)
    image = picture(mode, data.draw(st.tuples(side, side)))
    method, fit = data.draw(st.sampled_from(get_args(PillowMethod))), data.draw(st.sampled_from(get_args(Fit)))
    shorter = data.draw(side) if fit == "shorter-side" else 0
    height, width = data.draw(side), data.draw(side)
    name = method.removeprefix("pillow-")
    resample = Image.Resampling[name.upper()]
    if fit == "crop":
        expected = ImageOps.fit(image, (width, height), resample)
    elif fit == "pad":
        expected = ImageOps.pad(image, (width, height), resample)
    elif fit == "pad-to-aspect-ratio":
        expected = keras_padded(image, height, width).resize((width, height), resample)
    elif fit == "shorter-side":
        expected = torchvisions(image, height, width, shorter, resample)
    else:
        cuts = fit == "crop-to-aspect-ratio"
        assume(not cuts or (image.width * height >= width and image.height * width >= height))  # Keras takes no line
        color_mode = "grayscale" if mode == "L" else "rgb"
        file = io.BytesIO(encode(image, "PNG"))
        expected = load_img(file, color_mode, (height, width), name, keep_aspect_ratio=cuts)
    pixels = np.asarray(image).reshape(*image.size[::-1], len(mode))
    actual = resize(pixels, Resizing(method, height, width, fit, shorter))
    check(actual, np.asarray(expected).reshape(height, width, len(mode)))
    assert actual.flags.c_contiguous


def keras_padded(image: Image.Image, height: int, width: int) -> Image.Image:
    """The picture as Keras pads it: `pad_to_aspect_ratio` before the resize, done with arrays."""
    pixels = np.asarray(image)
    rows = max(image.height, int(np.float32(image.width * height) / np.float32(width)))
    columns = max(image.width, int(np.float32(image.height * width) / np.float32(height)))
    top, left = int((rows - image.height) / 2), int((columns - image.width) / 2)
    return Image.fromarray(np.pad(pixels, [(top, top), (left, left)] + [(0, 0)] * (pixels.ndim - 2)))


def torchvisions(image: Image.Image, height: int, width: int, shorter: int, resample: Any) -> Image.Image:
    """Torchvision's Resize(shorter) and CenterCrop((height, width)) of a PIL image, as its functional.py has them."""
    short, long = sorted(image.size)
    new_short, new_long = shorter, int(shorter * long / short)
    size = (new_short, new_long) if image.width <= image.height else (new_long, new_short)
    pixels = np.asarray(image.resize(size, resample))
    rows, columns = pixels.shape[:2]
    lacks = [(max(0, height - rows) // 2, (max(0, height - rows) + 1) // 2),
             (max(0, width - columns) // 2, (max(0, width - columns) + 1) // 2)]  # fmt: skip
    pixels = np.pad(pixels, lacks + [(0, 0)] * (pixels.ndim - 2))
    top, left = round((pixels.shape[0] - height) / 2.0), round((pixels.shape[1] - width) / 2.0)
    return Image.fromarray(pixels[top : top + height, left : left + width])


@pytest.mark.parametrize("fit", ["pad-to-aspect-ratio", "shorter-side"])
def test_line(fit: Any) -> None:
    """A line that would become a picture of gigabytes on its way is refused before it does."""
    resizing = Resizing("pillow-bilinear", 224, 224, fit, 256 if fit == "shorter-side" else 0)
    with pytest.raises(ImageTooLarge):
        check_resizing(np.zeros((1, 60_000, 3), np.uint8), resizing, Limits())


def test_stretch_is_pillows_resize() -> None:
    """To stretch is `Image.resize` with the size that is said."""
    image = picture("RGB")
    expected = np.asarray(image.resize((20, 30), Image.Resampling.BOX))
    check(resize(np.asarray(image), Resizing("pillow-box", 30, 20)), expected)


@pytest.mark.parametrize("name", [name for name in SHARED_PICTURES if "photos" in name] or ["odd/hopper.jpg"])
def test_teachable_machine(name: str, shared: Path) -> None:
    """A photograph is prepared as the code that Teachable Machine exports beside its models prepares it."""
    path = shared / "images" / name
    image = Image.open(path).convert("RGB")
    expected = np.asarray(ImageOps.fit(image, (224, 224), Image.Resampling.LANCZOS))
    decoded = decode(path.read_bytes(), Decoding(decoder="pillow"), Limits())
    check(resize(decoded, Resizing("pillow-lanczos", 224, 224, "crop")), expected)


def test_resizing_methods_differ() -> None:
    """No two methods and no two fits give the same pixels, so that agreeing on each says something."""
    pixels = values(40, 60, 3)
    methods = [Resizing(method, 21, 20) for method in get_args(PillowMethod)]
    fits = [Resizing("pillow-bicubic", 21, 20, fit, 30 if fit == "shorter-side" else 0) for fit in get_args(Fit)]
    for every in (methods, fits):
        assert len({resize(pixels, resizing).tobytes() for resizing in every}) == len(every)
