"""The buckets and what they hold; every check and its write are one step, under one lock."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from emulator.errors import BadRequestError, ConflictError, MissingError, RetainedError
from emulator.objects import HOLDS, StoredObject, merge_attributes
from emulator.preconditions import ABSENT, ALWAYS, Preconditions, Version

MAX_NAME = 1024  # bytes of UTF-8
MAX_COMPONENTS = 32  # sources of one compose


@dataclass(frozen=True)
class Bucket:
    """A bucket and its live objects by name."""

    name: str
    created: datetime
    objects: dict[str, StoredObject] = field(default_factory=dict, repr=False)
    retention: int | None = None
    """Seconds for which each object stays as it is; None without a policy."""
    holds_new: bool = False
    """Whether each new object has an event-based hold."""

    def check_kept(self, stored: StoredObject) -> None:
        """Refuse to replace or delete an object that has to stay."""
        stored.check_holds()
        if self.retention is None:
            return
        until = stored.created + timedelta(seconds=self.retention)
        if _now() < until:
            raise RetainedError(f"{self.name}/{stored.name}", until.isoformat())

    @property
    def version(self) -> Version:
        """The values that preconditions are compared with; buckets here are never patched."""
        return Version(1, 1, "CAE=")


@dataclass(frozen=True)
class Target:
    """An object that a call speaks of: where it is, which generation, under which conditions."""

    bucket: str
    name: str
    generation: int | None = None
    preconditions: Preconditions = ALWAYS


class Store:
    """All state of the server; `finalized` is called for each object written, in order."""

    def __init__(self, finalized: Callable[[StoredObject], None]) -> None:
        self._finalized = finalized
        self._lock = threading.RLock()
        self._buckets: dict[str, Bucket] = {}
        self._generation = 0

    def create_bucket(self, name: str) -> Bucket:
        """Make an empty bucket."""
        with self._lock:
            if name in self._buckets:
                raise ConflictError(f"The bucket {name} exists already.")
            self._buckets[name] = bucket = Bucket(name, _now())
            return bucket

    def buckets(self) -> dict[str, Bucket]:
        """All buckets by name."""
        with self._lock:
            return dict(self._buckets)

    def bucket(self, name: str, preconditions: Preconditions = ALWAYS) -> Bucket:
        """One bucket."""
        with self._lock:
            bucket = self._bucket(name)
            preconditions.check_read(bucket.version)
            return bucket

    def delete_bucket(self, name: str, preconditions: Preconditions = ALWAYS) -> None:
        """Remove a bucket that is empty."""
        with self._lock:
            bucket = self._bucket(name)
            preconditions.check_write(bucket.version)
            if bucket.objects:
                raise ConflictError("The bucket you tried to delete is not empty.")
            del self._buckets[name]

    def retain(self, name: str, seconds: int | None) -> None:
        """Set a bucket's retention policy, which covers what is there already; None removes it."""
        with self._lock:
            self._buckets[name] = replace(self._bucket(name), retention=seconds)

    def hold_new(self, name: str, wanted: bool) -> None:
        """Let each new object of a bucket have an event-based hold, or not."""
        with self._lock:
            self._buckets[name] = replace(self._bucket(name), holds_new=wanted)

    def objects(self, bucket: str) -> dict[str, StoredObject]:
        """The live objects of a bucket by name, as they are now."""
        with self._lock:
            return dict(self._bucket(bucket).objects)

    def read(self, target: Target) -> StoredObject:
        """One object; the caller reads its bytes or its attributes."""
        with self._lock:
            stored = self._live(target)
            target.preconditions.check_read(stored.version)
            return stored

    def write(
        self,
        target: Target,
        data: bytes,
        attributes: Mapping[str, Any],
        *,
        components: int | None = None,
    ) -> StoredObject:
        """Store a new generation."""
        with self._lock:
            self.check_write(target)
            now = _now()
            bucket = self._bucket(target.bucket)
            held = {"eventBasedHold": True} if bucket.holds_new else {}
            stored = StoredObject(
                bucket=target.bucket,
                name=target.name,
                data=data,
                generation=self._next_generation(),
                created=now,
                updated=now,
                attributes=merge_attributes(held, attributes),
                components=components,
            )
            bucket.objects[target.name] = stored
            self._finalized(stored)
            return stored

    def check_write(self, target: Target) -> None:
        """Refuse a write that could not be done now; conditions come before what keeps an object."""
        with self._lock:
            bucket = self._bucket(target.bucket)
            live = bucket.objects.get(target.name)
            if not 0 < len(target.name.encode()) <= MAX_NAME:
                raise BadRequestError(f"An object's name has 1 to {MAX_NAME} bytes.")
            target.preconditions.check_write(live.version if live else ABSENT)
            if live:
                bucket.check_kept(live)

    def patch(self, target: Target, changes: Mapping[str, Any], *, keep: bool) -> StoredObject:
        """Change attributes; with `keep` those not named stay as they are."""
        with self._lock:
            stored = self._live(target)
            target.preconditions.check_write(stored.version)
            patched = replace(
                stored,
                attributes=merge_attributes(stored.attributes if keep else {}, changes),
                metageneration=stored.metageneration + 1,
                updated=_now(),
            )
            self._bucket(target.bucket).objects[target.name] = patched
            return patched

    def delete(self, target: Target) -> None:
        """Remove an object."""
        with self._lock:
            live, bucket = self._live(target), self._bucket(target.bucket)
            target.preconditions.check_write(live.version)
            bucket.check_kept(live)
            del bucket.objects[target.name]

    def copy(self, source: Target, target: Target, changes: Mapping[str, Any]) -> StoredObject:
        """Store another object's bytes and attributes but its holds, the latter with changes."""
        with self._lock:
            stored = self._source(source)
            attributes = merge_attributes(stored.attributes, dict.fromkeys(HOLDS) | dict(changes))
            return self.write(target, stored.data, attributes, components=stored.components)

    def compose(self, sources: Sequence[Target], target: Target, attributes: Mapping[str, Any]) -> StoredObject:
        """Store the joined bytes of objects in the same bucket."""
        if not 0 < len(sources) <= MAX_COMPONENTS:
            raise BadRequestError(f"A compose has 1 to {MAX_COMPONENTS} sources.")
        with self._lock:
            parts = [self._source(source) for source in sources]
            data = b"".join(part.data for part in parts)
            components = sum(part.components or 1 for part in parts)
            return self.write(target, data, attributes, components=components)

    def _bucket(self, name: str) -> Bucket:
        if name not in self._buckets:
            raise MissingError(f"The specified bucket does not exist: {name}")
        return self._buckets[name]

    def _live(self, target: Target) -> StoredObject:
        stored = self._bucket(target.bucket).objects.get(target.name)
        if stored is None or target.generation not in (None, stored.generation):
            generation = "" if target.generation is None else f"#{target.generation}"
            raise MissingError(f"No such object: {target.bucket}/{target.name}{generation}")
        return stored

    def _source(self, source: Target) -> StoredObject:
        stored = self._live(source)
        source.preconditions.check_write(stored.version)
        return stored

    def _next_generation(self) -> int:
        """Microseconds since 1970, as in Cloud Storage, but never the same number twice."""
        self._generation = max(self._generation + 1, time.time_ns() // 1000)
        return self._generation


def _now() -> datetime:
    return datetime.now(timezone.utc)
