"""The models that can be called."""

from collections.abc import Callable, Sequence
from typing import Protocol

from promptpilot.domain.model import Completion, ModelInfo, ModelRequest, Price

OnText = Callable[[str], None]
"""Gets a piece of an answer; called on the event loop, so it must not wait."""


class ModelClient(Protocol):
    """Calls the models of one vendor. No type or exception of the vendor's SDK leaves it."""

    async def complete(self, request: ModelRequest, *, on_text: OnText | None = None) -> Completion:
        """One answer. Raises a `ModelError`. Cancelling the awaiting task ends the call.

        With `on_text` the answer goes there in pieces as it is made, all of it together being the
        completion's text, or in one piece where the vendor cannot; on an error it was part of none.
        """
        ...


class Models(Protocol):
    """The models that are configured here. Names are `vendor/model`."""

    def client(self, model: str) -> ModelClient:
        """The client that serves `model`. Raises `ModelUnknown`."""
        ...

    def price(self, model: str) -> Price | None:
        """What `model` costs; None where that is unknown."""
        ...

    def catalogue(self) -> Sequence[ModelInfo]:
        """What is configured, whether it is available now, and what it costs."""
        ...
