"""The code as a wheel, for workers on other machines."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGES = ("backfill", "pages", "predictor", "results", "service", "settings", "storage")
REQUIREMENTS = ("requirements.txt", "backfill/requirements.txt")
NAME, VERSION = "backfill", "0"  # it is installed once, on machines that live as long as the job
BEAM = "apache-beam"


def write_wheel(folder: Path) -> Path:
    """A wheel that asks for its requirements as they are installed here; without Beam, which workers have."""
    path = folder / f"{NAME}-{VERSION}-py3-none-any.whl"
    about = f"{NAME}-{VERSION}.dist-info"
    files = {str(file.relative_to(ROOT)): file.read_bytes() for package in PACKAGES for file in _files(ROOT / package)}
    files[f"{about}/METADATA"] = _metadata().encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: backfill\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = [f"{name},{_digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
    return path


def pins() -> list[str]:
    """`name==version` of what is required, as it is installed here; results depend on some of it to the last bit."""
    lines = [line for name in REQUIREMENTS for line in (ROOT / name).read_text().splitlines()]
    asked = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return [f"{one.name}=={version(one.name)}" for one in asked if one.name != BEAM]


def _files(package: Path) -> list[Path]:
    return sorted(file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _metadata() -> str:
    required = "".join(f"Requires-Dist: {pin}\n" for pin in pins())
    return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n{required}"


def _digest(data: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()}"
