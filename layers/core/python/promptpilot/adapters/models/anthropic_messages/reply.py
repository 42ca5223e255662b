"""A whole answer of the Messages API as our completion."""

from promptpilot.adapters.models.anthropic_messages.answer import (
    ContentBlock,
    SoundUsage,
    Stop,
    completion_of,
)
from promptpilot.adapters.models.http.replies import read_reply
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.model import Completion


class Message(Stop):
    """An answer; in a stream, what is known of it when it begins."""

    content: tuple[ContentBlock, ...]
    model: str | None = None
    usage: SoundUsage = None


def completion(reply: Reply, *, asked: str, prefix: str) -> Completion:
    """The completion that a successful reply holds. `asked` is the model that was asked, `prefix`
    what our names of Anthropic's models begin with.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model
    declined.
    """
    told = read_reply(Message, reply, "a message")
    return completion_of(
        told.content, told, usage=told.usage, model=told.model, asked=asked, prefix=prefix
    )
