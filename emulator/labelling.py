"""The whole loop on one machine: `python -m emulator.labelling model.onnx`, or `make emulate`.

A local Cloud Storage with two buckets, the upload function, and an event for each object that is stored.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from emulator import CloudStorage, Sink
from emulator.processes import running_function

HOW_TO = """
Uploads to gs://photos are labelled; stop with Ctrl-C. In another terminal, with curl:

  curl -H 'Content-Type: image/png' --data-binary @examples/digits/samples/3.png \\
    '{url}/upload/storage/v1/b/photos/o?uploadType=media&name=in/3.png'
  curl '{url}/storage/v1/b/results/o/labels%2Fphotos%2Fin%2F3.png.json?alt=media'

or with the real client:

  export STORAGE_EMULATOR_HOST={url}
  .venv/bin/python -c "from google.cloud import storage; storage.Client().bucket('photos')\\
.blob('in/7.png').upload_from_filename('examples/digits/samples/7.png')"
  .venv/bin/python -c "from google.cloud import storage; print(storage.Client().bucket('results')\\
.blob('labels/photos/in/7.png.json').download_as_text())"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m emulator.labelling", description="Labels uploads on this machine.")
    parser.add_argument("model", help="a model.onnx")
    parser.add_argument("--port", type=int, default=9023, help="of the storage; 0 takes a free one (default: 9023)")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with CloudStorage(["photos", "results"], port=options.port) as storage:
        settings = {
            "MODEL": options.model,
            "RESULTS": "gs://results/labels",
            "BUCKET": "photos",
            "STORAGE_EMULATOR_HOST": storage.url,
        }
        with running_function("classify_upload", settings) as url:
            storage.deliver("photos", Sink(url, tries=20, pause=1.0))
            print(HOW_TO.format(url=storage.url), flush=True)
            stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
