"""The verbs that pages of the desk call, found by name when they are called."""

from importlib import import_module
from typing import Any

from abuse.errors import AbuseError


class NotThere(AbuseError):
    """This part of the desk is not there:"""


class Part:
    """A module of abuse."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, verb: str) -> Any:
        try:
            return getattr(import_module(f"abuse.{self._name}"), verb)
        except (ModuleNotFoundError, AttributeError) as error:
            raise NotThere(f"{self._name}.{verb}.") from error


batches = Part("batches")
