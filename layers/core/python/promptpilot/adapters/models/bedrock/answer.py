"""What a model has said, by its content blocks, as our completion; whole or from a stream."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import WrapValidator
from pydantic_core import to_json

from promptpilot.adapters.models.bedrock.kept_content import Block, keep
from promptpilot.adapters.models.http.replies import Count, Part, none_unless_valid, served_model
from promptpilot.adapters.models.http.written_calls import is_sound
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Completion, Usage
from promptpilot.step_errors import ModelRefused

_FINISHED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}
"""StopReason of the Bedrock Runtime API Reference; the rest stay as they are. An answer that has
filled the model's context is valid, and cut off there."""

_REFUSALS = frozenset({"guardrail_intervened", "content_filtered"})


class TokenUsage(Part):
    """Of the Bedrock Runtime API Reference."""

    inputTokens: Count  # noqa: N815 - the API's own name
    outputTokens: Count  # noqa: N815
    cacheReadInputTokens: Count | None = None  # noqa: N815
    cacheWriteInputTokens: Count | None = None  # noqa: N815

    def as_ours(self) -> Usage:
        """`inputTokens` is neither what was read from the cache nor what was written to it: all of
        the input is their sum ("Prompt caching" in the Amazon Bedrock User Guide). How many of the
        output's tokens were reasoning, which they include, Bedrock does not tell.
        """
        read, written = self.cacheReadInputTokens or 0, self.cacheWriteInputTokens or 0
        return Usage(
            input_tokens=self.inputTokens + read + written,
            cached_tokens=read,
            cache_write_tokens=written,
            output_tokens=self.outputTokens,
        )


SoundUsage = Annotated[TokenUsage | None, WrapValidator(none_unless_valid)]


class _PromptRouter(Part):
    invokedModelId: str | None = None  # noqa: N815


class Trace(Part):
    """Tells which model a prompt router has chosen; otherwise the one that was asked served."""

    promptRouter: _PromptRouter | None = None  # noqa: N815

    @property
    def model(self) -> str | None:
        """The name at the end of the chosen model's ARN."""
        invoked = self.promptRouter and self.promptRouter.invokedModelId
        return invoked.rpartition("/")[2] if invoked else None


def completion_of(
    content: Sequence[Block],
    stop_reason: str,
    *,
    usage: TokenUsage | None,
    trace: Trace | None,
    asked: str,
    prefix: str,
    first_ms: float | None = None,
) -> Completion:
    """The completion that the content of one message makes. Raises `ModelRefused` where
    a guardrail or a filter stepped in.
    """
    if stop_reason in _REFUSALS:
        raise ModelRefused
    calls = tuple(_tool_call(block["toolUse"]) for block in content if "toolUse" in block)
    return Completion(
        text="".join(block["text"] for block in content if "text" in block),
        model=served_model(trace.model if trace else None, asked=asked, prefix=prefix),
        finish_reason=_FINISHED.get(stop_reason, stop_reason),
        tool_calls=calls,
        opaque=keep(content, asked) if calls else None,
        usage=usage.as_ours() if usage else None,
        time_to_first_token_ms=first_ms,
    )


def _tool_call(use: Block) -> ToolCall:
    given: Any = use["input"]
    arguments, malformed = (given, None) if is_sound(given) else ({}, _written(given))
    return ToolCall(id=use["toolUseId"], name=use["name"], arguments=arguments, malformed=malformed)


def _written(given: Any) -> str:
    return given if isinstance(given, str) else to_json(given).decode()
