"""Which product's button exported a model, by the names and labels that it leaves: what to propose, never to apply."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from export.source.source import Source
from predictor.metadata import Fit

_NUMBERED = re.compile(r"(\d+) +\S.*")  # a line of Teachable Machine's labels.txt
_LOOKED_AT = 4  # names of a path, from its end
_MOST_TEXT = 1 << 20  # bytes of a file with labels


@dataclass(frozen=True)
class Maker:
    """A product, how it names its files and tensors, and the presets for what it trains, with when to take each."""

    name: str
    files: re.Pattern[str]
    tensors: re.Pattern[str]
    presets: tuple[tuple[str, str], ...]
    leaves_fit_open: bool = False
    """Whether the code that runs its models decides how pictures of other shapes are fitted."""


MAKERS = (
    Maker(
        "Teachable Machine",
        re.compile(
            r"converted_(savedmodel|keras|tflite|edgetpu)[^/]*\.zip|model\.savedmodel|keras_model\.h5"
            r"|model_(unquant|edgetpu)\.tflite|vww_96_grayscale_quantized\.tflite",
            re.IGNORECASE,
        ),
        re.compile(r"sequential_1_input|dense_Dense[12]\b|@?teachable[\w/]*|tmVersion", re.IGNORECASE),
        (
            ("teachable-machine-upload", "for a model trained on uploaded files"),
            ("teachable-machine-webcam", "for one trained on a webcam's pictures"),
            ("teachable-machine", "for answers as its Keras snippet gives them"),
        ),
    ),
    Maker(
        "AutoML Edge",
        re.compile(
            r"dict\.txt|tflite_metadata\.json|.*manifest.*\.json|automl.*"
            r"|(edgetpu[-_])?(tflite|tf[-_]saved[-_]model)-.+-\d{4}-\d\d-\d\d.*",
            re.IGNORECASE,
        ),
        re.compile(r"\bimage uint8 \[[^]]*\] to scores\b|\bmnas_v4|automl", re.IGNORECASE),
        (("automl-edge", "as its own code does"),),
        leaves_fit_open=True,
    ),
)


@dataclass(frozen=True)
class Recognised:
    """A maker, and the names that it was recognised by."""

    maker: Maker
    signs: tuple[str, ...]
    usual_fit: Fit | None
    """That of the library that runs the model, which counts where the preset's maker leaves it to that."""

    def proposal(self, model: str) -> str:
        """The options to use instead, for the command's argument `model`."""
        fit = f" --fit {self.usual_fit}" if self.usual_fit and self.maker.leaves_fit_open else ""
        commands = "; ".join(
            f"`python -m export {shlex.quote(model)} --preset {preset}{fit} -o model.onnx` {when}"
            for preset, when in self.maker.presets
        )
        return f"It looks like a model of {self.maker.name} ({', '.join(self.signs)}): {commands}."


def recognise(source: Source, tensors: Iterable[str]) -> Recognised | None:
    """The first maker that left a sign; `tensors` holds names and types of the graph."""
    words = " ".join((*tensors, *source.importer.signs(source.path)))
    names = list(dict.fromkeys(_names(source)))
    for maker in MAKERS:
        signs = [name for name in names if maker.files.fullmatch(name)]
        signs += sorted({found[0] for found in maker.tensors.finditer(words)})
        if maker is MAKERS[0] and (numbered := _numbered_labels(source)):
            signs.append(f"{numbered} with numbers before the names")
        if signs:
            return Recognised(maker, tuple(signs), source.importer.usual_fit)
    return None


def _names(source: Source) -> Iterator[str]:
    """The names of the model, of the folders that lead to it and of the files beside it."""
    yield from re.split(r"[/\\]", source.given.rstrip("/\\"))[: -_LOOKED_AT - 1 : -1]
    yield source.path.name
    for folder in source.labels_folders:
        if folder.is_dir():
            yield from sorted(path.name for path in folder.iterdir() if path.is_file())


def _numbered_labels(source: Source) -> str:
    """The name of a labels.txt whose lines are `0 first`, `1 second` and so on; empty without one."""
    for folder in source.labels_folders:
        path = folder / "labels.txt"
        if path.is_file() and path.stat().st_size <= _MOST_TEXT and _is_numbered(path):
            return path.name
    return ""


def _is_numbered(path: Path) -> bool:
    lines = path.read_text(encoding="utf-8", errors="replace").strip("\ufeff\n\r ").splitlines()
    found = [_NUMBERED.fullmatch(line.strip()) for line in lines]
    return bool(lines) and all(match and int(match[1]) == number for number, match in enumerate(found))
