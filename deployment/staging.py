"""The files that are sent, collected in a temporary folder."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployment import streams
from deployment.compaction import without_prose
from deployment.environment import STAGED_MODEL

ROOT = Path(__file__).parent.parent
FILES = ("main.py", "requirements.txt", "constraints.txt")
REQUIREMENTS, LOCK = FILES[1:]
PACKAGES = ("predictor", "results", "service", "settings", "storage")
LEFT_OUT = ("__pycache__", ".*")
COMMAND_LINE = Path("predictor", "__main__.py")
DOCUMENTS = (Path("service", "http", "openapi.json"), Path("service", "http", "page.html"))
"""Documents that are sent to clients as they are stored: compressed."""


@contextmanager
def temporary(prefix: str, *, stays: bool = False) -> Iterator[Path]:
    """A folder that is removed in the end, unless it is to stay and nothing went wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}."))
    try:
        yield folder
    except BaseException:
        stays = False
        raise
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


def collect(folder: Path, model: Path | None) -> None:
    """Copy what runs into the folder, and the model if it is sent along."""
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for name in PACKAGES:
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, copy_function=shutil.copy)
    (folder / COMMAND_LINE).unlink()
    _lock(folder)
    _pack(folder)
    if model:
        shutil.copy(model, folder / STAGED_MODEL)
    paths = list(folder.rglob("*"))
    for path in paths:
        _let_all_read(path)
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    streams.say(f"Collected {len(sizes)} files, {sum(sizes) / 1000:,.0f} kB.")


def _lock(folder: Path) -> None:
    """Have the platform install the locked versions: its build knows no other option than requirements.txt."""
    requirements = folder / REQUIREMENTS
    requirements.write_text(f"-c {LOCK}\n{requirements.read_text(encoding='utf-8')}", encoding="utf-8")


def _pack(folder: Path) -> None:
    """Leave out what only people read, docstrings and comments, and compress what clients take compressed."""
    for path in folder.rglob("*.py"):
        path.write_text(without_prose(path.read_text(encoding="utf-8")), encoding="utf-8")
    for document in DOCUMENTS:
        plain = folder / document
        packed = gzip.compress(plain.read_bytes(), mtime=0)  # the same bytes at each deployment
        plain.with_name(f"{plain.name}.gz").write_bytes(packed)
        plain.unlink()


def _let_all_read(path: Path) -> None:
    """The archive keeps the modes, and the function may run as anybody."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o111 else 0))
