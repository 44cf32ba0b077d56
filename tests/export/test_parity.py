"""When answers count as equal, and what is said where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from export.verify.parity import Comparison, Verification
from export.verify.pictures import Picture
from export.verify.sizes import Sizes

PICTURE = Picture("cat.jpg", bytes)


def verification(
    original: list[float], exported: list[float], bounds: tuple[list[float], list[float]] | None = None
) -> Verification:
    first, second = np.array(original, np.float32), np.array(exported, np.float32)
    limits = (np.array(bounds[0]), np.array(bounds[1])) if bounds else None
    return Verification((Comparison(PICTURE, first, second, True, limits),), (), (), Sizes(()))


def test_remedy() -> None:
    """Where labels are the same and scores are near, the sentence names a tolerance, and with it the file is equal."""
    found = verification([0.7, 0.3], [0.6922, 0.3078])
    assert found.failure(1e-4).endswith("If that is near enough for you, give --tolerance 0.009.")
    assert found.failure(0.009) == ""


def test_near_tie() -> None:
    """Two classes that the original puts within twice the tolerance are the same label, others are not."""
    near = verification([0.504, 0.496], [0.49, 0.51])
    assert "it chooses the same label" in near.failure(5e-3)
    assert "it chooses another label" in near.failure(3e-3)


@pytest.mark.parametrize("exported", [[0.3, 0.7], [0.6, 0.4]], ids=["another label", "far off"])
def test_no_remedy(exported: list[float]) -> None:
    """Another label, or scores that are far off, are no matter of tolerance."""
    failure = verification([0.7, 0.3], exported).failure(1e-4)
    assert failure
    assert "--tolerance" not in failure


def test_bounds() -> None:
    """Where the original has no single answer, what lies within its own answers is equal, and only that."""
    bounds = ([0.68, 0.28], [0.72, 0.32])
    assert verification([0.7, 0.3], [0.681, 0.319], bounds).failure(1e-4) == ""
    assert "original's own answers 0.04 apart" in verification([0.7, 0.3], [0.67, 0.33], bounds).failure(1e-4)
    assert verification([0.7, 0.3], [0.681, 0.319], bounds).spread == pytest.approx(0.04)


def test_labels_within_bounds() -> None:
    """Another label is the same where the original's own answers overlap."""
    assert verification([0.51, 0.49], [0.49, 0.51], ([0.48, 0.48], [0.52, 0.52])).failure(1e-4) == ""
