"""The environment variables, and places in Cloud Storage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from functions_framework import create_app
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor import Limits
from settings import (
    TABLE,
    BadSetting,
    HttpSettings,
    Setting,
    Settings,
    UploadSettings,
    common,
    http,
    upload,
    wants_warm_up,
    warn_of_lookalikes,
)
from storage.location import Location
from tests.conftest import ROOT

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True)
MODEL = {"MODEL": "model.onnx"}
RESULTS = {"RESULTS": "gs://results/labels"}
READERS: tuple[Callable[[dict[str, str]], object], ...] = (
    Settings.from_environ,
    UploadSettings.from_environ,
    HttpSettings.from_environ,
    wants_warm_up,
)


def refusal(environ: dict[str, str], *readers: Callable[[dict[str, str]], object]) -> str:
    """What the first reader that refuses an environment says, with all that is required set."""
    for read in readers or READERS:
        try:
            read(MODEL | RESULTS | environ)
        except BadSetting as error:
            return str(error)
    return ""


def test_defaults() -> None:
    """MODEL alone is enough for HTTP: the others have defaults, the limits those of the predictor."""
    settings = Settings.from_environ(MODEL)
    assert settings == Settings("model.onnx", Limits.max_bytes, Limits.max_pixels, timeout=60.0)
    assert settings.limits == Limits()


def test_all() -> None:
    """Each setting is read from its own variable."""
    environ = {"MODEL": "gs://models/a.onnx", "MAX_BYTES": "10", "MAX_PIXELS": "20", "TIMEOUT_SECONDS": "0.5"}
    assert Settings.from_environ(environ) == Settings("gs://models/a.onnx", 10, 20, 0.5)
    assert Settings.from_environ(environ).limits == Limits(max_bytes=10, max_pixels=20)


@pytest.mark.parametrize("blank", ["", " ", "\r", "\t\r\n"])
def test_blank_is_unset(blank: str) -> None:
    """A variable without anything to see is one that was not set."""
    blanks = {setting.name: blank for setting in TABLE}
    assert Settings.from_environ(blanks | MODEL) == Settings.from_environ(MODEL)
    assert UploadSettings.from_environ(blanks | RESULTS) == UploadSettings.from_environ(RESULTS)
    assert HttpSettings.from_environ(blanks) == HttpSettings.from_environ({})
    assert wants_warm_up(blanks) is False


def test_platform_timeout() -> None:
    """Without TIMEOUT_SECONDS the time is what the platform says it gives."""
    assert Settings.from_environ(MODEL | {"CLOUD_RUN_TIMEOUT_SECONDS": "240"}).timeout == 240
    both = {"CLOUD_RUN_TIMEOUT_SECONDS": "240", "TIMEOUT_SECONDS": "30"}
    assert Settings.from_environ(MODEL | both).timeout == 30


def test_upload_defaults() -> None:
    """RESULTS alone is enough for uploads: everything is selected, and an event gets 23 hours."""
    settings = UploadSettings.from_environ(RESULTS)
    assert settings == UploadSettings(Location("results", "labels"))
    assert (settings.failed, settings.bucket, settings.include, settings.exclude) == (None, None, (), ())
    assert (settings.annotate, settings.max_event_age) == (False, 82800)
    assert (settings.top_k, settings.min_score) == (None, None)


def test_all_for_uploads() -> None:
    """Each setting for uploads is read from its own variable, patterns as they are understood."""
    environ = RESULTS | {
        "FAILED": "gs://failed/look",
        "BUCKET": "photos",
        "INCLUDE": "gs://photos/in/, *.{png,gif}",
        "EXCLUDE": "tmp/*,",
        "ANNOTATE": "1",
        "MAX_EVENT_AGE": "60",
        "TOP_K": "5",
        "MIN_SCORE": "-0.25",
    }
    assert UploadSettings.from_environ(environ) == UploadSettings(
        results=Location("results", "labels"),
        failed=Location("failed", "look"),
        bucket="photos",
        include=("in/**", "*.png", "*.gif"),
        exclude=("tmp/*",),
        annotate=True,
        max_event_age=60.0,
        top_k=5,
        min_score=-0.25,
    )


def test_http_defaults() -> None:
    """Nothing has to be set for HTTP: no bucket is read, no other site may ask."""
    settings = HttpSettings.from_environ({})
    assert settings == HttpSettings()
    assert (settings.max_instances, settings.read_buckets, settings.cors_origins) == (100, (), ())
    assert settings.min_score is None
    assert (settings.health_route, settings.predict_route, settings.timeout) == (None, None, 60)


def test_http_all() -> None:
    """Each setting of HTTP is read from its own variable, lists with commas."""
    environ = {
        "MAX_INSTANCES": "7",
        "READ_BUCKETS": "pets, gs://photos/,",
        "CORS_ORIGINS": "https://a.example",
        "AIP_HEALTH_ROUTE": "/ready",
        "AIP_PREDICT_ROUTE": "/predict",
        "TIMEOUT_SECONDS": "9",
        "MIN_SCORE": "0",
    }
    assert HttpSettings.from_environ(environ) == HttpSettings(
        max_instances=7,
        read_buckets=("pets", "photos"),
        cors_origins=("https://a.example",),
        health_route="/ready",
        predict_route="/predict",
        timeout=9,
        min_score=0.0,
    )


def test_required() -> None:
    """What is required and missing is named, with what it means."""
    with pytest.raises(BadSetting) as raised:
        Settings.from_environ({})
    assert raised.value.name == "MODEL"
    assert str(raised.value) == "MODEL is not set: it names the path or gs:// address of a model.onnx"
    with pytest.raises(BadSetting, match="RESULTS is not set: it names where the labels of uploads are stored"):
        UploadSettings.from_environ({})


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "Yes", "on", " 1\r"])
def test_on(value: str) -> None:
    """What is switched on may be said in the usual words."""
    assert wants_warm_up({"WARMUP": value})
    assert UploadSettings.from_environ(RESULTS | {"ANNOTATE": value}).annotate


@pytest.mark.parametrize("value", ["0", "false", "no", "off", ""])
def test_off(value: str) -> None:
    """So may what is switched off."""
    assert not wants_warm_up({"WARMUP": value})


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("*", "*"),
        ("null", "null"),
        ("https://a.example/", "https://a.example"),
        ("HTTPS://A.Example", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abc", "chrome-extension://abc"),
    ],
)
def test_origins(value: str, origin: str) -> None:
    """An origin is compared as browsers send it, however it is written."""
    assert HttpSettings.from_environ({"CORS_ORIGINS": value}).cors_origins == (origin,)


BAD = {
    "MODEL": {
        "gs://models": "is 'gs://models', which names no object: gs://bucket/model.onnx would",
        "gs://models/pets/": "is 'gs://models/pets/', which names no object: gs://bucket/model.onnx would",
        "gs://models/*.onnx": "is 'gs://models/*.onnx': it names one place, and no pattern",
        "gs://Models/m.onnx": "is 'gs://Models/m.onnx', and no bucket can have that name",
        "https://example.com/m.onnx": "is 'https://example.com/m.onnx', neither a path nor an address of the form"
        " gs://bucket/name",
        "GS://models/m.onnx": "is 'GS://models/m.onnx', neither a path nor an address of the form gs://bucket/name",
    },
    "MAX_BYTES": {
        value: f"is {value!r}, not a whole number above zero"
        for value in ("32 MB", "32MiB", "0", "-1", "+1", "1e6", "1_000", "1,000", "1.0", "１２", "9" * 19)
    },
    "TIMEOUT_SECONDS": {
        **{
            value: f"is {value!r}, not a number of seconds above zero"
            for value in ("1 min", "60s", "0", "0.0", "-1", "nan", "inf", "1e2", "1_0", ".", "٦٠")
        },
        "3601": "is '3601': Google's platform gives at most 3600 seconds",
    },
    "TOP_K": {value: f"is {value!r}, not a whole number above zero" for value in ("0", "-1", "all")},
    "MIN_SCORE": {
        value: f"is {value!r}, not a number such as 0.5"
        for value in ("50%", "nan", "inf", "1e-3", "0,5", "-", "--1", "٠")
    },
    "MAX_EVENT_AGE": {"23h": "is '23h', not a number of seconds above zero"},
    "ANNOTATE": {"2": "is '2', neither 1 nor 0, nor true, false, yes, no, on or off"},
    "WARMUP": {"always": "is 'always', neither 1 nor 0, nor true, false, yes, no, on or off"},
    "RESULTS": {
        "labels": "cannot be used: 'labels' is not of the form gs://bucket/name",
        "gs://": "cannot be used: 'gs://' is not of the form gs://bucket/name",
        "gs:/results/labels": "cannot be used: 'gs:/results/labels' is not of the form gs://bucket/name",
        "gs://r/labels": "is 'gs://r/labels', and no bucket can have that name",
        "gs://results/**": "is 'gs://results/**': it names one place, and no pattern",
        "gs://results//labels": "is 'gs://results//labels', which has nothing between two slashes",
        "gs://results/a//b": "is 'gs://results/a//b', which has nothing between two slashes",
        f"gs://results/{'é' * 257}": "has a prefix of more than 512 bytes",
    },
    "FAILED": {
        "look": "cannot be used: 'look' is not of the form gs://bucket/name",
        "gs://results/labels/": "is gs://results/labels, which overlaps RESULTS, gs://results/labels",
        "gs://results": "is gs://results/, which overlaps RESULTS, gs://results/labels",
        "gs://results/labels/x": "is gs://results/labels/x, which overlaps RESULTS, gs://results/labels",
    },
    "BUCKET": {
        "gs://photos/in": "is 'gs://photos/in', not the name of a bucket",
        "my photos": "is 'my photos', not the name of a bucket",
    },
    "READ_BUCKETS": {
        "pets, *": "is '*', not the name of a bucket",
        "pets;photos": "is 'pets;photos', not the name of a bucket",
    },
    "CORS_ORIGINS": {
        value: f"has {value!r}, which is not like https://example.com"
        for value in (
            "example.com",
            "https://*.example.com",
            "https://a.example/page",
            "https://a.example https://b.example",
        )
    },
    "INCLUDE": {
        "in//**": "cannot be used: 'in//**' has nothing between two slashes;"
        " **/ is any number of segments, empty ones too",
        "gs://photos/in/**": "cannot be used: 'gs://photos/in/**' names the bucket photos:"
        " say so in BUCKET too, or leave gs://photos/ out",
    },
    "EXCLUDE": {
        "!in/**": "cannot be used: '!in/**' begins with !, which has no meaning here;"
        " EXCLUDE or --exclude says what is left out"
    },
    "MAX_INSTANCES": {"0": "is '0', not a whole number above zero"},
    "AIP_HEALTH_ROUTE": {"ready": "is 'ready', not a path"},
    "AIP_PREDICT_ROUTE": {"/<name>": "is '/<name>', not a path", "/a b": "is '/a b', not a path"},
}


@pytest.mark.parametrize(
    ("name", "value", "reason"), [(name, *case) for name, cases in BAD.items() for case in cases.items()]
)
def test_bad(name: str, value: str, reason: str) -> None:
    """What cannot be understood is refused: the setting is named, and what was read."""
    assert refusal({name: value}) == f"{name} {reason}"


def test_all_of_the_watched_bucket() -> None:
    """Settings are refused that together would make the function loop."""
    assert refusal({"RESULTS": "gs://photos", "BUCKET": "photos"}) == (
        "RESULTS is all of the watched bucket: give it a prefix, such as gs://photos/results"
    )


def test_table() -> None:
    """Every setting that is defined is in the table, once."""
    modules = (common, http, upload)
    defined = {value for module in modules for value in vars(module).values() if isinstance(value, Setting)}
    assert set(TABLE) == defined
    assert len({setting.name for setting in TABLE}) == len(TABLE)


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
class TestEverySetting:
    """What holds for all of them, also for those that will be added."""

    def test_blanks(self, setting: Setting[Any]) -> None:
        """Blanks around a value are no part of it, such as the carriage return of a file from Windows."""
        value = setting.example
        for raw in (f"{value}\r", f"{value}\r\n", f" {value}\t", f"{value} \n"):
            assert setting.parse(raw) == setting.parse(value)

    @pytest.mark.parametrize(
        ("invisible", "said"),
        [
            ("\u200b", "U+200B ZERO WIDTH SPACE"),
            ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
            ("\xa0", "U+00A0 NO-BREAK SPACE"),
            ("\xad", "U+00AD SOFT HYPHEN"),
            ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
            ("\u200d", "U+200D ZERO WIDTH JOINER"),
            ("\u3164", "U+3164 HANGUL FILLER"),
            ("\u2800", "U+2800 BRAILLE PATTERN BLANK"),
            ("\ufe0f", "U+FE0F VARIATION SELECTOR-16"),
            ("\x00", "U+0000"),
            ("\x1b", "U+001B"),
            ("\udcff", "U+DCFF"),
        ],
    )
    def test_invisible(self, setting: Setting[Any], invisible: str, said: str) -> None:
        """What cannot be seen is refused by its name, wherever it is."""
        value = setting.example
        for raw in (f"{invisible}{value}", f"{value}{invisible}", f"{value[:1]}{invisible}{value[1:]}"):
            with pytest.raises(BadSetting) as raised:
                setting.parse(raw)
            assert str(raised.value).startswith(f"{setting.name} is '")
            assert str(raised.value).endswith(f", which holds an invisible character, {said}")

    @pytest.mark.parametrize("quotes", ['""', "''", "“”", "‘’", "„“", "«»", "``"])
    def test_quotes(self, setting: Setting[Any], quotes: str) -> None:
        """Quotation marks, which other programs take away, are refused and not taken for a part of the value."""
        with pytest.raises(BadSetting, match="leave out the quotation marks"):
            setting.parse(f"{quotes[0]}{setting.example}{quotes[1]}")

    def test_nothing_else_is_raised(self, setting: Setting[Any]) -> None:
        """Whatever a variable holds, it is understood, or refused with its name, and briefly."""

        @PROPERTY
        @given(st.text(max_size=40) | st.text(alphabet="gs:/{}[],*!\\|.a-z0 9\"'", max_size=40) | st.just("9" * 9999))
        def check(raw: str) -> None:
            said = refusal({setting.name: raw}, setting.of) or f"{setting.name} is understood"
            assert said.startswith(f"{setting.name} ")
            assert len(said) < 500

        check()


def test_letters_that_are_joined() -> None:
    """Joiners and variants are no invisible characters where letters and emoji have them."""
    for name in ("عکس‌ها", "❤️", "👩‍🔬"):
        assert UploadSettings.from_environ(RESULTS | {"INCLUDE": f"{name}/**"}).include[0] == f"{name}/**"


def test_long_values_are_cut() -> None:
    """A refusal repeats no more of a value than can be read."""
    assert len(refusal({"MAX_BYTES": "9" * 30_000})) < 200


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("RESULT", "RESULTS"),
        ("INCLUDES", "INCLUDE"),
        ("EXCLDUE", "EXCLUDE"),
        ("WARM_UP", "WARMUP"),
        ("max_bytes", "MAX_BYTES"),
        ("CORS_ORIGIN", "CORS_ORIGINS"),
    ],
)
def test_lookalikes(name: str, setting: str, caplog: pytest.LogCaptureFixture) -> None:
    """A variable that is nearly a setting is warned of, with the one that it looks like."""
    warn_of_lookalikes({name: "1"})
    assert caplog.messages == [f"{name} is set, which is no setting; {setting} is one, and not set"]


def test_no_lookalikes(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said of what the platform sets, of other programs' variables, and where the setting is set."""
    platform = ("PORT", "K_SERVICE", "FUNCTION_TARGET", "THREADS", "WORKERS", "HOME", "PATH", "LANG", "TOP_K")
    set_too = {"MODE": "production", "MODEL": "model.onnx", "BUCKETS": "a", "BUCKET": "photos"}
    warn_of_lookalikes([*platform, *set_too, *(setting.name for setting in TABLE if setting.set_by)])
    assert caplog.messages == []


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two settings that are wrong, and one that is none."""
    for name, value in (MODEL | RESULTS | {"MAX_BYTES": "5 MB", "WARMUP": "always", "INCLUDES": "in/**"}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("wrong")
def test_start_for_http(caplog: pytest.LogCaptureFixture) -> None:
    """The HTTP function says what is wrong when it starts, before a request is answered with 503."""
    create_app("classify", str(ROOT / "main.py"))
    assert caplog.messages == [
        "INCLUDES is set, which is no setting; INCLUDE is one, and not set",
        "MAX_BYTES is '5 MB', not a whole number above zero",
        "WARMUP is 'always', neither 1 nor 0, nor true, false, yes, no, on or off",
    ]


@pytest.mark.usefixtures("wrong")
def test_start_for_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload function does not start with any setting that is wrong."""
    for name, value in (("MAX_BYTES", "5 MB"), ("WARMUP", "always")):
        with pytest.raises(BadSetting, match=f"^{name} is '{value}'"):
            create_app("classify_upload", str(ROOT / "main.py"), "cloudevent")
        monkeypatch.delenv(name)
    create_app("classify_upload", str(ROOT / "main.py"), "cloudevent")


def test_without_packages() -> None:
    """Settings are read with the standard library alone, as deploy.sh does it."""
    program = "import sys; import settings; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {program}"],
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert set(run.stdout.split()) - sys.stdlib_module_names <= {"settings", "storage", "__main__"}


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


@pytest.mark.parametrize("folder", ["gs://m/models", "gs://m/models/"])
def test_model_of_vertex(folder: str) -> None:
    """In a Vertex AI container the model is where Vertex AI put it, unless MODEL says otherwise."""
    assert Settings.from_environ({"AIP_STORAGE_URI": folder}).model == "gs://m/models/model.onnx"
    assert Settings.from_environ({"AIP_STORAGE_URI": folder} | MODEL).model == "model.onnx"
