"""The network with weights in a smaller type, judged by samples as every file that is no longer exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from export.formats.tflite.exported import TfliteExported
from export.formats.tflite.network import Batch, PixelNetwork
from export.opening import Subject
from export.options import Options, Rounding
from export.progress import Report, announced
from export.verify import pictures
from export.verify.approximation import Approximation, check_enough, decoded, divided
from export.verify.parity import Verifier
from export.verify.pictures import Picture
from predictor import ModelInfo

_WORDS: dict[Rounding, str] = {
    "int8": "the network quantised to int8",
    "float16": "the network's weights rounded to float16",
}


@dataclass(frozen=True)
class Plan:
    """The rounding of the weights, and the samples: some to find the range of values by, others to judge by."""

    kind: Rounding
    calibrating: list[Picture]
    judging: list[Picture]

    @classmethod
    def of(cls, kind: Rounding, options: Options) -> Plan:
        """By the samples of the options; CannotApproximate when they are too few."""
        assert options.samples is not None
        calibrating, judging = divided(pictures.from_folder(options.samples))
        check_enough(len(judging))
        return cls(kind, calibrating, judging)


def rounded(network: PixelNetwork, subject: Subject, plan: Plan, report: Report) -> bytes:
    """The file without metadata; raises CannotApproximate."""

    def samples() -> Iterator[Batch]:
        return decoded(plan.calibrating, network.pixels, report)

    return network.rounded(subject.outputs, subject.reference_model.output_activation, plan.kind, samples)


def judged(subject: Subject, file: TfliteExported, info: ModelInfo, plan: Plan, report: Report) -> Approximation:
    """How near the rounded file is to the original, on the samples that judge."""
    verification = Verifier(subject.reference_model, file).verify(announced("Judging by samples", plan.judging, report))
    check_enough(len(verification.comparisons))
    return Approximation(info, (_WORDS[plan.kind],), verification)
