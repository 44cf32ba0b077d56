"""The summary of all objects, in bounded size."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from backfill.pipeline.finished import Finished
from results.outcome import Outcome

MOST_REASONS = 100
MOST_LEAST_CERTAIN = 12
"""Pictures of each label that the report shows."""
MOST_PICTURES = 1200
"""Of all labels together, unless there are more labels than that, each of which keeps one."""
MOST_WITHOUT_LABELS = 100
"""Of those that have none, the first that are named of each outcome."""
OTHER_REASONS = "other reasons"

WITHOUT_LABELS = (Outcome.RETRIED, Outcome.FAILED, Outcome.REFUSED)
"""The outcomes without labels; first what another run may mend."""


@dataclass
class Summary:
    """How many objects came to what, and the least certain pictures of each label."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    least_certain: dict[str, list[Finished]] = field(default_factory=dict)
    """By label, with the lowest score first; empty where no report is wanted."""
    without_labels: dict[Outcome, list[Finished]] = field(default_factory=dict)
    """By outcome, of those that were to have labels and have none the first by name."""

    def add(self, finished: Finished) -> None:
        """Count one object."""
        self.outcomes[finished.outcome] += 1
        if finished.reason:
            self._count_reason((finished.outcome, finished.reason), 1)
        if finished.outcome in WITHOUT_LABELS:
            self._name(finished)
        if finished.outcome is Outcome.LABELLED:
            for one in finished.by_label():
                self.labels[one.label] += 1
                if one.thumbnail:
                    self._keep(one)

    @classmethod
    def merged(cls, summaries: Iterable[Summary]) -> Summary:
        """Several summaries as one."""
        whole = cls()
        for summary in summaries:
            whole.outcomes.update(summary.outcomes)
            whole.labels.update(summary.labels)
            for key, number in summary.reasons.items():
                whole._count_reason(key, number)
            for found in summary.least_certain.values():
                for finished in found:
                    whole._keep(finished)
            for found in summary.without_labels.values():
                for finished in found:
                    whole._name(finished)
        return whole

    def _count_reason(self, key: tuple[Outcome, str], number: int) -> None:
        """Reasons may hold sizes and times, so that there could be as many as there are pictures."""
        known = key in self.reasons or len(self.reasons) < MOST_REASONS
        self.reasons[key if known else (key[0], OTHER_REASONS)] += number

    def _name(self, finished: Finished) -> None:
        named = self.without_labels.setdefault(finished.outcome, [])
        insort(named, finished, key=lambda one: (one.source.name, one.reason))
        del named[MOST_WITHOUT_LABELS:]

    def _keep(self, finished: Finished) -> None:
        before = _room(len(self.least_certain))
        kept = self.least_certain.setdefault(finished.label, [])
        kept.append(finished)
        kept.sort(key=lambda one: (one.score, one.source.name))
        room = _room(len(self.least_certain))
        for found in [kept] if room == before else self.least_certain.values():  # a new label takes room from all
            del found[room:]


def _room(labels: int) -> int:
    """How many pictures each of so many labels keeps."""
    return max(min(MOST_LEAST_CERTAIN, MOST_PICTURES // max(labels, 1)), 1)
