"""Models that do more than compute: refused by name before anything of them runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from tensorflow.core.framework import op_def_pb2
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel as SavedModelProto
from tensorflow.python.client import pywrap_tf_session

from export.__main__ import main
from export.errors import NotTrusted, TooLarge
from export.graph import effects, step_budget
from export.graph.dataflow import Scope, resolve
from export.graph.saved_model import SavedModel
from export.graph.trace import in_order, joined_decoders
from tests.export import models, signatures, tensorflow1
from tests.export.signatures import FILES, decoded

NETWORK = models.network(activation=None)
Effect = Callable[[tf.Tensor, str], tf.Tensor]
"""Does harm to the file of this name, and gives the tensor back."""


def writes(data: tf.Tensor, target: str) -> tf.Tensor:
    with tf.control_dependencies([tf.io.write_file(target, "written")]):
        return tf.identity(data)


def prints(data: tf.Tensor, target: str) -> tf.Tensor:
    with tf.control_dependencies([tf.print("printed", output_stream=f"file://{target}")]):
        return tf.identity(data)


def saves(data: tf.Tensor, target: str) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.SaveV2(prefix=target, tensor_names=["x"], shape_and_slices=[""],
                                                    tensors=[tf.constant(1)])]):  # fmt: skip
        return tf.identity(data)


def restores(data: tf.Tensor, target: str) -> tf.Tensor:
    read = tf.raw_ops.RestoreV2(prefix=target, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.string])
    return tf.strings.join([data, tf.strings.substr(read[0], 0, 0)])


def reads(data: tf.Tensor, target: str) -> tf.Tensor:
    return tf.strings.join([data, tf.strings.substr(tf.io.read_file(target), 0, 0)])


def finds(data: tf.Tensor, target: str) -> tf.Tensor:
    with tf.control_dependencies([tf.io.matching_files(f"{target}*")]):
        return tf.identity(data)


def calls_python(data: tf.Tensor, target: str) -> tf.Tensor:
    def harm(value: Any) -> Any:
        Path(target).write_text("by Python")
        return value

    return tf.ensure_shape(tf.numpy_function(harm, [data], tf.string), [])


def calls_python_eagerly(data: tf.Tensor, target: str) -> tf.Tensor:
    return tf.ensure_shape(tf.py_function(lambda value: writes(value, target), [data], tf.string), [])


def reads_lines(data: tf.Tensor, target: str) -> tf.Tensor:
    lines = tf.data.TextLineDataset(target).reduce(tf.constant(""), lambda _, line: line)
    return tf.strings.join([data, tf.strings.substr(lines, 0, 0)])


def debugs(data: tf.Tensor, target: str) -> tf.Tensor:
    return tf.raw_ops.DebugIdentity(input=data, tensor_name="x:0", debug_urls=[f"file://{target}"])


def summarises(data: tf.Tensor, target: str) -> tf.Tensor:
    writer = tf.raw_ops.SummaryWriter(shared_name="", container="")
    with tf.control_dependencies([tf.raw_ops.CreateSummaryFileWriter(
        writer=writer, logdir=target, max_queue=1, flush_millis=1, filename_suffix="")]):  # fmt: skip
        return tf.identity(data)


def maps_memory(data: tf.Tensor, target: str) -> tf.Tensor:
    read = tf.raw_ops.ImmutableConst(dtype=tf.int32, shape=[1], memory_region_name=target)
    return tf.strings.join([data, tf.strings.substr("", 0, read[0])])


def queues(data: tf.Tensor, target: str) -> tf.Tensor:
    queue = tf.raw_ops.FIFOQueueV2(component_types=[tf.string], shapes=[[]], shared_name=target)
    with tf.control_dependencies([tf.raw_ops.QueueEnqueueV2(handle=queue, components=[data])]):
        (taken,) = tf.raw_ops.QueueDequeueV2(handle=queue, component_types=[tf.string])
        return tf.ensure_shape(taken, [])


EFFECTS: dict[str, Effect] = {
    "WriteFile": writes,
    "PrintV2": prints,
    "SaveV2": saves,
    "RestoreV2": restores,
    "ReadFile": reads,
    "MatchingFiles": finds,
    "PyFunc": calls_python,
    "EagerPyFunc": calls_python_eagerly,
    "TextLineDataset": reads_lines,
    "DebugIdentity": debugs,
    "CreateSummaryFileWriter": summarises,
    "ImmutableConst": maps_memory,
    "FIFOQueueV2": queues,
}


def inspected(folder: Path, *options: str) -> str:
    """What is said of a model that `--inspect` refuses."""
    done = CliRunner().invoke(main, [str(folder), "--inspect", *options])
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def in_preprocessing(folder: Path, effect: Effect, target: Path) -> Path:
    """A model whose preprocessing, in a `map_fn`, has an effect."""
    return models.save_bytes(NETWORK, folder, lambda data: models.decode_and_resize(effect(data, str(target))))


@pytest.mark.parametrize("op", EFFECTS)
def test_effects(op: str, tmp_path: Path) -> None:
    """An operation that reaches outside is named, in a loop's body too, and never ran."""
    folder = in_preprocessing(tmp_path / "model", EFFECTS[op], tmp_path / "target")
    (tmp_path / "target").unlink(missing_ok=True)  # what tracing made
    said = inspected(folder)
    assert f"its signature 'serving_default' runs {op}, which " in said or f"; {op}, which " in said
    assert list(tmp_path.iterdir()) == [folder]


def harm(target: str) -> tf.Operation:
    return tf.io.write_file(target, "written")


def by_condition(target: str) -> tf.Tensor:
    return tf.cond(tf.random.uniform([]) > 2, lambda: writes(tf.constant(1.0), target), lambda: tf.constant(0.0))


def by_case(target: str) -> tf.Tensor:
    branches = [lambda: tf.constant(0.0), lambda: writes(tf.constant(0.0), target)]
    return tf.switch_case(tf.cast(tf.random.uniform([]), tf.int32), branches)


def by_loop_condition(target: str) -> tf.Tensor:
    return tf.while_loop(lambda i: writes(i, target) < 1.0, lambda i: i + 1, [tf.constant(0.0)])[0]


def by_nested_functions(target: str) -> tf.Tensor:
    @tf.function
    def inner(value: tf.Tensor) -> tf.Tensor:
        return writes(value, target)

    @tf.function
    def outer(value: tf.Tensor) -> tf.Tensor:
        return inner(value) + 1

    return outer(tf.constant(0.0))


def by_waiting(target: str) -> tf.Tensor:
    """No output needs it, and no branch: only a control dependency leads there."""
    with tf.control_dependencies([harm(target)]):
        return tf.constant(0.0)


def by_batching(target: str) -> tf.Tensor:
    batched = tf.nondifferentiable_batch_function(1, 1, 1)(lambda value: writes(value, target))
    return batched(tf.constant([0.0]))[0]


@pytest.mark.parametrize(
    "hide", [by_condition, by_case, by_loop_condition, by_nested_functions, by_waiting, by_batching]
)
def test_hidden(hide: Callable[[str], tf.Tensor], tmp_path: Path) -> None:
    """Wherever a function or a dependency hides it, WriteFile is found."""
    target = str(tmp_path / "target")
    folder = signatures.save_default(
        tmp_path / "model", lambda logits: {"scores": tf.nn.softmax(logits) + 0 * hide(target)}
    )
    assert "runs WriteFile, which reads or writes files (" in inspected(folder)
    assert not (tmp_path / "target").exists()


def save_tensorflow1(folder: Path, target: Path, *, initialises: bool, collection: str = "") -> Path:
    """A model of TensorFlow 1 that writes when it is initialised, or when it answers."""
    with tensorflow1.session() as opened:
        files = tf.compat.v1.placeholder(tf.string, [None], "files")
        wait = [] if initialises else [harm(str(target))]
        with tf.control_dependencies(wait):
            pixels = tf.map_fn(tensorflow1.pixels, tf.identity(files), tf.float32)
        weights = tf.compat.v1.get_variable("weights", [tensorflow1.SIZE**2 * 3, 5])
        scores = tf.nn.softmax(tf.reshape(pixels, [-1, tensorflow1.SIZE**2 * 3]) @ weights)
        main_op = harm(str(target)) if initialises else tf.no_op()
        opened.run(weights.initializer)
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        definition = tf.compat.v1.saved_model.predict_signature_def({"files": files}, {"scores": scores})
        said = {"legacy_init_op" if collection else "main_op": main_op}
        builder.add_meta_graph_and_variables(opened, ["serve"], {"serving_default": definition}, **said)
        builder.save()
    return folder


@pytest.mark.parametrize("collection", ["", "legacy_init_op"])
def test_initialisers(collection: str, tmp_path: Path) -> None:
    """What would run when the model is only opened is refused, as main_op and as legacy_init_op."""
    folder = save_tensorflow1(tmp_path / "model", tmp_path / "target", initialises=True, collection=collection)
    assert "what initialises it when it is opened runs WriteFile" in inspected(folder)
    assert not (tmp_path / "target").exists()


def test_tensorflow1_signature(tmp_path: Path) -> None:
    """A graph of TensorFlow 1 that writes on the way to its scores is refused."""
    folder = save_tensorflow1(tmp_path / "model", tmp_path / "target", initialises=False)
    assert "its signature 'serving_default' runs WriteFile" in inspected(folder)
    assert not (tmp_path / "target").exists()


def edited(folder: Path, change: Callable[[Any], None]) -> Path:
    """A SavedModel with its MetaGraphDef changed."""
    path = folder / "saved_model.pb"
    saved = SavedModelProto.FromString(path.read_bytes())
    change(saved.meta_graphs[0])
    path.write_bytes(saved.SerializeToString())
    return folder


def plain(folder: Path) -> Path:
    """A model that is sound."""
    return signatures.save_default(folder, lambda logits: {"scores": tf.nn.softmax(logits)})


def add_writer(graph: Any, target: Path) -> str:
    """Put a WriteFile that nothing reaches into the main graph."""
    with tf.Graph().as_default() as writer:
        tf.raw_ops.WriteFile(filename=str(target), contents="written", name="harm")
    graph.graph_def.node.extend(writer.as_graph_def().node)
    return "harm"


def test_restoring(tmp_path: Path) -> None:
    """What is run to restore the variables may do nothing else."""

    def change(graph: Any) -> None:
        graph.saver_def.restore_op_name = add_writer(graph, tmp_path / "target")

    with pytest.raises(NotTrusted, match="what restores its weights when it is opened runs WriteFile"):
        SavedModel(edited(plain(tmp_path / "model"), change))
    assert not (tmp_path / "target").exists()


def test_other_weights(tmp_path: Path) -> None:
    """Weights are restored from the model's own folder, not from another file."""

    def change(graph: Any) -> None:
        functions = {function.signature.name: function for function in graph.graph_def.library.function}
        (restore,) = (node for node in graph.graph_def.node if node.name == graph.saver_def.restore_op_name)
        body = functions[restore.attr["f"].func.name]
        (names,) = (node.name for node in body.node_def if node.op == "Const" and "tensor_names" in node.name)
        (reader,) = (node for node in body.node_def if node.op == "RestoreV2")
        reader.input[0] = f"{names}:output:0"

    with pytest.raises(NotTrusted, match="runs RestoreV2, which reads or writes files"):
        SavedModel(edited(plain(tmp_path / "model"), change))


def test_what_nothing_reaches(tmp_path: Path) -> None:
    """What neither the signature nor the initialisers reach is cut away, and stops nobody."""
    folder = edited(plain(tmp_path / "model"), lambda graph: add_writer(graph, tmp_path / "target"))
    with SavedModel(folder) as model:
        names = {operation.type for operation in model.graph.get_operations()}
        (function,) = {op for op in names if op == "WriteFile"} or {""}
        assert function == ""
        assert "Conv2D" in {node.op for each in model.graph.as_graph_def().library.function for node in each.node_def}
        assert not any("traced_save" in each.signature.name for each in model.graph.as_graph_def().library.function)


def test_custom_operation(tmp_path: Path) -> None:
    """An operation that this TensorFlow does not know is named."""

    def change(graph: Any) -> None:
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                if node.op == "Softmax":
                    node.op = "MySoftmax"

    said = inspected(edited(plain(tmp_path / "model"), change))
    assert f"runs MySoftmax, which TensorFlow {tf.__version__} does not know (a custom operation)" in said


def with_vocabulary(tmp_path: Path) -> Path:
    """A model whose labels come from a table with a vocabulary file in its assets."""
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("\n".join(models.LABELS))
    index, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
    initializer = tf.lookup.TextFileInitializer(str(vocabulary), tf.int64, index, tf.string, line)
    table = tf.lookup.StaticHashTable(initializer, "?")

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        names = table.lookup(tf.range(len(models.LABELS), dtype=tf.int64))
        return {"scores": tf.nn.softmax(logits), "labels": tf.tile(names[tf.newaxis], [tf.shape(logits)[0], 1])}

    return signatures.save_default(tmp_path / "model", answer, table=table)


def test_vocabulary(tmp_path: Path) -> None:
    """A table that reads its vocabulary in the model's assets passes."""
    done = CliRunner().invoke(main, [str(with_vocabulary(tmp_path)), "--inspect"])
    assert done.exit_code == 0, done.stderr
    assert "cat, dog, bird, fish, frog" in done.stdout


@pytest.mark.parametrize("name", ["../../vocabulary.txt", "/etc/passwd", "a/../../b", "..\\b", "C:\\b"])
def test_assets_outside(name: str, tmp_path: Path) -> None:
    """An asset outside of the model's assets is refused."""

    def change(graph: Any) -> None:
        graph.asset_file_def[0].filename = name

    with pytest.raises(NotTrusted, match="which is not in its folder assets"):
        SavedModel(edited(with_vocabulary(tmp_path), change))


def test_vocabulary_elsewhere(tmp_path: Path) -> None:
    """A table whose vocabulary's path is a constant in the graph reads a file that is not the model's."""

    def change(graph: Any) -> None:
        (assign,) = (node for node in graph.graph_def.node if node.name == "Variable/Assign")
        path = graph.graph_def.node.add(name="elsewhere", op="Const")
        path.attr["dtype"].type = tf.string.as_datatype_enum
        path.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(str(tmp_path / "vocabulary.txt")))
        assign.input[1] = "elsewhere"

    with pytest.raises(NotTrusted, match="runs InitializeTableFromTextFileV2, which reads or writes files"):
        SavedModel(edited(with_vocabulary(tmp_path), change))


def test_another_signature(tmp_path: Path) -> None:
    """A signature beside the exported one may write, as those for training do; it is refused when it is chosen."""

    def serve(files: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.nn.softmax(NETWORK(decoded(files)))}

    def save(files: tf.Tensor) -> dict[str, tf.Tensor]:
        return serve(writes(files, str(tmp_path / "target")))

    both = {"serving_default": (serve, [FILES]), "save": (save, [FILES])}
    folder = signatures.save(tmp_path / "model", both, network=NETWORK)
    done = CliRunner().invoke(main, [str(folder), "--inspect"])
    assert done.exit_code == 0, done.stderr
    assert "its signature 'save' runs WriteFile" in inspected(folder, "--signature", "save")
    assert not (tmp_path / "target").exists()


def calls(graph: Any, pairs: list[tuple[str, list[str]]]) -> None:
    """Put functions into a graph that call each other, and a call of the first before the signature's output."""
    for name, callees in pairs:
        function = graph.graph_def.library.function.add()
        function.signature.name = name
        for number, callee in enumerate(callees):
            node = function.node_def.add(name=f"call_{number}", op="StatefulPartitionedCall")
            node.attr["f"].func.name = callee
    node = graph.graph_def.node.add(name="first", op="StatefulPartitionedCall")
    node.attr["f"].func.name = pairs[0][0]
    (served,) = (node for node in graph.graph_def.node if node.name == "StatefulPartitionedCall")
    served.input.append("^first")


HOSTILE: dict[str, tuple[list[tuple[str, list[str]]], str]] = {
    "itself": ([("f", ["f"])], "its function f calls itself"),
    "in a ring": ([("f", ["g"]), ("g", ["h"]), ("h", ["f"])], "its function f calls itself"),
    "deep": (
        [*((f"f{i}", [f"f{i + 1}"]) for i in range(5000)), ("f5000", [])],
        "its functions call each other more than 100 deep",
    ),
    "doubling": (
        [*((f"f{i}", [f"f{i + 1}"] * 2) for i in range(60)), ("f60", [])],
        "it has more than 1,000,000 operations once its calls are written out",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_calls_without_end(kind: str, tmp_path: Path) -> None:
    """Calls that TensorFlow would follow without end, or until all memory is used, are refused before."""
    pairs, words = HOSTILE[kind]
    with pytest.raises(TooLarge, match=words):
        SavedModel(edited(plain(tmp_path / "model"), lambda graph: calls(graph, pairs)))


def test_many_operations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The search itself is bounded."""
    monkeypatch.setattr(step_budget.StepBudget.__init__, "__defaults__", (100, 100))
    with pytest.raises(TooLarge, match="it reaches more than"):
        SavedModel(plain(tmp_path / "model"))


def test_large_constants(tmp_path: Path) -> None:
    """A constant that is small in the file and large in memory is refused."""

    def change(graph: Any) -> None:
        node = graph.graph_def.node.add(name="first", op="Const")
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.float32(1)))
        node.attr["value"].tensor.tensor_shape.CopyFrom(tf.TensorShape([2**20, 2**20]).as_proto())
        (served,) = (node for node in graph.graph_def.node if node.name == "StatefulPartitionedCall")
        served.input.append("^first")

    with pytest.raises(TooLarge, match=r"its constants take more than 2\.1 GB"):
        SavedModel(edited(plain(tmp_path / "model"), change))


def test_conditions_without_end() -> None:
    """Conditions whose branches join again and again are looked through once each, not once for each way to them."""
    depth = 900
    with tf.Graph().as_default() as graph:
        picture = tf.raw_ops.DecodeJpeg(contents=tf.compat.v1.placeholder(tf.string, []), channels=3)
        for _ in range(depth):
            picture = tf.raw_ops.Merge(inputs=[picture, picture]).output
        last = Scope.of_graph(graph).tensor(picture.name)
    assert [node.op for node in joined_decoders(resolve(last).node)] == ["DecodeJpeg"]


def test_long_chains() -> None:
    """A chain of thousands of operations that change nothing is walked once for all that read it."""
    with tf.Graph().as_default() as graph:
        value = start = tf.compat.v1.placeholder(tf.float32, [])
        for _ in range(5000):
            value = tf.identity(value)
        many = tf.raw_ops.AddN(inputs=[tf.identity(value) for _ in range(5000)])
        scope = Scope.of_graph(graph)
        steps = scope.tensor(many.name).node
    assert {resolve(each).node.name for each in steps.inputs} == {start.op.name}
    assert len(in_order(scope.tensor(many.name), lambda _: False)) == 2


def registry() -> list[Any]:
    """Every operation type that this TensorFlow knows."""
    buffer = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    return list(op_def_pb2.OpList.FromString(buffer).op)


def judged(op: Any) -> str:
    return effects.beyond_computing(tf.compat.v1.NodeDef(op=op.name))


def test_operations_that_name_files() -> None:
    """Of all of TensorFlow's operations none that takes a file's name, an address or a Python function passes."""
    names = {"filename", "filenames", "file_pattern", "vocab_file", "debug_urls", "token", "memory_region_name",
             "address", "server_address", "logdir", "ckpt_path", "new_vocab_file", "log_dir_path"}  # fmt: skip
    reaching = [op for op in registry() if names & {value.name for value in (*op.attr, *op.input_arg)}]
    assert len(reaching) > 30
    assert [op.name for op in reaching if not judged(op)] == []


def test_stateful_operations() -> None:
    """Stateful operations pass only by name: of variables, tables, lists, functions, checks and random numbers."""
    passing = [op.name for op in registry() if op.is_stateful and not judged(op)]
    kinds = ("Variable", "VarHandle", "VarIs", "Resource", "Table", "TensorArray", "Stack", "Random", "Stateful",
             "Stateless", "Rng", "CudnnRNN", "CheckNumerics", "Print", "DisableCopy", "GuaranteeConst", "DeviceIndex",
             "TruncatedNormal", "NonDeterministicInts", "Multinomial", "SampleDistorted")  # fmt: skip
    others = [name for name in passing if not any(kind in name for kind in kinds)]
    assert sorted(others) == ["Assert", "Case", "DeepCopy", "Empty", "If", "Timestamp", "While"]
