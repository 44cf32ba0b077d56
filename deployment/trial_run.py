"""Tries the files that `deploy.sh` has collected: `python trial_run.py FOLDER TARGET...`.

It runs with the settings that the functions will have, and needs nothing but their requirements.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import functions_framework
from flask.testing import FlaskClient
from PIL import Image


def main(folder: str, *targets: str) -> None:
    """Start each function; ends the process with a sentence where one does not do what it should."""
    os.chdir(folder)
    sys.path[0] = folder
    checks = {"classify": check_classify, "classify_upload": check_classify_upload}
    for target in targets:
        checks[target](functions_framework.create_app(target, "main.py").test_client())
    if described := os.environ.get("DESCRIBED"):
        describe(Path(described))


def describe(path: Path) -> None:
    """Write down name and version of a model that is here."""
    from predictor.classifier import Classifier  # the collected one, which the first line of `main` has made importable

    if not os.environ["MODEL"].startswith("gs://"):
        info = Classifier.load(os.environ["MODEL"]).info
        path.write_text(json.dumps({"name": info.name, "version": info.version}), encoding="utf-8")


def check_classify(client: FlaskClient) -> None:
    """A picture gets labels."""
    if os.environ["MODEL"].startswith("gs://"):
        print("Not tried: the model is not here, so no picture was classified.", file=sys.stderr)
        return
    picture = io.BytesIO()
    Image.effect_noise((8, 8), 64).convert("RGB").save(picture, "PNG")
    answer = client.post("/", data=picture.getvalue(), content_type="image/png")
    if answer.status_code != 200 or not (answer.get_json(silent=True) or {}).get("predictions"):
        sys.exit(f"classify answered {answer.status_code}: {answer.get_data(as_text=True).strip()}")


def check_classify_upload(client: FlaskClient) -> None:
    """The function has started, with its settings; the event of an object that was deleted is done."""
    event = {"ce-id": "1", "ce-specversion": "1.0", "ce-source": "deploy.sh"}
    event["ce-type"] = "google.cloud.storage.object.v1.deleted"
    answer = client.post("/", json={}, headers=event)
    if answer.status_code != 200:
        sys.exit(f"classify_upload answered {answer.status_code}: {answer.get_data(as_text=True).strip()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
