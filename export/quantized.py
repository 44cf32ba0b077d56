"""The second step of `--quantize`: the proven file again with whole numbers, judged on samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from export import pictures
from export.errors import CannotQuantize, ExportError
from export.kinds.original import Original
from export.network import quantization
from export.network.model_file import ModelFile, version
from export.parity import Verification, Verifier
from export.pictures import Picture
from export.progress import Report, announced
from predictor import BadImage, Classifier, ModelInfo

LEAST_AGREEMENT = 0.99
"""Of the samples, the share that must get the original's label."""
LEAST_JUDGED = 100
"""Of fewer samples a single one is more than may differ."""
MOST_CALIBRATED = 200
"""More samples take time, and hardly widen the range of values."""


@dataclass(frozen=True)
class Samples:
    """Pictures like those the model will see: some to find the range of values by, others to judge by."""

    calibrating: list[Picture]
    judging: list[Picture]

    @classmethod
    def of(cls, folder: Path) -> Samples:
        """The files below `folder` in turn; CannotQuantize when they are too few."""
        found = pictures.from_folder(folder)
        _check_enough(len(found[1::2]))
        return cls(_spread(found[::2], MOST_CALIBRATED), found[1::2])


@dataclass(frozen=True)
class Quantized:
    """A quantised file: what it says of itself, and how it answers for samples that it was not calibrated on."""

    info: ModelInfo
    verification: Verification

    @property
    def agreeing(self) -> int:
        """How many samples get the original's label."""
        return round(self.verification.parity.top1_agreement * self.verification.parity.pictures)

    @property
    def failure(self) -> str:
        """Why it is not written: too many samples get another label than the original's; empty when it is."""
        parity = self.verification.parity
        if parity.top1_agreement >= LEAST_AGREEMENT:
            return ""
        return (
            f"Quantised, the network chooses the original's label for {self.agreeing} of {parity.pictures} samples, "
            f"fewer than {LEAST_AGREEMENT:.0%}; a score differs by up to {parity.max_score_difference:.2g}. No file was"
            " written; export without --quantize."
        )


def quantize(
    path: Path, info: ModelInfo, before: onnx.ModelProto, original: Original, samples: Samples, report: Report
) -> Quantized:
    """Quantise the network in the proven file `path`, in place, and compare it with the original.

    before: what `split_network_input` gave. Raises CannotQuantize when too few samples can be read.
    """
    read = _read(Classifier.load(path), samples.calibrating, report)
    model = quantization.quantize(onnx.load(path), before, read)
    info = replace(
        info,
        version=version(model, info.labels, info.decoding, info.resizing),
        quantization="int8",
        tools=info.tools | {"onnxruntime": onnxruntime.__version__},
    )
    file = ModelFile(path, model)
    file.describe(info)
    verifier = Verifier(original, Classifier.load(path), before.SerializeToString())
    verification = verifier.verify(announced("Judging by samples", samples.judging, report))
    _check_enough(len(verification.comparisons))
    info = replace(info, parity=verification.parity)
    file.describe(info)
    return Quantized(info, verification)


def _read(classifier: Classifier, chosen: list[Picture], report: Report) -> Iterator[npt.NDArray[np.uint8]]:
    """The pixels of all that can be read, uint8 [height, width, channels]; ExportError when there are none."""
    read = 0
    for picture in announced("Calibrating on samples", chosen, report):
        try:
            yield classifier.decode(picture.read())
            read += 1
        except BadImage:
            continue
    if not read:
        raise ExportError("None of the samples can be read.")
    report("Quantising the network", 0, None)


def _spread(found: list[Picture], most: int) -> list[Picture]:
    """At most so many, from everywhere in the list: pictures of one kind often stand side by side."""
    count = min(most, len(found))
    return [found[number * len(found) // count] for number in range(count)]


def _check_enough(judged: int) -> None:
    if judged < LEAST_JUDGED:
        raise CannotQuantize(
            f"--quantize judges by every second sample that can be read, and of {judged} a single one is more than "
            f"{1 - LEAST_AGREEMENT:.0%}: give at least {2 * LEAST_JUDGED} with --samples."
        )
