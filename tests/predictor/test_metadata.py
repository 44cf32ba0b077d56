"""The JSON document that a model file carries about itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor import Decision, Decoding, ModelInfo, Parity, Provenance, Resizing
from predictor.metadata import FORMAT, Fit, PillowMethod, Reproduction

INFO = ModelInfo(
    name="flowers",
    version="0123456789ab",
    labels=("daisy", "Löwenzahn", "薔薇"),
    activation="softmax",
    decoding=Decoding("accurate", jpeg_smooth_chroma=False),
    preprocessing=("DecodeImage, 3 channels", "divide by 255"),
    source=Provenance("flowers", "f" * 64, "serving_default", "image_bytes:0", "scores"),
    parity=Parity(19, 1e-7, 1.0, 1.0),
    drawing="white-on-black",
    resizing=Resizing("pillow-lanczos", 224, 224, "crop"),
    tools={"onnx": "1.19.0"},
    outputs={"evidence": {"kind": "exact"}},
    decision=Decision(0.9, 0.02, 0.95, 0.8, 500),
)
WITH_DEFAULT = {
    "assumed",
    "decision",
    "drawing",
    "impossible_sizes",
    "outputs",
    "quantization",
    "reproduction",
    "requires",
    "resizing",
    "tools",
}

TEXTS = st.text(max_size=20)
NUMBERS = st.floats(allow_nan=False)
INFOS = st.builds(
    ModelInfo,
    name=TEXTS,
    version=TEXTS,
    labels=st.lists(TEXTS, max_size=5).map(tuple),
    activation=TEXTS,
    decoding=st.sampled_from(["tensorflow", "pillow"]).flatmap(
        lambda decoder: st.builds(
            Decoding,
            st.sampled_from(["fast", "accurate"]),
            st.booleans(),
            st.sampled_from([1, 2, 4, 8] if decoder == "tensorflow" else [1]),
            st.sampled_from([0, 1, 3] if decoder == "tensorflow" else [1, 3]),
            st.just(decoder),
            st.sampled_from(["ignore", "apply"]),
        )
    ),
    preprocessing=st.lists(TEXTS, max_size=5).map(tuple),
    source=st.builds(Provenance, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    parity=st.none() | st.builds(Parity, st.integers(0), NUMBERS, NUMBERS, NUMBERS),
    drawing=st.sampled_from([None, "white-on-black", "black-on-white"]),
    resizing=st.none()
    | st.builds(
        Resizing,
        st.sampled_from(get_args(PillowMethod)),
        st.integers(1, 4096),
        st.integers(1, 4096),
        st.sampled_from(sorted(set(get_args(Fit)) - {"shorter-side"})),
    )
    | st.builds(
        Resizing,
        st.sampled_from(get_args(PillowMethod)),
        st.integers(1, 4096),
        st.integers(1, 4096),
        st.just("shorter-side"),
        st.integers(1, 4096),
    ),
    tools=st.dictionaries(TEXTS, TEXTS, max_size=3),
    assumed=st.lists(TEXTS, max_size=3).map(tuple),
    outputs=st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2),
    impossible_sizes=st.lists(st.tuples(st.integers(1), st.integers(1)), max_size=3).map(tuple),
    reproduction=st.none() | st.builds(Reproduction, st.integers(0), st.integers(0), st.integers(0, 7)),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=5,
)
PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)


def document(**changes: Any) -> dict[str, Any]:
    """The document of a valid file, with other values in some fields."""
    written: dict[str, Any] = json.loads(INFO.to_json())
    return written | changes


@PROPERTY
@given(info=INFOS)
def test_round_trip(info: ModelInfo) -> None:
    """What is written is read again, whatever the texts and numbers in it."""
    assert info == ModelInfo.from_json(info.to_json())


def test_parity_is_optional() -> None:
    """A file that was not compared with its original says so."""
    info = replace(INFO, parity=None)
    assert ModelInfo.from_json(info.to_json()).parity is None


def test_labels_stay_readable() -> None:
    """Labels in any script stand in the document as they are, for whoever looks into the file."""
    assert "薔薇" in INFO.to_json()


@pytest.mark.parametrize("text", ["", "{", "labels", '{"format": 1'])
def test_broken_json(text: str) -> None:
    """A document that is not JSON is refused, and the message says so."""
    with pytest.raises(ValueError, match="its metadata is not JSON"):
        ModelInfo.from_json(text)


@pytest.mark.parametrize("value", [[], "text", 1, None, {}, document(format=FORMAT + 1), document(format=str(FORMAT))])
def test_other_format(value: Any) -> None:
    """A document of another format is refused, and the message says what to do."""
    with pytest.raises(ValueError, match=r"^its metadata is not of format 1 or 2: use the version that wrote it"):
        ModelInfo.from_json(json.dumps(value))


@pytest.mark.parametrize("field", sorted(document().keys() - WITH_DEFAULT - {"format"}))
def test_missing_field(field: str) -> None:
    """A document without one of its fields is refused, and the message names the field."""
    incomplete = document()
    del incomplete[field]
    with pytest.raises(ValueError, match=rf"^its metadata is incomplete: .*{field}"):
        ModelInfo.from_json(json.dumps(incomplete))


@pytest.mark.parametrize("part", ["source", "parity"])
def test_missing_field_within(part: str) -> None:
    """A source or a parity without one of its fields is refused."""
    incomplete = document()
    incomplete[part].popitem()
    with pytest.raises(ValueError, match=r"^its metadata is incomplete"):
        ModelInfo.from_json(json.dumps(incomplete))


def test_older_file() -> None:
    """A file that says nothing of decoder, channels, ratio, orientation and resizing means the defaults."""
    older = document(decoding={"jpeg_transform": "accurate", "jpeg_smooth_chroma": False})
    del older["resizing"]
    info = ModelInfo.from_json(json.dumps(older))
    assert info.decoding == Decoding("accurate", False, jpeg_ratio=1, channels=3, decoder="tensorflow")
    assert info.decoding.orientation == "ignore"
    assert info.resizing is None


def test_format_1() -> None:
    """A document of the first format, without what came later, is read with the defaults for it."""
    older = document(format=1)
    del older["requires"], older["outputs"]
    assert ModelInfo.from_json(json.dumps(older)) == replace(INFO, outputs={})


@pytest.mark.parametrize("part", [None, "source", "parity"])
def test_unknown_field(part: str | None) -> None:
    """A field that changes no answer is left out by a reader that does not know it."""
    newer = document()
    (newer[part] if part else newer)["mood"] = "calm"
    assert ModelInfo.from_json(json.dumps(newer)) == INFO


@pytest.mark.parametrize("part", ["decoding", "resizing"])
def test_unknown_field_of_pixels(part: str) -> None:
    """A field that decides pixels is refused by its name by a reader that does not know it."""
    newer = document()
    newer[part]["dither"] = False
    with pytest.raises(ValueError, match=rf"^its {part} has the unknown field 'dither': use the version that wrote it"):
        ModelInfo.from_json(json.dumps(newer))


def test_unknown_feature() -> None:
    """A feature that a reader must have and does not is refused by its name, with the version that has it."""
    with pytest.raises(ValueError, match=r"^it requires the feature 'unsure', which version 9\.1 of this project has"):
        ModelInfo.from_json(json.dumps(document(requires={"unsure": "9.1"})))


@pytest.mark.parametrize("labels", ["abc", [1, 2], {"a": "b"}, None])
def test_labels_are_texts(labels: Any) -> None:
    """Labels that are anything but a list of texts are refused, not taken apart."""
    with pytest.raises(ValueError, match=r"^its metadata is incomplete: labels"):
        ModelInfo.from_json(json.dumps(document(labels=labels)))


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("decoding", "jpeg_transform", "float"),
        ("decoding", "jpeg_smooth_chroma", 1),
        ("decoding", "jpeg_ratio", 3),
        ("decoding", "jpeg_ratio", True),
        ("decoding", "channels", 4),
        ("decoding", "decoder", "magick"),
        ("decoding", "orientation", None),
        ("resizing", "method", "bilinear"),
        ("resizing", "fit", "cover"),
    ],
)
def test_unknown_choice(part: str, field: str, value: Any) -> None:
    """A choice that is not known is refused by its name, since guessing another would change the pixels."""
    changed = document()
    changed[part][field] = value
    with pytest.raises(ValueError, match=rf"^it wants the unknown {field} {value!r}"):
        ModelInfo.from_json(json.dumps(changed))


@pytest.mark.parametrize("changes", [{"decoder": "pillow"}, {"jpeg_ratio": 2}])
def test_reduced_twice(changes: dict[str, Any]) -> None:
    """JPEGs cannot be reduced where Pillow decodes them, or where training took a part of them itself."""
    with pytest.raises(ValueError, match="two reasons, or by Pillow"):
        Decoding(**changes, jpeg_least=448)


@pytest.mark.parametrize("changes", [{"channels": 0}, {"jpeg_ratio": 2}])
def test_impossible_for_pillow(changes: dict[str, Any]) -> None:
    """What Pillow cannot do, a file's own channels and part of a JPEG's size, is refused together with it."""
    with pytest.raises(ValueError, match=r"^it wants Pillow to decode"):
        Decoding(decoder="pillow", **changes)


@pytest.mark.parametrize("height", [0, -1, 1.5, True, "224"])
def test_impossible_size(height: Any) -> None:
    """A size that no picture has is refused."""
    changed = document()
    changed["resizing"]["height"] = height
    with pytest.raises(ValueError, match=r"^it wants pictures of"):
        ModelInfo.from_json(json.dumps(changed))


@PROPERTY
@given(field=st.sampled_from(sorted(document())), value=JSON)
def test_any_other_value(field: str, value: Any) -> None:
    """A field with any other value in it is read or refused, and nothing else happens."""
    try:
        info = ModelInfo.from_json(json.dumps(document(**{field: value})))
    except ValueError:
        return
    assert isinstance(info, ModelInfo)
