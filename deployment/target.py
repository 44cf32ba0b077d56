"""The target of a command: project, region, functions, files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deployment.arguments import Arguments
from deployment.gcloud import Cloud
from deployment.options import PROJECT, REGION


@dataclass(frozen=True)
class Target:
    """The place that was said, and how it is changed."""

    arguments: Arguments
    cloud: Cloud

    @property
    def project(self) -> str:
        """The project's name."""
        return self.arguments[PROJECT]

    @property
    def in_project(self) -> str:
        """The option that tells gcloud the project."""
        return f"--project={self.project}"

    @property
    def in_region(self) -> str:
        """The option that tells gcloud the region of the functions."""
        return f"--region={self.arguments[REGION]}"

    @property
    def where(self) -> str:
        """The place in a sentence."""
        return f"{self.project}, {self.arguments[REGION]}"


@dataclass(frozen=True)
class Deployment(Target):
    """The files in `folder`, and what was said about the functions that are made of them."""

    folder: Path
    project_number: str
    model: str = ""
    """Name and version of a model that is sent along."""
