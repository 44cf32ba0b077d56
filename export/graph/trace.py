"""The way of a picture through a graph: from where it appears, through the network, to the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from export.errors import NotAClassifier
from export.graph.dataflow import Node, Tensor, branches, resolve

DECODERS = frozenset(("DecodeImage", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeGif", "DecodeAndCropJpeg"))
MOST_JOINED = 1000
"""Decoders and conditions before them; `decode_image` makes a dozen."""
LAYERS = frozenset(("Conv2D", "DepthwiseConv2dNative", "Conv3D", "MatMul", "BatchMatMulV2", "Einsum", "XlaConvV2"))
"""Operations with weights: the first of them that the picture reaches is where the network begins."""


@dataclass(frozen=True)
class Trace:
    """The nodes that `scores` needs, from the picture on.

    nodes: inputs before their readers; image: where the picture appears, a placeholder, a decoder, or the node in which
    several decoders under conditions join; decoder: of several the one for JPEG, None where pixels come from outside;
    network_input: what the first layer with weights sees.
    """

    scores: Tensor
    nodes: tuple[Node, ...]
    follows_picture: frozenset[Node]
    image: Node
    decoder: Node | None
    network_input: Tensor


def trace(scores: Tensor, picture: Node | None = None) -> Trace:
    """Follow the picture from the placeholder `picture`, or else from the graph's own decoder, to `scores`.

    Raises NotAClassifier when there is no picture or more than one, or when it meets no layer with weights.
    """

    def is_image(node: Node) -> bool:
        return node is picture if picture else bool(joined_decoders(node))

    nodes = in_order(scores, is_image)
    images = [node for node in nodes if is_image(node)]
    if not images:
        what = "picture never reaches the scores" if picture else "model takes strings, and decodes no image from them"
        raise NotAClassifier(
            f"The {what}: it does not classify pictures. Give another model, or choose another signature or output "
            "with --signature or --output."
        )
    if len(images) > 1:
        raise NotAClassifier(
            f"The model decodes {len(images)} pictures for one answer. Export the part of it that classifies a single "
            "picture, or choose another signature with --signature."
        )
    follows = _following(nodes, images[0])
    decoders = sorted(joined_decoders(images[0]), key=lambda node: node.op not in ("DecodeJpeg", "DecodeImage"))
    decoder = decoders[0] if decoders else None
    return Trace(scores, nodes, follows, images[0], decoder, _network_input(nodes, follows))


def in_order(tensor: Tensor, is_leaf: Callable[[Node], bool]) -> tuple[Node, ...]:
    """The nodes that a tensor needs, inputs before their readers; without recursion, networks are deep."""
    found: dict[Node, None] = {}
    waiting = [(resolve(tensor).node, False)]
    while waiting:
        node, inputs_found = waiting.pop()
        if node in found:
            continue
        inputs = () if is_leaf(node) else inputs_of(node)
        if inputs_found or not inputs:
            found[node] = None
        else:
            waiting.append((node, True))
            waiting.extend((value.node, False) for value in inputs)
    return tuple(found)


def inputs_of(node: Node) -> tuple[Tensor, ...]:
    """The inputs of a node, seen through calls and loops."""
    return tuple(resolve(value) for value in node.inputs)


def joined_decoders(node: Node) -> list[Node]:
    """The decoders of which the node is one or, under conditions, the other; none when it can be something else.

    Before version 2.3 TensorFlow chose the decoder for `decode_image` by conditions in the graph.
    """
    seen: dict[Node, None] = {}
    waiting = [node]
    while waiting and len(seen) <= MOST_JOINED:
        node = waiting.pop()
        if node in seen:
            continue
        seen[node] = None
        if node.op not in DECODERS:
            joined = [resolve(branch).node for branch in branches(Tensor(node))]
            if not joined:
                return []
            waiting.extend(reversed(joined))
    return [] if waiting else [each for each in seen if each.op in DECODERS]


def _following(nodes: Iterable[Node], image: Node) -> frozenset[Node]:
    follows = {image}
    for node in nodes:
        if node not in follows and any(value.node in follows for value in inputs_of(node)):
            follows.add(node)
    return frozenset(follows)


def _network_input(nodes: Iterable[Node], follows: frozenset[Node]) -> Tensor:
    for node in nodes:
        if node.op in LAYERS and node in follows:
            return next(value for value in inputs_of(node) if value.node in follows)
    raise NotAClassifier(
        "There is no layer with weights between the picture and the scores, so no network to export. Give another "
        "model, or choose another output with --output."
    )
