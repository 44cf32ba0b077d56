"""Beam's way to a summary: in parts, so that no list of all objects is made."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from backfill.pipeline.finished import Finished
from backfill.report.summary import Summary


class Summarise(beam.CombineFn):  # type: ignore[misc] # Beam has no types
    """Counts objects as they are finished."""

    def create_accumulator(self) -> Summary:
        """Nothing counted yet."""
        return Summary()

    def add_input(self, summary: Summary, finished: Finished) -> Summary:
        """One more object."""
        summary.add(finished)
        return summary

    def merge_accumulators(self, summaries: Iterable[Summary]) -> Summary:
        """Several parts."""
        return Summary.merged(summaries)

    def extract_output(self, summary: Summary) -> Summary:
        """The whole."""
        return summary
