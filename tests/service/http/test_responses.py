"""What goes with every response: headers, times, the log's line; and the OpenAPI document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from service.http import routes
from settings import HttpSettings
from tests.service.http.requests import ROOT, SEVEN, THREE, base64_of, error_in, form, new_client

MAX_INSTANCES = 100
SITE = "https://photos.example"


@pytest.fixture
def shared_client(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A function that a site may ask."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("CORS_ORIGINS", f"http://localhost:3000, {SITE}")
    return new_client()


def test_server_timing(client: FlaskClient) -> None:
    """The times are in the header that browsers show, and the whole is not less than its parts."""
    header = client.post("/", data=THREE).headers["Server-Timing"]
    times = {name: float(time) for name, time in re.findall(r"(\w+);dur=([\d.]+)", header)}
    assert list(times) == ["decode", "inference", "total"]
    assert times["decode"] + times["inference"] <= times["total"] + 0.2


def test_log_line(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """One record a request says what came of it, without the query, the client's address or the picture."""
    caplog.set_level("INFO")
    client.post("/?top_k=1&_name=Ada", data=THREE, headers={"User-Agent": "Ada's phone"})
    (record,) = (record for record in caplog.records if record.name == "service.http.access_log")
    fields = vars(record)
    assert (record.levelname, record.getMessage()) == ("INFO", "POST / 200")
    assert fields["pictures"] == [{"width": 64, "height": 64, "label": "3"}]
    assert fields["httpRequest"].items() >= {"requestMethod": "POST", "requestUrl": "/", "status": 200}.items()
    assert 0 < fields["decode_ms"] + fields["inference_ms"] <= fields["total_ms"] + 0.1
    assert "Ada" not in str(fields)


@pytest.mark.parametrize(("path", "status", "level"), [("/nothing", 404, "WARNING"), ("/health", 200, "INFO")])
def test_log_level(client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, status: int, level: str) -> None:
    """What the client did wrong is a warning."""
    caplog.set_level("INFO")
    client.get(path)
    assert [record.levelname for record in caplog.records if record.name == "service.http.access_log"] == [level]


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", "/v2"])
def test_secure(client: FlaskClient, path: str) -> None:
    """No answer can be framed, sniffed for another type, or run what it holds; none can be read by other sites."""
    headers = client.get(path, headers={"Accept": "text/html", "Origin": SITE}).headers
    policy = headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not [name for name in set(headers.keys()) if name.startswith("Access-Control")]


def test_cors(shared_client: FlaskClient) -> None:
    """A listed origin may read the answer and its times; another may not."""
    headers = shared_client.post("/", data=THREE, headers={"Origin": SITE}).headers
    assert headers["Access-Control-Allow-Origin"] == SITE
    assert "Server-Timing" in headers["Access-Control-Expose-Headers"]
    assert headers["Timing-Allow-Origin"] == SITE
    assert "Origin" in headers["Vary"]
    other = shared_client.post("/", data=THREE, headers={"Origin": "https://photos.example.org"}).headers
    assert "Access-Control-Allow-Origin" not in other


def test_preflight(shared_client: FlaskClient) -> None:
    """A browser that asks beforehand hears which methods and headers it may send."""
    answer = shared_client.options("/", headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, SITE)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def test_compressed_body(client: FlaskClient) -> None:
    """A compressed body is a 415, not taken for a damaged picture."""
    assert error_in(client.post("/", data=THREE, headers={"Content-Encoding": "gzip"}))[0] == 415


@pytest.mark.parametrize("count", [MAX_INSTANCES, MAX_INSTANCES + 1])
def test_many_files(client: FlaskClient, count: int) -> None:
    """A form has as many parts as a request may have pictures, and no more."""
    answer = client.post("/?top_k=1", **form(*[("a", ("7.png", SEVEN))] * count))
    assert answer.status_code == (200 if count <= MAX_INSTANCES else 413)


@pytest.mark.parametrize("sign", ["[],", "{},", "1,"])
def test_many_values(client: FlaskClient, sign: str) -> None:
    """JSON of very many values, which would take many times its size in memory, is not even parsed."""
    body = f'{{"instances": [{sign * 10_000} 1]}}'
    status, sentence = error_in(client.post("/", data=body, content_type="application/json"))
    assert status == 413
    assert sentence.startswith("The JSON body holds too many values")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_beyond_json(client: FlaskClient, number: str) -> None:
    """What JSON has no number for is refused: it could not be given back."""
    body = f'{{"instances": [{{"image_bytes": {{"b64": "{base64_of(THREE)}"}}, "key": {number}}}]}}'
    assert error_in(client.post("/", data=body, content_type="application/json"))[0] == 400


def test_long_path(client: FlaskClient) -> None:
    """A path of any length is repeated in part."""
    assert error_in(client.get("/" + "x" * 100_000)) == (404, f"There is nothing at /{'x' * 99}….")


# The OpenAPI document

DESCRIPTION = json.loads((ROOT / "service" / "http" / "openapi.json").read_text(encoding="utf-8"))
schema = schemathesis.openapi.from_dict(DESCRIPTION)


def test_openapi(client: FlaskClient) -> None:
    """The document is there to be read."""
    assert client.get("/openapi.json").get_json() == DESCRIPTION


def test_all_routes_are_described() -> None:
    """The document has every route with its methods, and no other."""
    described = {(path, method.upper()) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    none = HttpSettings.from_environ({})
    rules = [rule for protocol in routes.PROTOCOLS for rule in routes.table(protocol.START, none).iter_rules()]
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_routes_wait_for_their_requests(client: FlaskClient) -> None:
    """A first request compiles the routes that begin as its path does, and no others: a cold start waits for them."""
    routes.table.cache_clear()
    client.post("/", data=THREE)
    assert routes.table.cache_info().currsize == 1


@schema.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_described(case: Case, http_server: str) -> None:
    """Whatever schemathesis makes of the document, the answer is no 5xx, and one that the document describes."""
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    case.call_and_validate(base_url=http_server, checks=checks)
