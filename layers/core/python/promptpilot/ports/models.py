"""The models that can be called."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from pydantic import SecretStr

from promptpilot.domain.model import Completion, ModelInfo, ModelRequest
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price

OnText = Callable[[str], None]
"""Gets a piece of an answer; called on the event loop, so it must not wait."""


Attachments = Mapping[str, bytes]
"""By the digest of its blob, what is attached to the messages of a request."""

NO_ATTACHMENTS: Attachments = {}


class ModelClient(Protocol):
    """Calls the models of one vendor. No type or exception of the vendor's SDK leaves it."""

    async def complete(
        self,
        request: ModelRequest,
        *,
        on_text: OnText | None = None,
        attachments: Attachments = NO_ATTACHMENTS,
    ) -> Completion:
        """One answer. Raises a `ModelError`. Cancelling the awaiting task ends the call.

        `attachments` has the contents of everything that is attached to a message.

        With `on_text` the answer goes there in pieces as it is made, all of it together being the
        completion's text, or in one piece where the vendor cannot; on an error it was part of none.
        """
        ...


class Models(Protocol):
    """The models that are configured here. Names are `vendor/model`."""

    def client(self, model: str, workspace: str) -> ModelClient:
        """The client that serves `model`, with the keys of that workspace where it has its own.
        Raises `ModelUnknown`.
        """
        ...

    def profile(self, model: str) -> ModelProfile:
        """What `model` can do and takes; a guess, and marked as one, where nobody has listed it."""
        ...

    def price(self, model: str) -> Price | None:
        """What `model` costs; None where that is unknown."""
        ...

    def catalogue(self, keyed: Collection[str] = ()) -> Sequence[ModelInfo]:
        """What is configured, whether it is available now, what it can do and costs, for a
        workspace that has keys of its own for the vendors `keyed`. Reads no key.
        """
        ...

    async def shared_limits(self, model: str, workspace: str) -> Mapping[str, ModelLimit]:
        """By vendor or model, the limits of the key with which `model` is called for `workspace`,
        where that is one for everybody. Raises `ModelUnavailable` where that cannot be told.
        """
        ...

    @property
    def vendors(self) -> Mapping[str, bool]:
        """The vendors that a workspace can have a key of its own for, and whether this server has
        one for everybody.
        """
        ...

    async def check_key(self, vendor: str, key: SecretStr) -> None:
        """Ask `vendor`, which is one of `vendors`, whether it takes the key, for no tokens or one.

        Raises `ModelAuthFailed` where it does not, any other `ModelError` where nobody knows.
        """
        ...
