"""Zip and tar archives: only the model's files are unpacked, and none of them outside its folder."""

from __future__ import annotations

import errno
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from export.errors import CannotOpen, Damaged, TooLarge
from export.progress import Report
from export.source import bounds, discovery
from export.source.discovery import FoundModel
from export.source.files import Files

MAX_RATIO = 200
"""So many times larger than the archive its files may be; networks shrink by a tenth, graphs to a tenth."""
FREE_BYTES = 100_000_000
"""Files that are no larger than this are unpacked whatever their ratio."""

_ERRORS = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)
"""The errors that the standard library raises for archives that are cut off or damaged."""


def unpack(path: Path, folder: Path, report: Report) -> FoundModel:
    """Unpack the one model of an archive into `folder`; where it lies there.

    Raises CannotOpen or one of its leaves.
    """
    with (_opened_zip if path.name.lower().endswith(".zip") else _opened_tar)(path) as files:
        model = discovery.find(path, files.sizes, is_folder=False)
        names = [name for name in files.sizes if model.owns(name)]
        _check_ratio(path, sum(files.sizes[name] for name in names))
        files.fetch(names, folder, "Unpacking (MB)", report)
    return model


@contextmanager
def _opened_zip(path: Path) -> Iterator[Files]:
    bounds.check_zip(path)
    with _explained(path), zipfile.ZipFile(path) as archive:
        members = {_name(path, info.filename): info for info in archive.infolist() if not info.is_dir()}

        def copy(name: PurePosixPath, target: BinaryIO) -> None:
            if members[name].flag_bits & 1:
                raise CannotOpen(path, "it is protected by a password. Unpack it yourself and give the folder.")
            with archive.open(members[name]) as source:
                shutil.copyfileobj(source, target)

        yield Files({name: info.file_size for name, info in members.items()}, copy)


@contextmanager
def _opened_tar(path: Path) -> Iterator[Files]:
    with _explained(path), tarfile.open(path, tarinfo=bounds.tar_info(path)) as archive:
        members = dict(_tar_members(path, archive))

        def copy(name: PurePosixPath, target: BinaryIO) -> None:
            source = archive.extractfile(members[name])
            assert source  # it is a file
            shutil.copyfileobj(source, target)

        yield Files({name: member.size for name, member in members.items()}, copy)


def _tar_members(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, tarfile.TarInfo]]:
    """The files, found by reading the whole archive, as far as it does not grow beyond measure."""
    total = 0
    for number, member in enumerate(archive, start=1):
        bounds.check_members(path, number)
        total += member.size
        _check_ratio(path, total)
        name = _name(path, member.name)
        if member.isfile():
            yield name, member
        elif (member.issym() or member.islnk()) and discovery.is_part(name):
            raise CannotOpen(path, f"{name} in it is a link. Pack the files themselves, with tar --dereference.")
    assert archive.fileobj
    while block := archive.fileobj.read(1 << 20):  # gzip and the like compare their checksums at the very end
        total += len(block)
        _check_ratio(path, total)


def _name(path: Path, written: str) -> PurePosixPath:
    """The name of a file in the archive; some Windows tools write backslashes."""
    name = PurePosixPath(written.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or PureWindowsPath(written).drive:
        raise CannotOpen(path, f"{written!r} in it leads out of the archive. Pack the model's folder again.")
    return name


def _check_ratio(path: Path, size: int) -> None:
    if size > max(FREE_BYTES, MAX_RATIO * path.stat().st_size):
        raise TooLarge(
            path, f"unpacked, it is over {MAX_RATIO} times as large. Unpack it yourself and give the folder."
        )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, tarfile.CompressionError) as error:
        raise CannotOpen(path, f"it cannot be unpacked here: {error}. Unpack it yourself, give the folder.") from error
    except _ERRORS as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # of the disk, not of the archive
            raise
        raise Damaged(path, f"it cannot be unpacked ({error})") from error
