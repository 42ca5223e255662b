"""A whole answer of Converse as our completion."""

from typing import Any

from promptpilot.adapters.models.bedrock.answer import SoundUsage, Trace, completion_of
from promptpilot.adapters.models.bedrock.kept_content import Block
from promptpilot.adapters.models.http.replies import Part, read_reply
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.model import Completion


class _ToolUse(Part):
    toolUseId: str  # noqa: N815 - the API's own name
    name: str
    input: Any


class _Content(Part):
    """One block; of kinds that are not asked for, nothing is read."""

    text: str | None = None
    toolUse: _ToolUse | None = None  # noqa: N815
    reasoningContent: dict[str, Any] | None = None  # noqa: N815

    def as_block(self) -> Block:
        return self.model_dump(exclude_none=True)


class _Message(Part):
    content: tuple[_Content, ...]


class _Output(Part):
    message: _Message


class _Reply(Part):
    output: _Output
    stopReason: str  # noqa: N815
    usage: SoundUsage = None
    trace: Trace | None = None


def completion(reply: Reply, *, asked: str, prefix: str) -> Completion:
    """The completion that a successful reply holds. `asked` is the model that was asked, `prefix`
    what our names of Bedrock's models begin with.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where a guardrail or
    a filter stepped in.
    """
    told = read_reply(_Reply, reply, "an answer of Converse")
    return completion_of(
        [each.as_block() for each in told.output.message.content],
        told.stopReason,
        usage=told.usage,
        trace=told.trace,
        asked=asked,
        prefix=prefix,
    )
