"""Operations whose every number hangs on one or two numbers of eight bits: what LiteRT answers for each is a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from export.tflite.alone import Alone
from export.tflite.file import Operation, Tensor
from export.tflite.graph import Call, Graph, shift

LEVELS = 256


def of_one(call: Call) -> None:
    """An operation on one value."""
    table, rest = (_table(call, at_once) for at_once in (LEVELS, 1))
    if not np.array_equal(table, rest):
        call.give(_in_two_parts(call, table, rest))
    elif call.output.is_quantised:
        source, before = call.graph.table(call.index(0))
        _give(call, source, table[before])
    else:
        call.give_from(0, lambda value: looked_up(call.graph, table, value))


def of_one_twice(call: Call) -> bool:
    """Translate an operation on two values that are looked up for the same one, as in x · σ(x); False for others."""
    (one, left), (other, right) = (call.graph.table(call.index(place)) for place in (0, 1))
    inputs = call.input(0), call.input(1)
    if one != other or inputs[0].data is not None or inputs[0].shape != inputs[1].shape:
        return False
    questions = [numbers(tensor)[table][np.newaxis] for tensor, table in zip(inputs, (left, right))]
    answer = Alone(call.operation, [_asked(*pair) for pair in zip(inputs, questions)], call.output)(*questions)
    _give(call, one, as_held(answer, call.output).reshape(-1))
    return True


def of_several(operation: Operation, inputs: Sequence[Tensor], output: Tensor) -> list[npt.NDArray[Any]]:
    """The results for the 256 numbers of each input of an operation that puts them behind each other."""
    questions = [numbers(tensor)[np.newaxis] for tensor in inputs]
    answers = Alone(operation, [_asked(*pair) for pair in zip(inputs, questions)], output)(
        *(question for tensor, question in zip(inputs, questions) if tensor.data is None)
    )
    return list(as_held(answers, output).reshape(len(inputs), LEVELS))


def of_two(call: Call, left: str, right: str) -> str:
    """The result of an operation on two values, given as they are broadcast."""
    one, other, graph = call.input(0), call.input(1), call.graph
    grid = (1, LEVELS, 1, LEVELS)
    rows = np.broadcast_to(numbers(one).reshape(LEVELS, 1, 1), grid)
    # What a PRELU multiplies with has no rows.
    columns = np.broadcast_to(numbers(other), (1, 1, LEVELS) if call.name == "PRELU" else grid)
    answer = Alone(call.operation, [_asked(one, rows), _asked(other, columns)], call.output)(
        *(question for tensor, question in ((one, rows), (other, columns)) if tensor.data is None)
    )
    table = graph.constant(as_held(answer.reshape(-1), call.output), np.uint8)
    place = graph.node("Mul", graph.cast(left, np.int32), graph.constant(LEVELS, np.int32))
    return graph.node("Gather", table, graph.node("Add", place, graph.cast(right, np.int32)))


def _table(call: Call, at_once: int) -> npt.NDArray[Any]:
    """The results for the 256 numbers, so many of them asked at once."""
    questions = numbers(call.input()).reshape(-1, 1, at_once)
    ask = Alone(call.operation, [_asked(call.input(), questions[0])], call.output)
    return as_held(np.concatenate([ask(question) for question in questions], axis=1)[0], call.output)


def _in_two_parts(call: Call, table: npt.NDArray[Any], rest: npt.NDArray[Any]) -> str:
    """The results of LiteRT where it treats the last few numbers, too few for its vectors, in another way."""
    graph, input_tensor = call.graph, call.input()
    entry = int(np.flatnonzero(table != rest)[0])
    question = np.full((1, int(np.prod(input_tensor.shape))), numbers(input_tensor)[entry])
    answer = as_held(Alone(call.operation, [_asked(input_tensor, question)], call.output)(question), call.output)
    sizes = [int(np.sum(answer == entries[entry])) for entries in (table, rest)]
    value = graph.reshape(graph.plain(call.index(0)), (-1,))
    parts = graph.nodes_of("Split", 2, value, graph.constant(sizes, np.int64), axis=0)
    found = [looked_up(graph, entries, part) for entries, part in zip((table, rest), parts)]
    return graph.reshape(graph.node("Concat", *found, axis=0), call.output.shape)


def _give(call: Call, source: int, table: npt.NDArray[np.uint8]) -> None:
    """Say that the output is what a table says for a tensor."""
    graph, output = call.graph, call.operation.outputs[0]
    graph.looks_up(output, source, table)
    graph.give_from(output, source, lambda value: looked_up(graph, table, value))


def _asked(tensor: Tensor, question: npt.NDArray[Any]) -> Tensor:
    """A tensor with the shape of a question, and its numbers where it is a constant."""
    return replace(tensor, shape=question.shape, data=None if tensor.data is None else question)


def looked_up(graph: Graph, table: npt.NDArray[Any], value: str) -> str:
    """The entry of a table of 256 for a value."""
    if table.dtype == np.uint8 and np.array_equal(table, np.arange(LEVELS)):
        return value
    return graph.node("Gather", graph.constant(table, table.dtype), graph.cast(value, np.int32))


def numbers(tensor: Tensor) -> npt.NDArray[Any]:
    """All 256 numbers, in the order in which they are held."""
    return (np.arange(LEVELS) - shift(tensor)).astype(tensor.dtype)


def as_held(answer: npt.NDArray[Any], output: Tensor) -> npt.NDArray[Any]:
    """Numbers of a tensor as they are held."""
    return (answer.astype(np.int16) + 128).astype(np.uint8) if output.dtype == np.int8 else answer
