"""Pictures of digits whose labels are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.digits.train import split

SWAPPED = 3
"""Pictures of ones that lie among the sevens: planted errors of labels."""


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's held-back pictures, a folder a digit; the first three ones lie in the folder of sevens."""
    folder = tmp_path_factory.mktemp("digits") / "pictures"
    _, pictures, _, digits = split()
    ones = 0
    for number, (png, digit) in enumerate(zip(pictures, digits)):
        ones += digit == 1
        label = "7" if digit == 1 and ones <= SWAPPED else str(digit)
        path = folder / label / f"{number}{'-one' if label != str(digit) else ''}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    return folder
