"""Whether the file at a path is the file itself, and no larger than can be exported."""

from __future__ import annotations

from pathlib import Path

from export.errors import Damaged, TooLarge

MAX_BYTES = 2**31
"""The most that a file of Protocol Buffers can hold: a saved_model.pb, and the ONNX file that is to be written."""

_GIT_LFS_START = b"version https://git-lfs.github.com/spec/"


def check_file(path: Path) -> None:
    """Refuse a model of one file that is a pointer or too large."""
    check_present(path)
    check_size(path, path.stat().st_size)


def check_present(path: Path) -> None:
    """Refuse Git LFS pointers, which TensorFlow would call corrupt; raises Damaged."""
    with path.open("rb") as file:
        if file.read(len(_GIT_LFS_START)) == _GIT_LFS_START:
            raise Damaged(path, "this is a Git LFS pointer, not the file itself", "Run `git lfs pull` first.")


def check_size(path: Path, size: int) -> None:
    """Refuse a model at `path` of more than MAX_BYTES; raises TooLarge."""
    if size > MAX_BYTES:
        raise TooLarge(
            path,
            f"its weights take {size / 1e9:.1f} GB, and an ONNX file holds 2 GB at most. Export a smaller network.",
        )
