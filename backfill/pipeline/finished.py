"""The outcome of one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from predictor import ModelInfo, Prediction, Scores
from results import predicted_labels
from results.outcome import Outcome
from storage.location import Location

NONE_GIVEN = "(no label)"
"""The text in place of labels for a picture that is given none."""


@dataclass(frozen=True)
class Finished:
    """The end of the work on one object; `RETRIED` means that nothing could be stored, which another run may."""

    source: Location
    outcome: Outcome
    reason: str = ""
    """Why there are no labels; empty where there are."""
    label: str = ""
    score: float = 0.0
    """Of the best label that it is given; without one, of the best that it is not given."""
    thumbnail: bytes = b""
    """A small PNG or JPEG, where a report is wanted."""
    others: tuple[Prediction, ...] = ()
    """More labels that it is given."""

    @classmethod
    def labelled(
        cls,
        source: Location,
        outcome: Outcome,
        scores: Scores,
        info: ModelInfo,
        min_score: float | None,
        picture: bytes,
    ) -> Finished:
        """Of a picture with these scores, float32 [classes], and the labels that it is given."""
        labels = predicted_labels.predicted(scores, info, min_score) or [Prediction(NONE_GIVEN, float(scores.max()))]
        return cls(source, outcome, "", labels[0].label, labels[0].score, picture, tuple(labels[1:]))

    def by_label(self) -> Iterator[Finished]:
        """The same for each of its labels alone."""
        yield replace(self, others=())
        for one in self.others:
            yield replace(self, label=one.label, score=one.score, others=())

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that cannot be listed, whatever is in it."""
        return self.outcome is Outcome.RETRIED and self.source.name.endswith("/")
