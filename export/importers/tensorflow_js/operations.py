"""The operations that a TensorFlow.js graph may hold: those that both TensorFlow.js and TensorFlow compute.

None of them reads or writes files, and none holds variables or tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from export.errors import CannotOpen

FUSED = frozenset(("_FusedConv2D", "_FusedMatMul", "FusedDepthwiseConv2dNative"))
"""Layers with bias and activation in one, which TensorFlow.js's converter makes, and `fused` takes apart."""

_TABLES = frozenset(("HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSizeV2"))
_NAMES = """
Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul
BatchMatMulV2 BatchToSpaceND BiasAdd Bincount BitwiseAnd BroadcastArgs BroadcastTo Cast Ceil ClipByValue Complex
ComplexAbs Concat ConcatV2 Const Conv2D Conv2DBackpropInput Conv3D Cos Cosh CropAndResize Cumprod Cumsum DenseBincount
DepthToSpace DepthwiseConv2dNative Dilation2D Div DivNoNan Einsum Elu EmptyTensorList EnsureShape Enter Equal Erf
EuclideanNorm Exit Exp ExpandDims Expm1 FFT FakeQuantWithMinMaxVars Fill Floor FloorDiv FloorMod FusedBatchNorm
FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual IFFT IRFFT Identity IdentityN If Imag
ImageProjectiveTransformV3 IsFinite IsInf IsNan LRN LeakyRelu Less LessEqual LinSpace ListDiff Log Log1p LogSoftmax
LogicalAnd LogicalNot LogicalOr LoopCond LowerBound MatMul MatrixBandPart Max MaxPool MaxPool3D MaxPoolWithArgmax
Maximum Mean Merge Min Minimum MirrorPad Mod Mul Multinomial Neg NextIteration NoOp NonMaxSuppressionV2
NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack Pad PadV2 Placeholder
PlaceholderWithDefault Pow Prelu Print Prod RFFT RaggedGather RaggedRange RaggedTensorToTensor RandomStandardNormal
RandomUniform RandomUniformInt Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear
ResizeNearestNeighbor Reverse ReverseV2 Round Rsqrt ScatterNd Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh
Size Slice Snapshot Softmax Softplus SpaceToBatchND SparseFillEmptyRows SparseReshape SparseSegmentMean
SparseSegmentSum SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze StatelessIf StatelessWhile
StaticRegexReplace StopGradient StridedSlice StringNGrams StringSplit StringToHashBucketFast Sub Sum Switch Tan Tanh
TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListConcat TensorListConcatV2 TensorListFromTensor
TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListReserve
TensorListResize TensorListScatter TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
TensorScatterUpdate Tile TopKV2 Transpose TruncatedNormal Unique UniqueV2 Unpack UpperBound Where While ZerosLike
"""
_KNOWN = frozenset(_NAMES.split())


def check(path: Path, operations: Iterable[str]) -> None:
    """Refuse, by name, what is not among the known operations, with CannotOpen; `path` is for the message."""
    unknown = sorted(set(operations) - _KNOWN - FUSED)
    if not unknown:
        return
    names = ", ".join(unknown)
    if _TABLES.issuperset(unknown):
        raise CannotOpen(
            path, f"it looks words up in a table ({names}), which is not read. Save the network without it."
        )
    raise CannotOpen(
        path,
        f"it has operations that TensorFlow.js itself does not have: {names}. Give the model it was converted from.",
    )
