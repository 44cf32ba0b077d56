"""A loopback stand-in for the Google APIs that `gcloud functions deploy` calls."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROJECT = "demo-proj"
REGION = "europe-west1"
_APIS = (
    "ARTIFACTREGISTRY",
    "CLOUDBUILD",
    "CLOUDFUNCTIONS",
    "CLOUDRESOURCEMANAGER",
    "EVENTARC",
    "IAM",
    "RUN",
    "SERVICEUSAGE",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class Deployment:
    """One function as it was sent: its description, its files, and the IAM policy of its service."""

    description: dict[str, Any]
    files: dict[str, bytes]
    policy: dict[str, Any] = field(default_factory=dict)


@dataclass
class GoogleCloud:
    """What reached the stand-in at `url`; `astray` lists the requests that it has no answer for."""

    url: str
    deployments: dict[str, Deployment] = field(default_factory=dict)
    astray: list[str] = field(default_factory=list)
    archive: bytes = b""

    def environment(self, base: Mapping[str, str], folder: Path) -> dict[str, str]:
        """`base`, changed so that gcloud sends everything here and keeps its configuration in `folder`.

        A call to any other machine goes through the proxy, which is the stand-in too: it ends here, as astray.
        """
        kept = {name: value for name, value in base.items() if not name.startswith("CLOUDSDK_")}
        return {
            **kept,
            "CLOUDSDK_CONFIG": str(folder),
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "fake",
            "CLOUDSDK_CORE_PROJECT": PROJECT,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{self.url}/storage/v1/",
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": f"{self.url}/" for api in _APIS},
            "GCE_METADATA_ROOT": self.url.removeprefix("http://"),  # asked without a proxy
            **dict.fromkeys(_PROXIES, self.url),
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
        }

    def answer(self, request: str, body: bytes) -> tuple[int, Any]:
        """The status and the JSON document that answer a request such as `GET /path`."""
        for pattern, handler in _ROUTES.items():
            if match := re.fullmatch(pattern, request):
                return handler(self, body, **match.groupdict())
        self.astray.append(request)
        return 404, {"error": {"code": 404, "message": f"nobody expects {request}"}}

    def get_function(self, _body: bytes, name: str) -> tuple[int, Any]:
        """The function as it was sent, with what the platform adds."""
        if name not in self.deployments:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"no function {name}"}}
        description = self.deployments[name].description
        service = {"service": f"projects/{PROJECT}/locations/{REGION}/services/{name}"}
        config = {"serviceConfig": description["serviceConfig"] | service}
        return 200, description | config | {"state": "ACTIVE", "environment": "GEN_2"}

    def put_archive(self, body: bytes) -> tuple[int, Any]:
        """Take the source archive."""
        self.archive = body
        return 200, {}

    def put_function(self, body: bytes, name: str) -> tuple[int, Any]:
        """Create or update a function from the archive that was sent before."""
        with zipfile.ZipFile(io.BytesIO(self.archive)) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        self.deployments[name] = Deployment(json.loads(body), files)
        return 200, _OPERATION

    def set_policy(self, body: bytes, name: str) -> tuple[int, Any]:
        """Replace who may call a function."""
        self.deployments[name].policy = json.loads(body)["policy"]
        return 200, self.deployments[name].policy


def _constant(document: object) -> Callable[..., tuple[int, Any]]:
    return lambda _cloud, _body: (200, document)


def _upload_url(cloud: GoogleCloud, _body: bytes) -> tuple[int, Any]:
    source = {"bucket": "uploads", "object": "source.zip"}
    return 200, {"uploadUrl": f"{cloud.url}/source.zip", "storageSource": source}


_OPERATION = {
    "name": f"projects/{PROJECT}/locations/{REGION}/operations/1",
    "done": True,
    "metadata": {"stages": []},
    "response": {},
}
_BUILDER = {"serviceAccountEmail": f"projects/{PROJECT}/serviceAccounts/builder@{PROJECT}.example"}
_PLACE = f"projects/{PROJECT}/locations/{REGION}"
_ROUTES: dict[str, Callable[..., tuple[int, Any]]] = {
    rf"GET /v2/{_PLACE}/runtimes\?.*": _constant({"runtimes": [{"name": "python313", "environment": "GEN_2"}]}),
    rf"GET /v2/{_PLACE}/functions/(?P<name>[^/?]+)\?.*": GoogleCloud.get_function,
    rf"POST /v2/{_PLACE}/functions:generateUploadUrl\?.*": _upload_url,
    r"PUT /source.zip": GoogleCloud.put_archive,
    rf"POST /v2/{_PLACE}/functions\?.*functionId=(?P<name>[^&]+).*": GoogleCloud.put_function,
    rf"PATCH /v2/{_PLACE}/functions/(?P<name>[^/?]+)\?.*": GoogleCloud.put_function,
    rf"GET /v2/{_PLACE}/operations/1\?.*": _constant(_OPERATION),
    rf"GET /v1/{_PLACE}/services/[^/?]+:getIamPolicy\?.*": _constant({}),
    rf"POST /v1/{_PLACE}/services/(?P<name>[^/?]+):setIamPolicy\?.*": GoogleCloud.set_policy,
    rf"GET /v1/projects/{PROJECT}/services/[a-z.]+\?.*": _constant({"state": "ENABLED"}),
    rf"GET /v1/{_PLACE}/defaultServiceAccount\?.*": _constant(_BUILDER),
    rf"GET /v1/projects/{PROJECT}\?.*": _constant({"projectId": PROJECT, "projectNumber": "1"}),
    r"GET /computeMetadata/.*": _constant({}),
}


@contextmanager
def google_cloud() -> Iterator[GoogleCloud]:
    """Serve the stand-in on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, document = cloud.answer(f"{self.command} {self.path}", body)
            payload = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_CONNECT = answer  # noqa: N815 - the names http.server looks for

        def log_message(self, *_arguments: object) -> None:
            """Keep the test's output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        cloud = GoogleCloud(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
