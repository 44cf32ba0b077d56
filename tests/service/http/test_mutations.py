"""Requests whose JSON is mutated as `make fuzz` does it, a few of each, without the fuzzer."""

from __future__ import annotations

import random

import pytest
from flask.testing import FlaskClient

from tests.fuzzing import requests

ROUNDS = 12


def shuffled(data: bytes, most: int) -> bytes:
    """What happens to a body that is no JSON."""
    return data[::-1][:most]


@pytest.mark.parametrize("place", range(len(requests.REQUESTS)))
def test_mutated(client: FlaskClient, place: int) -> None:
    """Whatever becomes of numbers, structure and texts, the answer is no fault of ours, in bounded time."""
    for seed in range(ROUNDS):
        _, _, body = requests.REQUESTS[place]
        for step in range(3):
            body = requests.mutate(body, 1 << 17, 1000 * seed + step, shuffled)
            requests.ask(client, place, body)


def test_mutations_differ() -> None:
    """Mutations reach long numbers, deep lists and broken texts; the same seed makes the same one."""
    _, _, body = requests.REQUESTS[0]
    made = [requests.mutate(body, 1 << 17, seed, shuffled) for seed in range(500)]
    assert made == [requests.mutate(body, 1 << 17, seed, shuffled) for seed in range(500)]
    assert len(set(made)) > 200
    for sign in (b"9" * 4300, b"1e999", b"NaN", b'[{"a": [', rb"\ud800", "😀".encode()):
        assert any(sign in one for one in made), sign


def test_mutations_are_bounded() -> None:
    """No mutation is longer than the fuzzer allows."""
    for seed in range(300):
        _, _, body = requests.REQUESTS[random.Random(seed).randrange(len(requests.REQUESTS))]
        assert len(requests.mutate(body, 400, seed, shuffled)) <= 400


def test_numbers() -> None:
    """A changed number is written as it is, not as a text."""
    body = b'{"a": 1}'
    found = {requests.mutate(body, 1 << 17, seed, shuffled) for seed in range(300)}
    assert {b'{"a": -1}', b'{"a": NaN}', b'{"a": ' + b"9" * 9000 + b"}"} <= found
    assert not any(b"raw " in one for one in found)
