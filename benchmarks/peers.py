"""The servers of other projects, each with the bare network of MobileNetV2, Pillow and NumPy."""

from __future__ import annotations

import base64
import json

from benchmarks.models import MOBILENET
from benchmarks.servers import CONTESTANTS, PEERS, Server

_BOUNDARY = "picture"
_SETTINGS = {
    "NETWORK": str(MOBILENET.bare),
    "SCALE": str(MOBILENET.scale),
    "OFFSET": str(MOBILENET.offset),
    "PORT": "{port}",
    "MLSERVER_HTTP_PORT": "{port}",
    "MLSERVER_GRPC_PORT": "0",
    "BENTOML_DO_NOT_TRACK": "1",
    "PATH": f"{PEERS.parent}:/usr/bin:/bin",
}


def _form(picture: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="a.jpg"\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _inference(picture: bytes) -> bytes:
    data = [base64.b64encode(picture).decode()]
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"content_type": "base64"}}
    return json.dumps({"inputs": [tensor | {"data": data}]}).encode()


LITSERVE = Server(
    "LitServe",
    (str(PEERS), "litserve_server.py"),
    CONTESTANTS,
    _SETTINGS,
    path="/predict",
    kind=f"multipart/form-data; boundary={_BOUNDARY}",
    wrap=_form,
)
BENTOML = Server(
    "BentoML",
    (str(PEERS), "-m", "bentoml", "serve", "bentoml_service:Classifier", "--host", "127.0.0.1", "--port", "{port}"),
    CONTESTANTS,
    _SETTINGS,
    path="/classify",
)
MLSERVER = Server(
    "MLServer",
    (str(PEERS.with_name("mlserver")), "start", "."),
    CONTESTANTS / "mlserver",
    _SETTINGS,
    path="/v2/models/network/infer",
    kind="application/json",
    wrap=_inference,
)
PEER_SERVERS = (LITSERVE, BENTOML, MLSERVER)
