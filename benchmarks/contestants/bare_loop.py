"""The loop that a backfill is compared with: read, classify, write; nothing is looked at first, and nothing counted.

python -m benchmarks.contestants.bare_loop MODEL PICTURES RESULTS SHARE SHARES, each of the places gs:// or a folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from predictor import Classifier

GS = "gs://"
Work = tuple[Callable[[], bytes], Callable[[str], object]]
"""What reads a picture, and what writes its result."""


def main(model: str, pictures: str, results: str, share: str, shares: str) -> None:
    """Do one of so many shares."""
    classifier = Classifier.load(model)
    work = _objects(pictures, results) if pictures.startswith(GS) else _files(Path(pictures), Path(results))
    for number, (read, write) in enumerate(work):
        if number % int(shares) == int(share):
            found = [vars(prediction) for prediction in classifier.classify(read())]
            write(json.dumps({"predictions": found}))


def _files(pictures: Path, results: Path) -> Iterator[Work]:
    results.mkdir(parents=True, exist_ok=True)
    for path in sorted(pictures.iterdir()):
        yield path.read_bytes, (results / f"{path.name}.json").write_text


def _objects(pictures: str, results: str) -> Iterator[Work]:
    from google.cloud import storage

    client = storage.Client()
    bucket, _, prefix = results.removeprefix(GS).partition("/")
    target = client.bucket(bucket)
    for blob in client.list_blobs(pictures.removeprefix(GS)):
        yield blob.download_as_bytes, target.blob(f"{prefix}/{blob.name}.json").upload_from_string


if __name__ == "__main__":
    main(*sys.argv[1:])
