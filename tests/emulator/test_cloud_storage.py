"""The local server as the real google-cloud-storage client sees it."""

import gzip
import io
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from google.api_core import exceptions
from google.cloud import storage as gcs
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from emulator import (
    AnswerLost,
    Callback,
    CloudStorage,
    CorruptBytes,
    CutStream,
    Drip,
    Reset,
    Sink,
    Stall,
    Status,
    Unfinished,
)
from emulator.denials import PERMISSIONS
from emulator.recorder import Recorder

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT.parent / "shared" / "tools" / "gcs_contract.py"
CONTRACT_OK = 52  # of 55; not versioning, notifications, signed URLs
CHUNK = 256 * 1024  # bytes, the client's unit of a resumable upload
DATA = bytes(range(256)) * 12
QUICK = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(2.0)


def put(bucket: gcs.Bucket, name: str, data: bytes = DATA) -> int:
    """Upload an object and give its generation."""
    blob = bucket.blob(name)
    blob.upload_from_string(data)
    return int(blob.generation)


def delete_together(client: gcs.Client, bucket: gcs.Bucket, names: list[str]) -> list[int]:
    """Delete objects in a batch and give each one's status."""
    with client.batch(raise_exception=False) as batch:
        for name in names:
            bucket.delete_blob(name)
    return [response.status_code for response in batch._responses]


# Generations and preconditions


def test_generations_rise(bucket: gcs.Bucket) -> None:
    """Each write of a name has a higher generation and starts at metageneration 1."""
    first, second = put(bucket, "a"), put(bucket, "a")
    blob = bucket.get_blob("a")
    assert first < second
    assert (second, 1) == (blob.generation, blob.metageneration)


def test_read_of_a_replaced_generation(bucket: gcs.Bucket) -> None:
    """Reading the generation of an event that is outdated is a 404."""
    old = put(bucket, "a")
    put(bucket, "a")
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a", generation=old).download_as_bytes(retry=None)
    assert bucket.get_blob("a", generation=old) is None


@pytest.mark.parametrize(
    "condition",
    [
        {"if_generation_match": 1},
        {"if_generation_match": 0},
        {"if_metageneration_match": 9},
        {"if_etag_match": "other"},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", ["reload", "download_as_bytes"])
def test_read_precondition(bucket: gcs.Bucket, call: str, condition: dict[str, object]) -> None:
    """A read whose condition does not hold is a 412."""
    put(bucket, "a")
    with pytest.raises(exceptions.PreconditionFailed):
        getattr(bucket.blob("a"), call)(**condition)


def test_read_if_changed(bucket: gcs.Bucket) -> None:
    """A read of what the reader has already is a 304, of anything else it is the object."""
    generation = put(bucket, "a")
    for condition in (
        {"if_generation_not_match": generation},
        {"if_metageneration_not_match": 1},
        {"if_etag_not_match": bucket.get_blob("a").etag},
    ):
        with pytest.raises(exceptions.NotModified):
            bucket.blob("a").download_as_bytes(**condition)
    assert bucket.blob("a").download_as_bytes(if_generation_not_match=1) == DATA


@pytest.mark.parametrize("chunk_size", [None, CHUNK])
def test_create_only_if_absent(storage: CloudStorage, bucket: gcs.Bucket, chunk_size: int | None) -> None:
    """`if_generation_match=0` writes once; the second write is a 412, in one piece or in chunks."""
    blob = bucket.blob("a", chunk_size=chunk_size)
    blob.upload_from_file(io.BytesIO(b"1" * CHUNK), if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_file(io.BytesIO(b"2" * CHUNK), if_generation_match=0)
    stored = storage.get("photos", "a")
    assert stored is not None
    assert stored.data == b"1" * CHUNK


def test_compare_and_swap(bucket: gcs.Bucket) -> None:
    """A write conditional on a generation succeeds once, then the generation is another."""
    generation = put(bucket, "a")
    bucket.blob("a").upload_from_string("2", if_generation_match=generation)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string("3", if_generation_match=generation)


@pytest.mark.parametrize("condition", [{"if_generation_not_match": 0}, {"if_metageneration_match": 1}], ids=str)
def test_write_only_if_present(bucket: gcs.Bucket, condition: dict[str, int]) -> None:
    """A write that wants an object to be there is a 412 when there is none."""
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string("1", **condition)
    put(bucket, "a")
    bucket.blob("a").upload_from_string("2", **condition)


def test_patch_precondition(bucket: gcs.Bucket) -> None:
    """A patch conditional on a metageneration succeeds once."""
    put(bucket, "a")
    blob = bucket.blob("a")
    blob.metadata = {"k": "1"}
    blob.patch(if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=1)


def test_delete_precondition(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A delete removes only the generation it is conditional on."""
    generation = put(bucket, "a")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").delete(if_generation_match=generation + 1)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a", generation=generation + 1).delete()
    bucket.blob("a").delete(if_generation_match=generation)
    assert storage.get("photos", "a") is None


def test_copy_preconditions(bucket: gcs.Bucket) -> None:
    """A copy heeds the conditions on its source and those on its destination."""
    put(bucket, "a")
    put(bucket, "b")
    for condition in ({"if_source_generation_match": 1}, {"if_generation_match": 0}):
        with pytest.raises(exceptions.PreconditionFailed):
            bucket.copy_blob(bucket.blob("a"), bucket, "b", **condition)
    with pytest.raises(exceptions.NotFound):
        bucket.copy_blob(bucket.blob("a"), bucket, "b", source_generation=1)


def test_rewrite_keeps_attributes(client: gcs.Client, bucket: gcs.Bucket) -> None:
    """A rewrite into another bucket keeps bytes, content type and metadata."""
    source = bucket.blob("a")
    source.metadata = {"k": "1"}
    source.upload_from_string(DATA, content_type="image/png")
    copy = client.bucket("results").blob("b")
    assert copy.rewrite(source) == (None, len(DATA), len(DATA))
    copy.reload()
    assert (copy.content_type, copy.metadata) == ("image/png", {"k": "1"})
    assert copy.download_as_bytes() == DATA


def test_compose(bucket: gcs.Bucket) -> None:
    """A compose joins its sources in order and has no MD5."""
    put(bucket, "a", b"1")
    put(bucket, "b", b"2")
    blob = bucket.blob("ab")
    blob.compose([bucket.blob("a"), bucket.blob("b")], if_generation_match=0)
    assert blob.download_as_bytes() == b"12"
    assert (blob.component_count, blob.md5_hash) == (2, None)


def test_compose_preconditions(bucket: gcs.Bucket) -> None:
    """A compose heeds the conditions on its sources and on its destination."""
    generation = put(bucket, "a")
    source = [bucket.blob("a")]
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("b").compose(source, if_source_generation_match=[generation + 1])
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("b").compose(source, if_generation_match=generation)


@pytest.mark.parametrize("chunk_size", [None, CHUNK])
def test_race_has_one_winner(bucket: gcs.Bucket, chunk_size: int | None) -> None:
    """Of 16 racing creations exactly one succeeds, and its bytes are stored."""

    def create(number: int) -> int | None:
        data = io.BytesIO(bytes([number]) * CHUNK)
        blob = bucket.blob("a", chunk_size=chunk_size)
        try:
            blob.upload_from_file(data, if_generation_match=0)
        except exceptions.PreconditionFailed:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(create, range(16)) if number is not None]
    assert len(winners) == 1
    assert bucket.blob("a").download_as_bytes() == bytes(winners) * CHUNK


# Batches


def test_batch(storage: CloudStorage, client: gcs.Client, bucket: gcs.Bucket) -> None:
    """The calls of a batch are made in order, each is recorded, and each has its own answer."""
    put(bucket, "a")
    results = client.bucket("results")
    with client.batch(raise_exception=False) as batch:
        bucket.copy_blob(bucket.blob("a"), results, "b")
        bucket.delete_blob("a")
        bucket.delete_blob("missing ü")
    assert [response.status_code for response in batch._responses] == [200, 204, 404]
    assert (storage.names("results"), storage.names("photos")) == (["b"], [])
    assert [(call.operation, call.name) for call in storage.requests[-3:]] == [
        ("copy", "b"),
        ("delete", "a"),
        ("delete", "missing ü"),
    ]


def test_fault_in_a_batch(storage: CloudStorage, client: gcs.Client, bucket: gcs.Bucket) -> None:
    """A fault befalls one call of a batch, not the others."""
    put(bucket, "a")
    put(bucket, "b")
    storage.faults.add(Status(503), "delete", name="a")
    assert delete_together(client, bucket, ["a", "b"]) == [503, 204]
    assert storage.names("photos") == ["a"]


def test_refused_batches(storage: CloudStorage, client: gcs.Client, bucket: gcs.Bucket) -> None:
    """More than 100 calls are refused, and so is what is no batch."""
    put(bucket, "a")
    with pytest.raises(exceptions.BadRequest):
        delete_together(client, bucket, ["a"] * 101)
    assert requests.post(f"{storage.url}/batch/storage/v1", b"calls", timeout=5).status_code == 400
    assert storage.names("photos") == ["a"]


# Attributes


def test_metadata_patch(bucket: gcs.Bucket) -> None:
    """A patch changes what it names, null deletes a key, and the metageneration rises."""
    put(bucket, "a")
    blob = bucket.blob("a")
    for changes in ({"k": "1", "l": "2"}, {"k": None, "m": "3"}):
        blob.metadata = changes
        blob.patch()
    found = bucket.get_blob("a")
    assert found.metadata == {"l": "2", "m": "3"}
    assert (found.metageneration, found.content_type) == (3, "text/plain")


def test_update_replaces(bucket: gcs.Bucket) -> None:
    """An update drops the attributes that it does not name."""
    blob = bucket.blob("a")
    blob.metadata = {"k": "1"}
    blob.upload_from_string(DATA)
    fresh = bucket.blob("a")
    fresh.cache_control = "no-store"
    fresh.update()
    found = bucket.get_blob("a")
    assert (found.cache_control, found.metadata) == ("no-store", None)


@pytest.mark.parametrize("attribute", ["crc32c", "md5_hash"])
def test_wrong_hash_is_rejected(storage: CloudStorage, bucket: gcs.Bucket, attribute: str) -> None:
    """An upload that announces another hash is a 400 and stores nothing."""
    blob = bucket.blob("a")
    setattr(blob, attribute, "AAAAAA==")
    with pytest.raises(exceptions.BadRequest, match="doesn't match"):
        blob.upload_from_string(DATA, checksum=None)
    assert storage.names("photos") == []


def test_download_headers(storage: CloudStorage) -> None:
    """A download says which generation it is, and the hashes of the whole object."""
    stored = storage.put("photos", "a", b"hello", "text/plain")
    url = f"{storage.url}/storage/v1/b/photos/o/a?alt=media"
    headers = requests.get(url, headers={"Range": "bytes=1-2"}, timeout=5).headers
    assert headers["X-Goog-Hash"] == "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="
    assert headers["X-Goog-Generation"] == str(stored.generation)
    assert (headers["Content-Range"], headers["Content-Length"]) == ("bytes 1-2/5", "2")


def test_content_encoding_is_kept(bucket: gcs.Bucket) -> None:
    """Compressed bytes stay as they were stored; the client unpacks them unless told not to."""
    blob = bucket.blob("a")
    blob.content_encoding = "gzip"
    packed = gzip.compress(DATA)
    blob.upload_from_string(packed)
    assert blob.download_as_bytes() == DATA
    assert blob.download_as_bytes(raw_download=True) == packed


def test_odd_names(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """Names with spaces, slashes, other scripts and URL signs stay as they are."""
    names = ["a b.png", "a//b", "a#b?c%41.png", "a+b&c=d", "héllo-日本.png"]
    for name in names:
        put(bucket, name, name.encode())
    assert storage.names("photos") == sorted(names)
    assert [bucket.blob(name).download_as_bytes().decode() for name in names] == names


# Ranges


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (10, 19, DATA[10:20]),
        (0, 0, DATA[:1]),
        (3000, None, DATA[3000:]),
        (-5, None, DATA[-5:]),
        (0, 10**6, DATA),
    ],
)
def test_range(bucket: gcs.Bucket, start: int, end: int | None, expected: bytes) -> None:
    """A range has both its ends, or is open, or counts from the end."""
    put(bucket, "a")
    assert bucket.blob("a").download_as_bytes(start=start, end=end) == expected


def test_range_past_the_end(bucket: gcs.Bucket) -> None:
    """A range that starts after the last byte is a 416."""
    put(bucket, "a")
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        bucket.blob("a").download_as_bytes(start=len(DATA))


# Resumable uploads


def test_chunked_upload(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """An upload in chunks is one object with the right bytes."""
    data = DATA * 200
    bucket.blob("a", chunk_size=CHUNK).upload_from_file(io.BytesIO(data))
    chunks = [call for call in storage.requests if call.operation == "write"]
    assert len(chunks) == -(-len(data) // CHUNK)
    assert bucket.blob("a").download_as_bytes() == data


def test_stream_of_unknown_length(bucket: gcs.Bucket) -> None:
    """A file-like write, whose length nobody knows before its end, works; so does an empty one."""
    for data in (b"", DATA * 200):
        with bucket.blob("a", chunk_size=CHUNK).open("wb") as stream:
            stream.write(data)
        assert bucket.blob("a").download_as_bytes() == data


def test_committed_range(bucket: gcs.Bucket) -> None:
    """An open upload tells how many bytes it has, takes a chunk twice, and refuses a gap."""
    url = bucket.blob("a").create_resumable_upload_session()

    def send(place: str, data: bytes = b"") -> requests.Response:
        return requests.put(url, data, headers={"Content-Range": f"bytes {place}"}, timeout=5)

    assert (send("*/*").status_code, send("*/*").headers.get("Range")) == (308, None)
    assert send("0-2/*", b"abc").headers["Range"] == "bytes=0-2"
    assert send("0-2/*", b"abc").headers["Range"] == "bytes=0-2"
    assert send("*/*").headers["Range"] == "bytes=0-2"
    assert send("5-5/6", b"x").status_code == 400
    assert send("2-5/6", b"cdef").json()["size"] == "6"
    assert send("*/6").json()["size"] == "6"
    assert bucket.blob("a").download_as_bytes() == b"abcdef"


def test_upload_that_breaks_off(storage: CloudStorage) -> None:
    """Of a request whose body ends too early nothing is stored."""
    path = "/upload/storage/v1/b/photos/o?uploadType=media&name=a"
    request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    with socket.create_connection(("127.0.0.1", int(storage.url.rpartition(":")[2]))) as connection:
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert storage.names("photos") == []


# Listing


def test_paging(client: gcs.Client, storage: CloudStorage) -> None:
    """A listing comes in pages, sorted, each name once."""
    names = [f"in/{number:02}" for number in range(25)]
    for name in reversed(names):
        storage.put("photos", name, b"")
    listing = client.list_blobs("photos", page_size=10)
    pages = [[blob.name for blob in page] for page in listing.pages]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in page] == names


def test_prefix_and_delimiter(client: gcs.Client, storage: CloudStorage) -> None:
    """A delimiter folds the names below it, also when pages are as small as can be."""
    for name in ("in/a/1", "in/a/2", "in/b", "in/c/1", "out"):
        storage.put("photos", name, b"")
    listing = client.list_blobs("photos", prefix="in/", delimiter="/", page_size=1)
    assert [blob.name for blob in listing] == ["in/b"]
    assert listing.prefixes == {"in/a/", "in/c/"}


def test_offsets(client: gcs.Client, storage: CloudStorage) -> None:
    """A listing can start at a name, which is in it, and end at one, which is not."""
    for name in "abcd":
        storage.put("photos", name, b"")
    listing = client.list_blobs("photos", start_offset="b", end_offset="d")
    assert [blob.name for blob in listing] == ["b", "c"]


def test_buckets(client: gcs.Client) -> None:
    """Buckets are made once, listed, and deleted when empty."""
    made = client.create_bucket("new")
    put(made, "a")
    with pytest.raises(exceptions.Conflict):
        client.create_bucket("new")
    with pytest.raises(exceptions.Conflict):
        made.delete()
    made.delete(force=True)
    assert [bucket.name for bucket in client.list_buckets()] == ["photos", "results"]
    assert client.lookup_bucket("new") is None


def test_missing_things(client: gcs.Client) -> None:
    """What is not there is a 404: an object, a bucket, an upload into it."""
    missing = client.bucket("missing")
    calls: list[Callable[[], object]] = [
        lambda: client.bucket("photos").blob("a").download_as_bytes(),
        lambda: client.bucket("photos").blob("a").delete(),
        lambda: list(client.list_blobs("missing")),
        lambda: missing.blob("a").upload_from_string("1"),
    ]
    for call in calls:
        with pytest.raises(exceptions.NotFound):
            call()


def test_unsupported_is_said(client: gcs.Client) -> None:
    """A part of Cloud Storage that is not here is a 501, never a silent success."""
    with pytest.raises(exceptions.MethodNotImplemented):
        list(client.list_blobs("photos", match_glob="*.png"))


# Faults


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (403, exceptions.Forbidden),
        (429, exceptions.TooManyRequests),
        (500, exceptions.InternalServerError),
        (503, exceptions.ServiceUnavailable),
    ],
)
def test_status_fault(storage: CloudStorage, bucket: gcs.Bucket, code: int, error: type[Exception]) -> None:
    """A status for ever reaches the caller, with the message of Google's error body."""
    put(bucket, "a")
    storage.faults.add(Status(code, "not today"), "read_media", times=None)
    with pytest.raises(error, match="not today"):
        bucket.blob("a").download_as_bytes(retry=None)


def test_passing_fault_is_retried(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """The client gets over faults that end, one kind after the other."""
    put(bucket, "a")
    for fault in (Status(429), Status(503), Reset()):
        storage.faults.add(fault, "read_metadata")
    blob = bucket.blob("a")
    blob.reload(retry=QUICK)
    assert blob.size == len(DATA)
    assert [call.operation for call in storage.requests].count("read_metadata") == 4


def test_fault_befalls_only_what_it_names(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A rule looks at operation, bucket and name, and counts its hits."""
    put(bucket, "a")
    put(bucket, "b")
    rule = storage.faults.add(Status(403), "read_media", bucket="photos", name="a", times=None)
    storage.faults.add(Status(403), bucket="results", times=None)
    bucket.blob("b").download_as_bytes()
    bucket.blob("a").reload()
    assert rule.hits == 0
    with pytest.raises(exceptions.Forbidden):
        bucket.blob("a").download_as_bytes()
    assert rule.hits == 1


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("read_metadata", lambda bucket: bucket.blob("a").reload()),
        ("write", lambda bucket: bucket.blob("a").upload_from_string("2")),
        ("upload_session", lambda bucket: bucket.blob("a").create_resumable_upload_session()),
        ("patch", lambda bucket: bucket.blob("a").patch()),
        ("delete", lambda bucket: bucket.blob("a").delete()),
        ("copy", lambda bucket: bucket.copy_blob(bucket.blob("b"), bucket, "a")),
        ("list", lambda bucket: list(bucket.list_blobs())),
        ("bucket", lambda bucket: bucket.reload()),
    ],
)
def test_operations(
    storage: CloudStorage, bucket: gcs.Bucket, operation: str, call: Callable[[gcs.Bucket], object]
) -> None:
    """Each kind of call has its operation, which faults and records go by, and its permission."""
    storage.put("photos", "a", DATA)
    storage.put("photos", "b", DATA)
    storage.faults.add(Status(403), operation)  # type: ignore[arg-type]  # a parameter is a str
    with pytest.raises(exceptions.Forbidden, match=f"{PERMISSIONS[operation]} access"):  # type: ignore[index]
        call(bucket)
    recorded = storage.requests[-1]
    name = None if operation in ("list", "bucket") else "a"
    assert (recorded.operation, recorded.bucket, recorded.name) == (operation, "photos", name)


def test_clear_ends_faults(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """After `clear` nothing goes wrong any more."""
    storage.faults.add(Status(403), times=None)
    storage.faults.clear()
    put(bucket, "a")


def test_reset(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A reset stores nothing, and is a ConnectionError that says so."""
    storage.faults.add(Reset(), "write", times=None)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        bucket.blob("a").upload_from_string(DATA, retry=None)
    assert storage.names("photos") == []


def test_stall(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A stall outlasts the client's timeout, and its retry gets through."""
    put(bucket, "a")
    storage.faults.add(Stall(30.0), "read_media", times=2)
    with pytest.raises(requests.Timeout):
        bucket.blob("a").download_as_bytes(timeout=0.1, retry=None)
    assert bucket.blob("a").download_as_bytes(timeout=0.1, retry=QUICK) == DATA


def test_stop_does_not_wait_for_a_stall() -> None:
    """The server stops at once although a call is stalled."""
    began = time.monotonic()
    with CloudStorage(["photos"]) as storage:
        storage.faults.add(Stall(30.0))
        with pytest.raises(requests.Timeout):
            requests.get(f"{storage.url}/storage/v1/b", timeout=0.1)
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("is_of_body", [False, True], ids=["headers", "body"])
@pytest.mark.parametrize("operation", ["read_media", "read_metadata"])
def test_drip(storage: CloudStorage, bucket: gcs.Bucket, operation: str, is_of_body: bool) -> None:
    """An answer that drips is whole in the end; before that it outlasts the timeout of any one wait."""
    storage.put("photos", "a", b"123456")
    storage.faults.add(Drip(0.0005, is_of_body), operation)  # type: ignore[arg-type]
    blob = bucket.blob("a")
    blob.reload(timeout=0.1, retry=None)
    assert (blob.size, blob.download_as_bytes(timeout=0.1, retry=None)) == (6, b"123456")


def test_unfinished_rewrite(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A rewrite may take several calls, each but the last with a token for the next."""
    storage.put("photos", "a", DATA)
    storage.faults.add(Unfinished(0), "copy", times=2)
    token, rewritten, size = bucket.blob("b").rewrite(bucket.blob("a"))
    assert (token, rewritten, size) == ("token", 1, 2)
    assert bucket.blob("b").rewrite(bucket.blob("a"), token=token)[0] == "token"
    assert bucket.blob("b").rewrite(bucket.blob("a"), token=token)[0] is None
    assert bucket.blob("b").download_as_bytes() == DATA


def test_stop_does_not_wait_for_a_drip() -> None:
    """The server stops at once although an answer has only begun."""
    began = time.monotonic()
    with CloudStorage(["photos"]) as storage:
        storage.faults.add(Drip(0.1))
        with pytest.raises(requests.Timeout):
            requests.get(f"{storage.url}/storage/v1/b", timeout=0.05)
    assert time.monotonic() - began < 5.0


def test_refused_download(storage: CloudStorage) -> None:
    """A download is refused in plain text, other calls in JSON."""
    media = requests.get(f"{storage.url}/download/storage/v1/b/photos/o/a?alt=media", timeout=5)
    assert (media.status_code, media.text) == (404, "No such object: photos/a")
    attributes = requests.get(f"{storage.url}/storage/v1/b/photos/o/a", timeout=5)
    assert attributes.json()["error"]["errors"][0]["reason"] == "notFound"


def test_cut_stream(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A body that ends halfway is a ChunkedEncodingError, not a shorter object."""
    put(bucket, "a")
    storage.faults.add(CutStream(), "read_media", times=None)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        bucket.blob("a").download_to_file(io.BytesIO(), retry=None)


def test_cut_stream_is_resumed(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """The client's retry gets the missing bytes of the same generation."""
    put(bucket, "a")
    storage.faults.add(CutStream(), "read_media")
    assert bucket.blob("a").download_as_bytes(retry=QUICK) == DATA


def test_corrupted_bytes(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """Wrong bytes of the right length are noticed by their hash."""
    put(bucket, "a")
    storage.faults.add(CorruptBytes(), "read_media", times=None)
    with pytest.raises(DataCorruption):
        bucket.blob("a").download_as_bytes(retry=QUICK)


@pytest.mark.parametrize("instead", [Status(503), Reset()], ids=["status", "reset"])
def test_lost_answer_looks_like_a_loss(storage: CloudStorage, bucket: gcs.Bucket, instead: Status | Reset) -> None:
    """A creation whose answer is lost is stored, and its retry gets 412 for its own write."""
    storage.faults.add(AnswerLost(instead), "write")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string(DATA, if_generation_match=0, retry=QUICK)
    assert bucket.blob("a").download_as_bytes() == DATA


def test_lost_answer_of_a_chunk(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A resumable upload outlives lost answers: its chunks may come twice."""
    data = DATA * 200
    storage.faults.add(AnswerLost(), "write", times=3)
    blob = bucket.blob("a", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(data), if_generation_match=0, retry=QUICK)
    assert bucket.blob("a").download_as_bytes() == data


def test_callback_replaces_between_two_requests(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A callback can replace the object after its metadata were read and before its bytes are."""
    put(bucket, "a")
    storage.faults.add(Callback(lambda: storage.put("photos", "a", b"new")), "read_media")
    blob = bucket.get_blob("a")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").download_as_bytes(if_generation_match=blob.generation)


def test_callback_deletes_between_two_pages(client: gcs.Client, storage: CloudStorage) -> None:
    """A listing goes on behind a name that was deleted in the meantime."""
    for name in "abcd":
        storage.put("photos", name, b"")
    listing = client.list_blobs("photos", page_size=2).pages
    names = [blob.name for blob in next(listing)]
    storage.faults.add(Callback(lambda: storage.delete("photos", "b")), "list")
    assert names + [blob.name for blob in next(listing)] == ["a", "b", "c", "d"]


# Events


def test_event_form(storage: CloudStorage, bucket: gcs.Bucket, function: Recorder) -> None:
    """An upload is posted as a CloudEvent in binary mode, its numbers as strings."""
    sink = storage.deliver("photos", Sink(function.url))
    blob = bucket.blob("in/ä.png")
    blob.upload_from_string(DATA, content_type="image/png")
    sink.wait()
    [(headers, data)] = function.events
    assert headers["Content-Type"] == "application/json"
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "google.cloud.storage.object.v1.finalized"
    assert headers["ce-source"] == "//storage.googleapis.com/projects/_/buckets/photos"
    assert headers["ce-subject"] == "objects/in/%C3%A4.png"
    assert headers["ce-id"]
    expected = {
        "bucket": "photos",
        "name": "in/ä.png",
        "generation": str(blob.generation),
        "metageneration": "1",
        "contentType": "image/png",
        "size": str(len(DATA)),
    }
    assert expected == {key: data[key] for key in expected}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data["timeCreated"])


def test_what_raises_an_event(
    client: gcs.Client, storage: CloudStorage, bucket: gcs.Bucket, function: Recorder
) -> None:
    """Uploads, copies and composes raise one event each; patches, deletes, other buckets none."""
    sink = storage.deliver("photos", Sink(function.url))
    put(bucket, "one")
    bucket.blob("chunks", chunk_size=CHUNK).upload_from_file(io.BytesIO(DATA * 200))
    bucket.copy_blob(bucket.blob("one"), bucket, "copy")
    bucket.blob("composed").compose([bucket.blob("one")])
    blob = bucket.blob("one")
    blob.metadata = {"k": "1"}
    blob.patch()
    blob.delete()
    put(client.bucket("results"), "other")
    sink.wait()
    assert function.names == ["one", "chunks", "copy", "composed"]


def test_events_twice_and_out_of_order(storage: CloudStorage, function: Recorder) -> None:
    """Held events arrive as often as asked, in an order that the seed decides, ids repeated."""
    sink = storage.deliver("photos", Sink(function.url, copies=2, hold=True))
    names = list("abcdef")
    for name in names:
        storage.put("photos", name, b"")
    assert sink.wait() == []
    sink.release(seed=1)
    assert len(sink.wait()) == 12
    assert sorted(function.names) == sorted(names * 2)
    assert function.names != sorted(function.names)
    assert len({headers["ce-id"] for headers, _ in function.events}) == 6


def test_redelivery_until_accepted(storage: CloudStorage, function: Recorder) -> None:
    """An event that is refused comes again, with the same id, until it is accepted."""
    function.statuses = [500, 503]
    sink = storage.deliver("photos", Sink(function.url, pause=0.01))
    storage.put("photos", "a", b"")
    [delivery] = sink.wait()
    assert delivery.statuses == (500, 503, 200)
    assert len({headers["ce-id"] for headers, _ in function.events}) == 1


def test_redelivery_is_bounded(storage: CloudStorage, function: Recorder) -> None:
    """An event that is always refused is given up after as many tries as were asked for."""
    function.statuses = [500] * 9
    sink = storage.deliver("photos", Sink(function.url, tries=3, pause=0.01))
    storage.put("photos", "a", b"")
    [delivery] = sink.wait()
    assert not delivery.accepted
    assert delivery.statuses == (500, 500, 500)


def test_event_of_a_lost_answer(storage: CloudStorage, bucket: gcs.Bucket, function: Recorder) -> None:
    """A write whose answer is lost raises its event all the same."""
    sink = storage.deliver("photos", Sink(function.url))
    storage.faults.add(AnswerLost(), "write")
    with pytest.raises(exceptions.ServiceUnavailable):
        bucket.blob("a").upload_from_string(DATA, retry=None)
    sink.wait()
    assert function.names == ["a"]


# The whole


def test_command_line(function: Recorder) -> None:
    """The command says where it listens, serves, delivers, and stops on SIGTERM."""
    command = [sys.executable, "-m", "emulator", "--port", "0", "--bucket", "results"]
    command += ["--deliver", f"photos={function.url}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        url = second.strip().removeprefix("export STORAGE_EMULATOR_HOST=")
        assert first.strip() == f"Cloud Storage on {url}, buckets: results, photos"
        upload = f"{url}/upload/storage/v1/b/photos/o?uploadType=media&name=a"
        assert requests.post(upload, b"1", timeout=5).json()["size"] == "1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert function.names == ["a"]


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract's checks are not at hand")
def test_contract(storage: CloudStorage) -> None:
    """The checks of the whole client pass, but for the parts that are not here."""
    command = [sys.executable, str(CONTRACT), storage.url]
    report = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    passed = re.search(r"SUMMARY \{'OK': (\d+)", report)
    assert passed is not None, report
    assert int(passed[1]) >= CONTRACT_OK, report


def test_fault_by_chance(storage: CloudStorage, bucket: gcs.Bucket) -> None:
    """A rule may leave it to chance which calls it befalls."""
    storage.put("photos", "a.png", b"a")
    chances = iter([False, True, False])
    rule = storage.faults.add(Status(403), "read_media", times=None, chance=lambda: next(chances))
    blob = bucket.blob("a.png")
    assert blob.download_as_bytes() == b"a"
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.get"):
        blob.download_as_bytes()
    assert blob.download_as_bytes() == b"a"
    assert rule.hits == 1
