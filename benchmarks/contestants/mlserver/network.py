"""The network on MLServer; pictures come as base64 in the Open Inference Protocol."""

import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import Base64Codec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

sys.path.insert(0, str(Path(__file__).parent.parent))
import pillow_numpy


class Network(MLModel):
    """Inference request in and out."""

    async def load(self) -> bool:
        """Open the network in this worker."""
        self.network = pillow_numpy.from_environment()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The five best labels."""
        (data,) = Base64Codec.decode_input(payload.inputs[0])
        best = self.network.classify(data)
        outputs = [StringCodec.encode_output("labels", [each["label"] for each in best])]
        return InferenceResponse(model_name=self.name, outputs=outputs)
