"""A loopback stand-in for the Google APIs that `gcloud functions deploy` calls."""

from __future__ import annotations

import copy
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
    "PUBSUB",
    "RUN",
    "SERVICEUSAGE",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class Deployment:
    """One function as it was sent: its description and its files."""

    description: dict[str, Any]
    files: dict[str, bytes]


@dataclass
class GoogleCloud:
    """What reached the stand-in at `url`; `astray` lists the requests that it has no answer for."""

    url: str
    deployments: dict[str, Deployment] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By resource, such as `buckets/photos`."""
    topics: set[str] = field(default_factory=set)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=lambda: {"s-1": {}})
    """By name; `s-1` is that of the trigger."""
    astray: list[str] = field(default_factory=list)
    archive: bytes = b""
    revisions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of each function, the oldest first."""
    traffic: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of each function, as it was said; without, the newest revision has all of it."""

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
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING": f"{self.url}/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{self.url}/storage/v1/",
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": f"{self.url}/" for api in _APIS},
            "GCE_METADATA_ROOT": self.url.removeprefix("http://"),  # asked without a proxy
            **dict.fromkeys(_PROXIES, self.url),
            # Commands for Cloud Run put the region before the host, which is then no name that is known anywhere.
            "no_proxy": "",
            "NO_PROXY": "",
        }

    def take(self, other: GoogleCloud) -> None:
        """Hold what another stand-in holds, from here on on its own."""
        for name in ("deployments", "accounts", "policies", "topics", "subscriptions", "revisions", "traffic"):
            setattr(self, name, copy.deepcopy(getattr(other, name)))

    def answer(self, request: str, body: bytes) -> tuple[int, Any]:
        """The status and the JSON document that answer a request such as `GET /path`, or of a proxy's client."""
        request = re.sub(r"(?<= )http://[a-z0-9-]*127\.0\.0\.1:\d+(?=/)", "", request)
        for pattern, handler in _ROUTES.items():
            if match := re.fullmatch(pattern, request):
                return handler(self, body, **match.groupdict())
        self.astray.append(request)
        return 404, {"error": {"code": 404, "message": f"nobody expects {request}"}}

    def get_function(self, _body: bytes, name: str) -> tuple[int, Any]:
        """The function as it was sent, with what the platform adds."""
        if name not in self.deployments:
            return _missing(name)
        description = self.deployments[name].description
        trigger = {"trigger": f"{_PLACE}/triggers/t-1"}
        service = {"service": f"projects/{PROJECT}/locations/{REGION}/services/{name}"}
        config = {"serviceConfig": description["serviceConfig"] | service}
        event = {"eventTrigger": description["eventTrigger"] | trigger} if "eventTrigger" in description else {}
        return 200, description | config | event | {"state": "ACTIVE", "environment": "GEN_2"}

    def put_archive(self, body: bytes) -> tuple[int, Any]:
        """Take the source archive."""
        self.archive = body
        return 200, {}

    def put_function(self, body: bytes, name: str) -> tuple[int, Any]:
        """Create or update a function from the archive that was sent before."""
        with zipfile.ZipFile(io.BytesIO(self.archive)) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        self.deployments[name] = Deployment(json.loads(body), files)
        self._add_revision(name)
        return 200, _OPERATION

    def _add_revision(self, name: str) -> None:
        revisions = self.revisions.setdefault(name, [])
        config = self.deployments[name].description["serviceConfig"]
        env = [{"name": variable, "value": value} for variable, value in config["environmentVariables"].items()]
        number = len(revisions) + 1
        metadata = {
            "name": f"{name}-{number:05}-abc",
            "namespace": PROJECT,
            "creationTimestamp": f"2026-11-24T08:00:{number:02}Z",
            "labels": {"serving.knative.dev/service": name},
        }
        condition = {"type": "Ready", "status": "True"}
        spec = {"containers": [{"image": "i", "env": env}]}
        revisions.append(_SERVED | {"kind": "Revision", "metadata": metadata, "spec": spec} | _met(condition))

    def service(self, name: str) -> dict[str, Any]:
        """The function as a service of Cloud Run."""
        newest = self.revisions[name][-1]["metadata"]["name"]
        wanted = self.traffic.get(name, [{"latestRevision": True, "percent": 100}])
        account = self.deployments[name].description["serviceConfig"]["serviceAccountEmail"]
        template = {"metadata": {}, "spec": {"serviceAccountName": account, "containers": [{"image": "i"}]}}
        labels = {"cloud.googleapis.com/location": REGION}
        kinds = ("Ready", "ConfigurationsReady", "RoutesReady")
        status = {
            "url": f"https://{name}.example",
            "latestReadyRevisionName": newest,
            "latestCreatedRevisionName": newest,
            "observedGeneration": 1,
            "traffic": [{"revisionName": newest} | part for part in wanted],
            "conditions": [{"type": kind, "status": "True"} for kind in kinds],
        }
        metadata = {"name": name, "namespace": PROJECT, "labels": labels, "generation": 1}
        spec = {"traffic": wanted, "template": template}
        return _SERVED | {"kind": "Service", "metadata": metadata, "spec": spec, "status": status}

    def get_services(self, _body: bytes) -> tuple[int, Any]:
        """All functions as services."""
        return 200, _SERVED | {
            "kind": "ServiceList",
            "metadata": {},
            "items": [self.service(name) for name in self.deployments],
        }

    def get_service(self, _body: bytes, name: str) -> tuple[int, Any]:
        """One of them."""
        return (200, self.service(name)) if name in self.deployments else _missing(name)

    def put_service(self, body: bytes, name: str) -> tuple[int, Any]:
        """Change its traffic."""
        self.traffic[name] = json.loads(body)["spec"]["traffic"]
        return self.get_service(b"", name)

    def get_revisions(self, _body: bytes) -> tuple[int, Any]:
        """The revisions of all functions."""
        items = [one for revisions in self.revisions.values() for one in revisions]
        return 200, _SERVED | {"kind": "RevisionList", "metadata": {}, "items": items}

    def delete_function(self, _body: bytes, name: str) -> tuple[int, Any]:
        """Delete a function with its service."""
        if name not in self.deployments:
            return _missing(name)
        del self.deployments[name], self.revisions[name]
        self.policies.pop(f"services/{name}", None)
        return 200, _OPERATION

    def get_accounts(self, _body: bytes) -> tuple[int, Any]:
        """The service accounts that were made."""
        place = f"projects/{PROJECT}/serviceAccounts"
        accounts = [{"email": email, "name": f"{place}/{email}"} for email in self.accounts]
        titles = {email: f"Image classifier {email.partition('@')[0]}" for email in self.accounts}
        return 200, {"accounts": [one | {"displayName": titles[one["email"]]} for one in accounts]}

    def delete_account(self, _body: bytes, email: str) -> tuple[int, Any]:
        """Delete a service account."""
        self.accounts.discard(email)
        return 200, {}

    def delete_topic(self, _body: bytes, name: str) -> tuple[int, Any]:
        """Delete a topic."""
        self.topics.discard(name)
        self.policies.pop(f"topics/{name}", None)
        return 200, {}

    def delete_subscription(self, _body: bytes, name: str) -> tuple[int, Any]:
        """Delete a subscription."""
        self.subscriptions.pop(name, None)
        return 200, {}

    def state(self) -> str:
        """All that deployments have left here, to be compared."""
        configs = {name: sent.description["serviceConfig"] for name, sent in self.deployments.items()}
        files = {name: sorted(sent.files) for name, sent in self.deployments.items()}
        found = [configs, files, sorted(self.accounts), self.policies, sorted(self.topics), self.subscriptions]
        return json.dumps(found, sort_keys=True)

    def get_policy(self, _body: bytes, resource: str) -> tuple[int, Any]:
        """Who may do what with a resource."""
        return 200, self.policies.get(resource, {})

    def set_policy(self, body: bytes, resource: str) -> tuple[int, Any]:
        """Replace who may do what with a resource; Cloud Storage sends the policy bare."""
        document = json.loads(body)
        self.policies[resource] = {
            key: value for key, value in document.get("policy", document).items() if key != "updateMask"
        }
        return 200, self.policies[resource]

    def get_bucket_policy(self, _body: bytes, bucket: str) -> tuple[int, Any]:
        """Who may do what with a bucket."""
        return self.get_policy(b"", f"buckets/{bucket}")

    def set_bucket_policy(self, body: bytes, bucket: str) -> tuple[int, Any]:
        """Replace who may do what with a bucket."""
        return self.set_policy(body, f"buckets/{bucket}")

    def get_account(self, _body: bytes, email: str) -> tuple[int, Any]:
        """A service account, if it was made."""
        return (200, {"email": email}) if email in self.accounts else _missing(email)

    def make_account(self, body: bytes) -> tuple[int, Any]:
        """Make a service account."""
        account = json.loads(body)
        assert account["serviceAccount"]["displayName"] == f"Image classifier {account['accountId']}"
        email = f"{account['accountId']}@{PROJECT}.iam.gserviceaccount.com"
        self.accounts.add(email)
        return 200, {"email": email, "name": f"projects/{PROJECT}/serviceAccounts/{email}"}

    def get_bucket(self, _body: bytes, name: str) -> tuple[int, Any]:
        """A bucket; whatever its name, it is there."""
        access = {"uniformBucketLevelAccess": {"enabled": True}}
        return 200, {"name": name, "location": REGION.upper(), "iamConfiguration": access}

    def get_topic(self, _body: bytes, name: str) -> tuple[int, Any]:
        """A topic, if it was made."""
        return (200, {"name": f"projects/{PROJECT}/topics/{name}"}) if name in self.topics else _missing(name)

    def make_topic(self, _body: bytes, name: str) -> tuple[int, Any]:
        """Make a topic."""
        self.topics.add(name)
        return self.get_topic(b"", name)

    def get_subscription(self, _body: bytes, name: str) -> tuple[int, Any]:
        """A subscription, if it was made."""
        if name not in self.subscriptions:
            return _missing(name)
        return 200, self.subscriptions[name] | {"name": f"projects/{PROJECT}/subscriptions/{name}"}

    def make_subscription(self, body: bytes, name: str) -> tuple[int, Any]:
        """Make a subscription."""
        self.subscriptions[name] = json.loads(body)
        return self.get_subscription(b"", name)

    def change_subscription(self, body: bytes, name: str) -> tuple[int, Any]:
        """Change what a subscription says."""
        changes = json.loads(body)["subscription"]
        self.subscriptions[name] |= {key: value for key, value in changes.items() if key != "name"}
        return self.get_subscription(b"", name)


def _met(condition: dict[str, str]) -> dict[str, Any]:
    return {"status": {"conditions": [condition]}}


def _missing(name: str) -> tuple[int, Any]:
    return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"there is no {name}"}}


def _constant(document: object) -> Callable[..., tuple[int, Any]]:
    return lambda _cloud, _body, **_names: (200, document)


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
_SERVED = {"apiVersion": "serving.knative.dev/v1"}
_SERVING = f"/apis/serving.knative.dev/v1/namespaces/{PROJECT}"
_PUBSUB = "(?:topics|subscriptions)"
_ROUTES: dict[str, Callable[..., tuple[int, Any]]] = {
    rf"GET /v2/{_PLACE}/runtimes\?.*": _constant({"runtimes": [{"name": "python313", "environment": "GEN_2"}]}),
    rf"GET /v2/{_PLACE}/functions/(?P<name>[^/?]+)\?.*": GoogleCloud.get_function,
    rf"POST /v2/{_PLACE}/functions:generateUploadUrl\?.*": _upload_url,
    r"PUT /source.zip": GoogleCloud.put_archive,
    rf"POST /v2/{_PLACE}/functions\?.*functionId=(?P<name>[^&]+).*": GoogleCloud.put_function,
    rf"PATCH /v2/{_PLACE}/functions/(?P<name>[^/?]+)\?.*": GoogleCloud.put_function,
    rf"GET /v2/{_PLACE}/operations/1\?.*": _constant(_OPERATION),
    rf"GET /v1/{_PLACE}/(?P<resource>services/[^/?]+):getIamPolicy\?.*": GoogleCloud.get_policy,
    rf"POST /v1/{_PLACE}/(?P<resource>services/[^/?]+):setIamPolicy\?.*": GoogleCloud.set_policy,
    rf"POST /v1/(?P<resource>projects/{PROJECT}):getIamPolicy\?.*": GoogleCloud.get_policy,
    rf"POST /v1/(?P<resource>projects/{PROJECT}):setIamPolicy\?.*": GoogleCloud.set_policy,
    rf"GET /v1/projects/{PROJECT}/(?P<resource>{_PUBSUB}/[^/?]+):getIamPolicy\?.*": GoogleCloud.get_policy,
    rf"POST /v1/projects/{PROJECT}/(?P<resource>{_PUBSUB}/[^/?]+):setIamPolicy\?.*": GoogleCloud.set_policy,
    rf"GET /v1/projects/{PROJECT}/topics/(?P<name>[^/?:]+)\?.*": GoogleCloud.get_topic,
    rf"PUT /v1/projects/{PROJECT}/topics/(?P<name>[^/?:]+)\?.*": GoogleCloud.make_topic,
    rf"GET /v1/projects/{PROJECT}/subscriptions/(?P<name>[^/?:]+)\?.*": GoogleCloud.get_subscription,
    rf"PUT /v1/projects/{PROJECT}/subscriptions/(?P<name>[^/?:]+)\?.*": GoogleCloud.make_subscription,
    rf"PATCH /v1/projects/{PROJECT}/subscriptions/(?P<name>[^/?:]+)\?.*": GoogleCloud.change_subscription,
    rf"GET /v1/projects/(?:-|{PROJECT})/serviceAccounts/(?P<email>[^/?]+)\?.*": GoogleCloud.get_account,
    rf"POST /v1/projects/{PROJECT}/serviceAccounts\?.*": GoogleCloud.make_account,
    rf"DELETE /v2/{_PLACE}/functions/(?P<name>[^/?]+)\?.*": GoogleCloud.delete_function,
    rf"GET {_SERVING}/services\?.*": GoogleCloud.get_services,
    rf"GET /v1/projects/{PROJECT}/locations/-/services\?.*": GoogleCloud.get_services,
    rf"GET {_SERVING}/services/(?P<name>[^/?]+)\?.*": GoogleCloud.get_service,
    rf"PUT {_SERVING}/services/(?P<name>[^/?]+)\?.*": GoogleCloud.put_service,
    rf"GET {_SERVING}/revisions\?.*": GoogleCloud.get_revisions,
    rf"GET /v1/projects/{PROJECT}/serviceAccounts\?.*": GoogleCloud.get_accounts,
    rf"DELETE /v1/projects/(?:-|{PROJECT})/serviceAccounts/(?P<email>[^/?]+)\?.*": GoogleCloud.delete_account,
    rf"DELETE /v1/projects/{PROJECT}/topics/(?P<name>[^/?:]+)\?.*": GoogleCloud.delete_topic,
    rf"DELETE /v1/projects/{PROJECT}/subscriptions/(?P<name>[^/?:]+)\?.*": GoogleCloud.delete_subscription,
    rf"POST /v1/projects/{PROJECT}/subscriptions/(?P<name>[^/?:]+):pull\?.*": _constant({}),
    r"POST /v2/entries:list\?.*": _constant({}),
    r"GET /storage/v1/b/(?P<name>[^/?]+)\?.*": GoogleCloud.get_bucket,
    r"GET /storage/v1/b/(?P<bucket>[^/?]+)/iam\?.*": GoogleCloud.get_bucket_policy,
    r"PUT /storage/v1/b/(?P<bucket>[^/?]+)/iam\?.*": GoogleCloud.set_bucket_policy,
    rf"GET /v1/{_PLACE}/triggers/t-1\?.*": _constant(
        {"transport": {"pubsub": {"subscription": f"projects/{PROJECT}/subscriptions/s-1"}}}
    ),
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
