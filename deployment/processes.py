"""Other programs: what they print goes where ours does, and does not end them when nobody reads it any more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO

from deployment import streams

HIDDEN = subprocess.DEVNULL
SECONDS_TO_END = 10
SECONDS_TO_HEAR = 5  # what a program has started may keep its streams open when it has ended


def run(
    command: Sequence[str],
    *,
    stdout: int = streams.STDOUT,
    stderr: int = streams.STDERR,
    environ: Mapping[str, str] | None = None,
) -> int:
    """The exit code of a program that prints to these streams, or HIDDEN."""
    return _run(command, stdout, stderr, environ)


def output(command: Sequence[str]) -> tuple[int, str]:
    """The exit code of a program, and what it printed on its standard output."""
    printed = bytearray()
    exit_code = _run(command, printed, streams.STDERR, None)
    return exit_code, os.fsdecode(bytes(printed)).strip()


def _run(command: Sequence[str], stdout: int | bytearray, stderr: int, environ: Mapping[str, str] | None) -> int:
    with _started(command, _given(stdout), _given(stderr), environ) as process:
        relays = [_relay(process.stdout, stdout), _relay(process.stderr, stderr)]
        process.wait()
        for relay in relays:
            relay.join(SECONDS_TO_HEAR)
    return process.returncode


def _given(target: int | bytearray) -> int:
    """A terminal is given to the program itself, which may ask there."""
    if isinstance(target, bytearray):
        return subprocess.PIPE
    return target if target == HIDDEN or os.isatty(target) else subprocess.PIPE


@contextmanager
def _started(
    command: Sequence[str], stdout: int, stderr: int, environ: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, which is ended where we are."""
    # A program whose questions nobody sees gets no answers.
    stdin = subprocess.DEVNULL if stderr == HIDDEN else None
    with subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=environ) as process:  # noqa: S603
        try:
            yield process
        except BaseException:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
            process.kill()
            raise


def _relay(pipe: IO[bytes] | None, target: int | bytearray) -> Thread:
    """Pass on what comes through the pipe, if there is one."""

    def pass_on() -> None:
        with suppress(OSError, ValueError):  # the pipe is closed when nobody waits for it any more
            while pipe and (data := os.read(pipe.fileno(), 65536)):
                _put(data, target)

    thread = Thread(target=pass_on, daemon=True)
    thread.start()
    return thread


def _put(data: bytes, target: int | bytearray) -> None:
    if isinstance(target, bytearray):
        target.extend(data)
    else:
        with suppress(OSError):  # what cannot be written, as on a full disk, must not hold the program up
            streams.write(target, data)
