"""The command line: `python -m emulator --port 9023 --bucket photos`."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from emulator.cloud_storage import CloudStorage
from emulator.events import Sink


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    options = _parse(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    buckets = dict.fromkeys([*options.bucket, *(bucket for bucket, _ in options.deliver)])
    try:
        storage = CloudStorage(buckets, host=options.host, port=options.port)
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    with storage:
        for bucket, url in options.deliver:
            storage.deliver(bucket, Sink(url, pause=1.0))
        print(f"Cloud Storage on {storage.url}, buckets: {', '.join(buckets) or 'none'}")
        print(f"export STORAGE_EMULATOR_HOST={storage.url}", flush=True)
        stopped.wait()
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A local Cloud Storage, kept in memory.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9023, help="0 takes a free one (default: 9023)")
    parser.add_argument("--bucket", action="append", default=[], help="make a bucket; repeatable")
    parser.add_argument(
        "--deliver",
        action="append",
        default=[],
        type=_delivery,
        metavar="BUCKET=URL",
        help="post an event to the URL for each object stored in the bucket; repeatable",
    )
    return parser.parse_args(arguments)


def _delivery(value: str) -> tuple[str, str]:
    bucket, _, url = value.partition("=")
    if not bucket or not url.startswith("http://"):
        raise argparse.ArgumentTypeError(f"{value!r} is not BUCKET=http://HOST:PORT")
    return bucket, url


if __name__ == "__main__":
    sys.exit(main())
