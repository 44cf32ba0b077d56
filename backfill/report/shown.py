"""A picture as a page shows it, read again where it lies."""

from __future__ import annotations

from backfill.objects.object_store import object_store_for
from pages import thumbnail
from pages.thumbnail import Thumbnail
from predictor import Decoding, Limits
from predictor.image import decode
from storage.deadline import Deadline
from storage.upload import Upload

LONGEST = 160  # pixels a side
SECONDS_A_PICTURE = 60


def shown(upload: Upload, decoding: Decoding, limits: Limits) -> Thumbnail | None:
    """The picture; None where it was refused or replaced: a page is written all the same."""
    try:
        store = object_store_for(upload.location)
        data = store.read(upload.location, upload.generation, limits, Deadline.after(SECONDS_A_PICTURE))
        return thumbnail.of_file(thumbnail.encoded(decode(data, decoding, limits), LONGEST))
    except Exception:
        return None
