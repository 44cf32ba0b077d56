"""The effects that an operation of a stranger's graph may have when it runs, besides computing.

TensorFlow says of each operation type whether it is stateful. Of those, the ones named here pass: they keep variables,
tables and the like in this process's memory, draw random numbers, or call the graph's own functions. Of all others, the
ones pass that compute their outputs from their inputs; the few that reach outside all the same are named here too.
"""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

NodeDef = Any  # a protocol buffer without type stubs

_OF_MEMORY = re.compile(
    # Variables
    r"Variable|VariableV2|TemporaryVariable|VarHandleOp|ReadVariableOp|VarIsInitializedOp|VariableShape"
    r"|Assign(Add|Sub)?VariableOp|DestroyResourceOp|DisableCopyOnRead|GuaranteeConst|IsResourceHandleRefCounting"
    r"|Resource(Gather|GatherNd|StridedSliceAssign|CountUpTo|Scatter\w+|(Sparse)?Apply\w+)"
    # Tables
    r"|(Mutable|MutableDense|Anonymous|AnonymousMutable|AnonymousMutableDense)?HashTable(OfTensors)?(V2)?"
    r"|LookupTable\w+|InitializeTable(FromTextFile)?(V2)?"
    # Lists and loops
    r"|TensorArray\w*|Stack(V2|PushV2|PopV2|CloseV2)?|Empty|DeepCopy"
    # The graph's functions
    r"|StatefulPartitionedCall|If|While|Case|DeviceIndex"
    # Checks and lines in the log
    r"|Assert|CheckNumerics(V2)?|Print|PrintV2|Timestamp"
    # Random numbers
    r"|Random(StandardNormal|Uniform|UniformInt|Shuffle|Gamma|Poisson|PoissonV2|Crop)|TruncatedNormal|Multinomial"
    r"|ParameterizedTruncatedNormal|Stateful\w+|NonDeterministicInts|Rng(Skip|ReadAndSkip)|StatelessRandomGetAlg"
    r"|SampleDistortedBoundingBox(V2)?"
    # Recurrent layers
    r"|CudnnRNN\w*"
)
"""Stateful operations that touch nothing but this process's memory."""

_BY_KIND = (
    (re.compile(r"\w*PyFunc\w*|GeneratorDataset"), "calls Python"),
    (
        re.compile(
            r"(Write|Save|Restore|Merge.*Checkpoint|DTensorRestore|ReadFile|MatchingFiles|ImmutableConst|RecordInput"
            r"|DumpTensor|CalibrationStatisticsSaver|GenerateVocabRemapping|LoadAndRemapMatrix|Skipgram|ListSnapshot"
            r"|FixedUnigramCandidateSampler|DistributedSave|InitializeTableFromTextFile|\w+Reader|\w*SummaryWriter"
            r"|\w*Summary\w*Writer|CreateSummary|Reader|FileSystem)\w*"
        ),
        "reads or writes files",
    ),
    (re.compile(r"PrintV2"), "prints to a file"),
    (re.compile(r"(Decode|Encode)Proto\w*"), "reads a file with the form of its messages"),
    (re.compile(r"Debug\w+|Copy(Host)?"), "sends what it sees to files or addresses"),
    (re.compile(r"Rpc\w*|\w*(Send|Recv)\w*|Collective\w*|\w*Nccl\w*|Remote\w+|DataService\w+"), "opens the network"),
    (re.compile(r"\w*(Dataset|Iterator)\w*"), "reads a data set"),
    (re.compile(r"\w*Queue\w*|Barrier\w*|\w*Stage\w*|\w*Unstage\w*|Mutex\w*|Sleep\w*"), "waits for something else"),
    (re.compile(r"_?Xla(CallModule|CustomCall|Launch|Run|HostCompute)\w*|MlirPassthroughOp"), "runs a foreign program"),
    (re.compile(r"Abort"), "ends the process"),
)
"""The effects of operations that compute only at first sight, stateful or not; the first that matches is said."""

_FOREIGN = re.compile(
    r"\w*PyFunc\w*|ReadFile|MatchingFiles|ImmutableConst|GenerateVocabRemapping|InitializeTableFromTextFile"
    r"|Reader\w+|Debug(Identity|NanCount|NumericSummary)|Copy(Host)?|\w*Dataset\w*|Remote\w+|Queue\w+|Barrier\w+"
    r"|Xla(CustomCall|Launch)\w*|MlirPassthroughOp|Abort|InfeedEnqueue\w*|DTensor\w+|TPUPartitionedCall"
)
"""Operations that reach outside although TensorFlow does not call them stateful."""

_NOTHING = tf.compat.v1.AttrValue()
_STREAMS = (b"", b"stderr", b"stdout", b"log(info)", b"log(warning)", b"log(error)")

FILE_READERS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1, "ReadFile": 0}
"""Operations that may read a file of the model's own `assets`, and which of their inputs names it."""

RESTORERS = {"RestoreV2": 0, "Restore": 0, "RestoreSlice": 0}
"""Operations that may read the model's own variables, and which of their inputs names the file."""


def beyond_computing(node: NodeDef) -> str:
    """The effect of a node besides computing, as the end of a sentence; empty where it only computes.

    FILE_READERS and RESTORERS are said to read files: whether they may depends on which file.
    """
    op = str(node.op)
    definition = op_def_registry.get(op)
    if definition is None:
        return f"TensorFlow {tf.__version__} does not know (a custom operation)"
    if _attributes_reach_out(node):
        return _in_words(op)
    if op in FILE_READERS or op in RESTORERS or _FOREIGN.fullmatch(op):
        return _in_words(op)
    return _in_words(op) if definition.is_stateful and not _OF_MEMORY.fullmatch(op) else ""


def attribute(node: NodeDef, name: str) -> Any:
    """An attribute's value; an empty one where it is absent, which to ask the node for would add to it."""
    return node.attr.get(name, _NOTHING)


def _attributes_reach_out(node: NodeDef) -> bool:
    """Whether an operation that may pass is told to print to a file, or to read one with a protocol's definition."""
    if node.op == "PrintV2":
        return attribute(node, "output_stream").s not in _STREAMS
    if node.op in ("DecodeProtoV2", "EncodeProto"):
        source = attribute(node, "descriptor_source").s
        return source not in (b"", b"local://") and not source.startswith(b"bytes://")
    return False


def _in_words(op: str) -> str:
    return next((words for pattern, words in _BY_KIND if pattern.fullmatch(op)), "does more than compute")
