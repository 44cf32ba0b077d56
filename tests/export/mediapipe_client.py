"""MediaPipe Tasks' ImageClassifier, asked for all scores of pictures: `python mediapipe_client.py MODEL PIXELS.npy …`.

It stands alone, to be run by a Python that has mediapipe, which is large and asks for versions of its own.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=sys.argv[1]), max_results=-1)
with vision.ImageClassifier.create_from_options(options) as classifier:
    for path in sys.argv[2:]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.load(path))
        (found,) = classifier.classify(image).classifications
        print(json.dumps({category.category_name: category.score for category in found.categories}))
