"""The environment variables, and places in Cloud Storage."""

from __future__ import annotations

import pytest

from predictor import Limits
from service.location import Location
from service.settings import BadSetting, HttpSettings, Settings, UploadSettings, wants_warm_up

MODEL = {"MODEL": "model.onnx"}


RESULTS = {"RESULTS": "gs://r/labels"}


def test_defaults() -> None:
    """MODEL alone is enough for HTTP: the others have defaults."""
    assert Settings.from_environ(MODEL) == Settings("model.onnx", Limits(), timeout=60.0)


def test_all() -> None:
    """Each setting is read from its own variable."""
    environ = {"MODEL": "gs://m/a.onnx", "MAX_BYTES": "10", "MAX_PIXELS": "20", "TIMEOUT_SECONDS": "0.5"}
    assert Settings.from_environ(environ) == Settings("gs://m/a.onnx", Limits(max_bytes=10, max_pixels=20), 0.5)


def test_empty_is_unset() -> None:
    """An empty variable is one that was not set."""
    assert Settings.from_environ({"MAX_BYTES": "", "MAX_PIXELS": "", **MODEL}) == Settings.from_environ(MODEL)
    empty = dict.fromkeys(["FAILED", "BUCKET", "INCLUDE", "EXCLUDE", "ANNOTATE", "MAX_EVENT_AGE"], "")
    assert UploadSettings.from_environ(RESULTS | empty) == UploadSettings.from_environ(RESULTS)


def test_platform_timeout() -> None:
    """Without TIMEOUT_SECONDS the time is what the platform says it gives."""
    assert Settings.from_environ(MODEL | {"CLOUD_RUN_TIMEOUT_SECONDS": "240"}).timeout == 240
    both = {"CLOUD_RUN_TIMEOUT_SECONDS": "240", "TIMEOUT_SECONDS": "30"}
    assert Settings.from_environ(MODEL | both).timeout == 30


def test_upload_defaults() -> None:
    """RESULTS alone is enough for uploads: everything is selected, and an event gets 23 hours."""
    settings = UploadSettings.from_environ(RESULTS)
    assert settings == UploadSettings(Location("r", "labels"), None, None, (), (), False, 82800.0)


def test_all_for_uploads() -> None:
    """Each setting for uploads is read from its own variable."""
    environ = RESULTS | {
        "FAILED": "gs://f/look",
        "BUCKET": "photos",
        "INCLUDE": "in/**, *.png",
        "EXCLUDE": "tmp/*,",
        "ANNOTATE": "1",
        "MAX_EVENT_AGE": "60",
    }
    assert UploadSettings.from_environ(environ) == UploadSettings(
        results=Location("r", "labels"),
        failed=Location("f", "look"),
        bucket="photos",
        include=("in/**", "*.png"),
        exclude=("tmp/*",),
        annotate=True,
        max_event_age=60.0,
    )


@pytest.mark.parametrize(
    ("environ", "name", "sentence"),
    [
        ({}, "MODEL", "MODEL is not set: it names the path or gs:// address of a model.onnx"),
        ({"MODEL": ""}, "MODEL", "MODEL is not set: it names the path or gs:// address of a model.onnx"),
        (MODEL | {"MAX_BYTES": "32 MB"}, "MAX_BYTES", "MAX_BYTES is '32 MB', not a whole number above zero"),
        (MODEL | {"MAX_BYTES": "0"}, "MAX_BYTES", "MAX_BYTES is '0', not a whole number above zero"),
        (MODEL | {"MAX_PIXELS": "-1"}, "MAX_PIXELS", "MAX_PIXELS is '-1', not a whole number above zero"),
        (MODEL | {"MAX_PIXELS": "1e6"}, "MAX_PIXELS", "MAX_PIXELS is '1e6', not a whole number above zero"),
        *(
            (
                MODEL | {"TIMEOUT_SECONDS": value},
                "TIMEOUT_SECONDS",
                f"TIMEOUT_SECONDS is {value!r}, not a number of seconds above zero",
            )
            for value in ("1 min", "0", "-1", "nan", "inf")
        ),
    ],
)
def test_bad_setting(environ: dict[str, str], name: str, sentence: str) -> None:
    """A missing or wrong setting is named, with the value it has."""
    with pytest.raises(BadSetting) as raised:
        Settings.from_environ(environ)
    assert (raised.value.name, str(raised.value)) == (name, sentence)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"RESULTS": ""}, "RESULTS is not set: it names where labels are stored, gs://bucket/prefix"),
        ({"RESULTS": "labels"}, "RESULTS cannot be used: 'labels' is not of the form gs://bucket/name"),
        ({"RESULTS": "gs://"}, "RESULTS cannot be used: 'gs://' is not of the form gs://bucket/name"),
        ({"RESULTS": f"gs://r/{'é' * 257}"}, "RESULTS has a prefix of more than 512 bytes"),
        ({"FAILED": "look"}, "FAILED cannot be used: 'look' is not of the form gs://bucket/name"),
        ({"FAILED": "gs://r/labels/"}, "FAILED is gs://r/labels, which overlaps RESULTS, gs://r/labels"),
        ({"FAILED": "gs://r"}, "FAILED is gs://r/, which overlaps RESULTS, gs://r/labels"),
        ({"FAILED": "gs://r/labels/x"}, "FAILED is gs://r/labels/x, which overlaps RESULTS, gs://r/labels"),
        ({"ANNOTATE": "yes"}, "ANNOTATE is 'yes', neither 1 nor 0"),
        ({"MAX_EVENT_AGE": "23h"}, "MAX_EVENT_AGE is '23h', not a number of seconds above zero"),
        (
            {"RESULTS": "gs://photos", "BUCKET": "photos"},
            "RESULTS is all of the watched bucket: give it a prefix, such as gs://photos/results",
        ),
    ],
)
def test_bad_upload_setting(environ: dict[str, str], sentence: str) -> None:
    """So is one for uploads, also where two together would make the function loop."""
    with pytest.raises(BadSetting) as raised:
        UploadSettings.from_environ(RESULTS | environ)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("gs://b", Location("b", "")),
        ("gs://b/", Location("b", "")),
        ("gs://b/a.onnx", Location("b", "a.onnx")),
        ("gs://b/models/v 1/ä#?.onnx", Location("b", "models/v 1/ä#?.onnx")),
    ],
)
def test_location(uri: str, location: Location) -> None:
    """An address is a bucket, and all that follows it is a name as it stands there."""
    assert Location.parse(uri) == location


@pytest.mark.parametrize("uri", ["", "b/a", "gs:/b/a", "gs://", "gs:///a", "GS://b/a", "https://b/a"])
def test_no_location(uri: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="is not of the form gs://bucket/name"):
        Location.parse(uri)


def test_child() -> None:
    """What lies below a prefix, or below none, has no slash too many."""
    assert str(Location.parse("gs://r/labels").child("photos", "in/a.png.json")) == "gs://r/labels/photos/in/a.png.json"
    assert str(Location.parse("gs://r").child("photos", "a.png.json")) == "gs://r/photos/a.png.json"


@pytest.mark.parametrize(
    ("prefix", "bucket", "name", "expected"),
    [
        ("gs://r/labels", "r", "labels/photos/a.json", True),
        ("gs://r/labels", "r", "labels2/a.json", False),
        ("gs://r/labels", "r", "labels", False),
        ("gs://r/labels", "photos", "labels/a.json", False),
        ("gs://r", "r", "a.json", True),
        ("gs://r", "r2", "a.json", False),
    ],
)
def test_holds(prefix: str, bucket: str, name: str, expected: bool) -> None:
    """A prefix holds what lies below it, not what only begins alike."""
    assert Location.parse(prefix).holds(bucket, name) is expected


def test_http_defaults() -> None:
    """Nothing has to be set for HTTP: no bucket is read, no other site may ask."""
    assert HttpSettings.from_environ({}) == HttpSettings(100, (), (), None, None, 60)


def test_http_all() -> None:
    """Each setting of HTTP is read from its own variable, lists with commas."""
    environ = {
        "MAX_INSTANCES": "7",
        "READ_BUCKETS": "a, b,",
        "CORS_ORIGINS": "https://a.example",
        "AIP_HEALTH_ROUTE": "/ready",
        "AIP_PREDICT_ROUTE": "/predict",
        "TIMEOUT_SECONDS": "9",
    }
    expected = HttpSettings(7, ("a", "b"), ("https://a.example",), "/ready", "/predict", 9)
    assert HttpSettings.from_environ(environ) == expected


@pytest.mark.parametrize(
    ("name", "value"), [("MAX_INSTANCES", "0"), ("AIP_HEALTH_ROUTE", "ready"), ("AIP_PREDICT_ROUTE", "/<name>")]
)
def test_bad_http_setting(name: str, value: str) -> None:
    """A setting of HTTP that cannot be used is named."""
    with pytest.raises(BadSetting) as raised:
        HttpSettings.from_environ({name: value})
    assert raised.value.name == name


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), ("", False)])
def test_warm_up(value: str, expected: bool) -> None:
    """WARMUP is 1 or not."""
    assert wants_warm_up({"WARMUP": value}) is expected


def test_bad_warm_up() -> None:
    """Another value of WARMUP is refused, not guessed."""
    with pytest.raises(BadSetting, match="WARMUP is 'yes', neither 1 nor 0"):
        wants_warm_up({"WARMUP": "yes"})


@pytest.mark.parametrize("folder", ["gs://m/models", "gs://m/models/"])
def test_model_of_vertex(folder: str) -> None:
    """In a Vertex AI container the model is where Vertex AI put it, unless MODEL says otherwise."""
    assert Settings.from_environ({"AIP_STORAGE_URI": folder}).model == "gs://m/models/model.onnx"
    assert Settings.from_environ({"AIP_STORAGE_URI": folder} | MODEL).model == "model.onnx"
