"""The network on BentoML, a worker for each processor; pictures come as the body."""

from typing import Any

import bentoml
import pillow_numpy
from PIL import Image


@bentoml.service(workers="cpu_count")
class Classifier:
    """Picture in, JSON out."""

    def __init__(self) -> None:
        self.network = pillow_numpy.from_environment()

    @bentoml.api
    def classify(self, image: Image.Image, /) -> dict[str, Any]:
        """The five best labels."""
        return {"predictions": self.network.classify_image(image)}
