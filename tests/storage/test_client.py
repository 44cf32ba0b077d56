"""The storage of the functions, with the real client."""

from __future__ import annotations

import pytest

from emulator import CloudStorage
from predictor import ImageTooLarge, Limits
from storage.client import Storage
from storage.deadline import Deadline
from storage.location import Location

MOST = 1_000_000


@pytest.mark.parametrize("more", [0, 1, 3 * MOST])
def test_no_more_than_allowed(more: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of as many bytes as are allowed is fetched; a larger one is refused, in however many pieces."""
    with CloudStorage(["photos"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        stored = storage.put("photos", "a.png", b"x" * (MOST + more), "image/png")
        place, deadline = Location("photos", "a.png"), Deadline.after(10)

        def fetch() -> int:
            return len(Storage().fetch(place, stored.generation, Limits(max_bytes=MOST), deadline)[0])

        if more:
            with pytest.raises(ImageTooLarge):
                fetch()
        else:
            assert fetch() == MOST
