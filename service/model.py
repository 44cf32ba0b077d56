"""The classifier that the functions share, from a local file or from Cloud Storage."""

from __future__ import annotations

from predictor import Classifier
from service.settings import GS, Location, Settings


def load(settings: Settings) -> Classifier:
    """Load the model that MODEL names; raises what reading it raises, and BadModel when it is not a model."""
    if not settings.model.startswith(GS):
        return Classifier.load(settings.model, settings.limits)
    from service.storage import Storage  # the client costs 0.2 s of a cold start

    with Storage().downloaded(Location.parse(settings.model)) as path:
        return Classifier.load(path, settings.limits)
