"""The environment variables, and places in Cloud Storage."""

from __future__ import annotations

import pytest

from predictor import Limits
from service.settings import BadSetting, Location, Settings

MODEL = {"MODEL": "model.onnx"}


def test_defaults() -> None:
    """MODEL alone is enough: the limits have defaults, and there is no place for results."""
    assert Settings.from_environ(MODEL) == Settings("model.onnx", None, Limits())


def test_all() -> None:
    """Each setting is read from its own variable."""
    environ = {"MODEL": "gs://m/a.onnx", "RESULTS": "gs://r/labels/", "MAX_BYTES": "10", "MAX_PIXELS": "20"}
    settings = Settings.from_environ(environ)
    assert settings == Settings("gs://m/a.onnx", Location("r", "labels"), Limits(max_bytes=10, max_pixels=20))
    assert settings.required_results() == Location("r", "labels")


def test_empty_is_unset() -> None:
    """An empty variable is one that was not set."""
    empty = {"RESULTS": "", "MAX_BYTES": "", "MAX_PIXELS": ""}
    assert Settings.from_environ(MODEL | empty) == Settings.from_environ(MODEL)


@pytest.mark.parametrize(
    ("environ", "name", "sentence"),
    [
        ({}, "MODEL", "MODEL is not set: it names the path or gs:// address of a model.onnx"),
        ({"MODEL": ""}, "MODEL", "MODEL is not set: it names the path or gs:// address of a model.onnx"),
        (
            MODEL | {"RESULTS": "labels"},
            "RESULTS",
            "RESULTS cannot be used: 'labels' is not of the form gs://bucket/name",
        ),
        (
            MODEL | {"RESULTS": "gs://"},
            "RESULTS",
            "RESULTS cannot be used: 'gs://' is not of the form gs://bucket/name",
        ),
        (MODEL | {"MAX_BYTES": "32 MB"}, "MAX_BYTES", "MAX_BYTES is '32 MB', not a whole number above zero"),
        (MODEL | {"MAX_BYTES": "0"}, "MAX_BYTES", "MAX_BYTES is '0', not a whole number above zero"),
        (MODEL | {"MAX_PIXELS": "-1"}, "MAX_PIXELS", "MAX_PIXELS is '-1', not a whole number above zero"),
        (MODEL | {"MAX_PIXELS": "1e6"}, "MAX_PIXELS", "MAX_PIXELS is '1e6', not a whole number above zero"),
    ],
)
def test_bad_setting(environ: dict[str, str], name: str, sentence: str) -> None:
    """A missing or wrong setting is named, with the value it has."""
    with pytest.raises(BadSetting) as raised:
        Settings.from_environ(environ)
    assert (raised.value.name, str(raised.value)) == (name, sentence)


def test_required_results() -> None:
    """Who needs a place for results hears that RESULTS is not set."""
    with pytest.raises(BadSetting, match="RESULTS is not set: it names where labels are stored, gs://bucket/prefix"):
        Settings.from_environ(MODEL).required_results()


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
