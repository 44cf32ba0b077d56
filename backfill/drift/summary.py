"""What was found, for a terminal and as JSON: how pictures look, never how good the labels are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backfill.drift.drift import LEAST_IN_WINDOW, LEAST_UNITS, REFERENCE, WINDOW, Drift, Episode, Window, typical
from backfill.drift.observation import UNITS, Observation
from backfill.report.printable import printable

EXAMPLES = 8
MOST_WINDOWS = 30  # in the summary; the last ones


def lines(drift: Drift, unread: int) -> Iterator[str]:
    """The lines of the summary."""
    yield f"{'Reference':11}{_described(drift.reference)}"
    yield f"{'Then':11}{_described(drift.later)}"
    if unread:
        yield f"{'':11}{unread:,} could not be read, and are left out"
    for window in drift.windows[-MOST_WINDOWS:]:
        yield f"{'':11}{window.days[0]} to {window.days[1]}  {_strength(window)}"
    yield from (f"\n{said}" for said in sentences(drift))


def sentences(drift: Drift) -> Iterator[str]:
    """The answer."""
    if not drift.is_judged:
        yield needs(drift)
        return
    episodes = list(drift.episodes())
    yield from map(sentence, episodes)
    if not episodes:
        yield "No change was found. There may be one that these numbers do not show: see docs/drift.md."


def sentence(episode: Episode) -> str:
    """What changed, and when."""
    ways = [change.words for change in episode.changes]
    words = f"{', '.join(ways[:-1])} and {ways[-1]}" if len(ways) > 1 else ways[0]
    when = (
        f"From {episode.since} to {episode.until} pictures were"
        if episode.until
        else f"Since {episode.since} pictures are"
    )
    return f"{when} {words} compared with the reference."


def needs(drift: Drift) -> str:
    """Why nothing can be said, and what it takes."""
    if not drift.is_known:
        return (
            f"Nothing can be said yet: the reference has {_described(drift.reference)}. It needs at least"
            f" {REFERENCE} pictures, and {LEAST_UNITS} sources or days, to tell change from chance."
        )
    return (
        f"Nothing can be said yet: after the reference there are {_described(drift.later)}. It needs two windows,"
        f" each of at least {WINDOW} pictures on {LEAST_IN_WINDOW} days."
    )


def document(drift: Drift, unread: int) -> dict[str, Any]:
    """The same as JSON."""
    episodes = list(drift.episodes())
    return {
        "verdict": "too_few" if not drift.is_judged else "changed" if episodes else "no_change_found",
        "says": " ".join(sentences(drift)),
        "pictures": len(drift.reference) + len(drift.later),
        "unread": unread,
        "reference": _numbers(drift.reference),
        "windows": [_numbers(window.observations) | {"strength": window.strength} for window in drift.windows],
        "episodes": [_episode(episode) for episode in episodes],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "since": str(episode.since),
        "until": str(episode.until) if episode.until else None,
        "changes": [{"words": change.words, "strength": change.strength} for change in episode.changes],
        "examples": [printable(str(one.upload.location)) for one in typical(episode.observations, EXAMPLES)],
    }


def _numbers(observations: Sequence[Observation]) -> dict[str, Any]:
    days = [one.day for one in observations]
    return {
        "pictures": len(observations),
        "sources": len(set(map(UNITS["sources"], observations))),
        "days": len(set(days)),
        "first": str(min(days)) if days else None,
        "last": str(max(days)) if days else None,
    }


def _described(observations: Sequence[Observation]) -> str:
    found = _numbers(observations)
    if not observations:
        return "no pictures"
    counts = ", ".join(_count(found[name], name[:-1]) for name in ("pictures", "sources", "days"))
    return f"{counts}, {found['first']} to {found['last']}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _strength(window: Window) -> str:
    if window.strength is None:
        return "too few sources"
    return f"{window.strength:.2f} of the threshold{', differs' if window.differs else ''}"
