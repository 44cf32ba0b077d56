"""The network on LitServe, a worker for each processor; pictures come as a form's file `content`."""

from __future__ import annotations

import os

import litserve
import pillow_numpy


class API(litserve.LitAPI):
    """Form in, JSON out."""

    def setup(self, device):
        """Open the network in this worker."""
        self.network = pillow_numpy.from_environment()

    def decode_request(self, request):
        """The file's bytes."""
        return request["content"].file.read()

    def predict(self, data):
        """The five best labels."""
        return self.network.classify(data)

    def encode_response(self, output):
        """The labels as JSON."""
        return {"predictions": output}


if __name__ == "__main__":
    server = litserve.LitServer(API(), accelerator="cpu", devices=1, workers_per_device=os.cpu_count())
    server.run(port=int(os.environ["PORT"]), host="127.0.0.1", generate_client_file=False)
