"""Approximations, where the user wants a faster file that is no longer exact, and how near they are on samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import onnx
import onnx.shape_inference

from export.errors import CannotApproximate, ExportError
from export.formats.onnx.exported import OnnxExported
from export.importers.pipeline import Pipeline
from export.network import quantization
from export.network.model_file import ModelFile
from export.options import Options
from export.progress import Report, announced
from export.verify import pictures
from export.verify.parity import Verification, Verifier
from export.verify.pictures import UNREADABLE, Picture
from export.version import version
from predictor import BadImage, Classifier, Decoding, ModelInfo
from predictor.jpeg.header import STARTS, read_header
from predictor.metadata import Quantization

T = TypeVar("T")

LEAST_AGREEMENT = 0.99
"""Of the samples, the share that must get the original's label."""
LEAST_JUDGED = 100
"""Of fewer samples a single one is more than may differ."""
MOST_CALIBRATED = 200
"""More samples take time, and hardly widen the range of values."""

_ANY = Decoding()


@dataclass(frozen=True)
class Plan:
    """The exactness that is given up, and the samples: some to find the range of values by, others to judge by."""

    decoding: Decoding
    quantization: Quantization | None
    calibrating: list[Picture]
    judging: list[Picture]

    @classmethod
    def of(
        cls, options: Options, decoding: Decoding, model: onnx.ModelProto, before: onnx.ModelProto, report: Report
    ) -> Plan | None:
        """The plan that the options ask for; None for none. CannotApproximate when model or samples do not allow it.

        before: what `split_network_input` gave.
        """
        if not options.approximates or not options.samples:
            return None
        if options.quantize:
            quantization.check_float(model)
        found = pictures.from_folder(options.samples)
        if options.reduced_jpeg:
            decoding = _reduced(decoding, before, options.reduced_jpeg)
            found = [
                picture for picture in announced("Looking at samples", found, report) if _is_reduced(picture, decoding)
            ]
        check_enough(len(found[1::2]), decoding)
        return cls(decoding, _to_whole(options), *divided(found))

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that are done to pictures and that training did not do, in words."""
        least = self.decoding.jpeg_least
        return (f"JPEGs reduced to no less than {least} pixels a side",) if least else ()


@dataclass(frozen=True)
class Approximation:
    """A file that is no longer exact: what it says of itself, its new steps in words, and how it does on samples."""

    info: ModelInfo
    steps: tuple[str, ...]
    verification: Verification

    @property
    def agreeing(self) -> int:
        """How many samples get the original's label."""
        return round(self.verification.parity.top1_agreement * self.verification.parity.pictures)

    @property
    def what(self) -> str:
        """The exactness that was given up, in words."""
        network = [f"the network quantised to {self.info.quantization}"] if self.info.quantization else []
        return " and ".join([*network, *self.steps])

    @property
    def failure(self) -> str:
        """Why it is not written: too many samples get another label than the original's; empty when it is."""
        parity = self.verification.parity
        if parity.top1_agreement >= LEAST_AGREEMENT:
            return ""
        return (
            f"With {self.what}, the original's label is chosen for {self.agreeing} of {parity.pictures} samples, fewer "
            f"than {LEAST_AGREEMENT:.0%}; a score differs by up to {parity.max_score_difference:.2g}. No file was "
            "written; export it as it is."
        )


def approximate(
    file: ModelFile, info: ModelInfo, before: onnx.ModelProto, pipeline: Pipeline, plan: Plan, report: Report
) -> Approximation:
    """Change the proven file as planned, in place, and compare it with the original.

    before: what `split_network_input` gave. Raises CannotApproximate.
    """
    steps = (*plan.steps, *info.preprocessing)
    info = replace(info, decoding=plan.decoding, preprocessing=steps, quantization=plan.quantization)
    file.describe(info)
    model = onnx.load(file.path)
    if plan.quantization:
        model = quantization.quantize(
            model, before, decoded(plan.calibrating, Classifier.load(file.path).decode, report)
        )
        file = ModelFile(file.path, model)
    info = replace(info, version=version(info, pipeline.preprocessing, model if plan.quantization else None))
    file.describe(info)
    verification = Verifier(pipeline.reference_model, OnnxExported(file.path, before)).verify(
        announced("Judging by samples", plan.judging, report)
    )
    check_enough(len(verification.comparisons), info.decoding)
    info = replace(info, parity=verification.parity)
    file.describe(info)
    return Approximation(info, plan.steps, verification)


def _to_whole(options: Options) -> Quantization | None:
    return "int8" if options.quantize == "int8" else None


def _reduced(decoding: Decoding, before: onnx.ModelProto, factor: float) -> Decoding:
    """The decoding with JPEGs of at least `factor` times what the network sees."""
    shape = onnx.shape_inference.infer_shapes(before).graph.output[0].type.tensor_type.shape
    side = max((size.dim_value for size in shape.dim), default=0)
    if decoding.decoder in ("pillow", "chromium") or decoding.jpeg_ratio != 1 or side <= 1:
        raise CannotApproximate(
            "--reduced-jpeg does not go with a model that has Pillow decode, takes a part of JPEGs itself, or sees "
            "pictures of any size; leave it out."
        )
    return replace(decoding, jpeg_least=math.ceil(factor * side))


def _is_reduced(picture: Picture, decoding: Decoding) -> bool:
    data = picture.read()
    if not data.startswith(STARTS):
        return False
    try:
        header = read_header(data)
    except BadImage:
        return False
    return decoding.of_jpeg(header.height, header.width).jpeg_ratio > 1


def decoded(chosen: list[Picture], decode: Callable[[bytes], T], report: Report) -> Iterator[T]:
    """The samples that can be decoded, to calibrate by; ExportError when there are none."""
    count = 0
    for picture in announced("Calibrating on samples", chosen, report):
        try:
            yield decode(picture.read())
            count += 1
        except UNREADABLE:
            continue
    if not count:
        raise ExportError("None of the samples can be read.")
    report("Rounding the network", 0, None)


def divided(found: list[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Samples to find the range of values by, and those to judge by: every second one.

    Of the former at most so many, from everywhere in the list: pictures of one kind often stand side by side.
    """
    first = found[::2]
    count = min(MOST_CALIBRATED, len(first))
    return [first[number * len(first) // count] for number in range(count)], found[1::2]


def check_enough(judged: int, decoding: Decoding = _ANY) -> None:
    """CannotApproximate where so many samples are too few to judge by."""
    if judged < LEAST_JUDGED:
        which = f"JPEG of at least {2 * decoding.jpeg_least - 1} pixels a side" if decoding.jpeg_least else "sample"
        raise CannotApproximate(
            f"Every second {which} that can be read is used to judge, and of {judged} a single one is more than "
            f"{1 - LEAST_AGREEMENT:.0%}: give at least {2 * LEAST_JUDGED} with --samples."
        )
