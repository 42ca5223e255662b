"""An answer of OpenAI's Chat Completions as our completion."""

from collections.abc import Mapping

from promptpilot.adapters.models.chat_completions.called import Calls
from promptpilot.adapters.models.chat_completions.errors import told_error
from promptpilot.adapters.models.chat_completions.pieces import Said, Whole, usage_of
from promptpilot.adapters.models.http.replies import read_reply, served_model
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.step_errors import ModelRefused, ModelUnavailable

_FILTERED = "content_filter"
_FINISHED: Mapping[str, str] = {"function_call": "tool_calls", "max_tokens": "length"}
"""Of older and compatible servers."""


class Answer:
    """The answer to `request`, as far as it has been taken; our names of the server's models begin
    with `prefix`.
    """

    def __init__(self, request: ModelRequest, prefix: str) -> None:
        self._request = request
        self._prefix = prefix
        self._texts: list[str] = []
        self._said = False
        self._calls = Calls(request.messages)
        self.begun = False
        """Whether there is any text, reasoning or call."""
        self.finish_reason: str | None = None
        self.model: str | None = None
        self.usage: Usage | None = None

    def take(self, said: Said, finish_reason: str | None) -> str:
        """Take a message, or a piece of one, and give the text in it. Raises `ModelRefused`."""
        if said.refusal or finish_reason == _FILTERED:
            raise ModelRefused
        self.finish_reason = finish_reason or self.finish_reason
        beside = self._calls.take(said)
        text = said.content or ""
        self._said = self._said or said.content is not None
        self._texts.append(text)
        self.begun = self.begun or beside or bool(text)
        return text

    def completion(self, time_to_first_token_ms: float | None = None) -> Completion:
        """The whole. Raises `ModelUnavailable` where it has neither text nor calls."""
        calls = self._calls.calls()
        finish = _FINISHED.get(self.finish_reason or "", self.finish_reason)
        if not (self._said or calls or finish == "length"):
            raise ModelUnavailable(reason="The model's server answered without any text.")
        return Completion(
            text="".join(self._texts),
            model=served_model(self.model, asked=self._request.model, prefix=self._prefix),
            finish_reason="tool_calls" if calls and finish != "length" else finish,
            tool_calls=calls,
            opaque=self._calls.kept(self._request.model),
            usage=self.usage,
            time_to_first_token_ms=time_to_first_token_ms,
        )


def completion(reply: Reply, request: ModelRequest, prefix: str) -> Completion:
    """The completion that a successful reply holds.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model or a
    content filter declined.
    """
    told = read_reply(Whole, reply, "a chat completion")
    if not told.choices and told.error is not None:
        raise told_error(told.error, "answered with an error in place of a completion")
    if not told.choices:
        raise ModelUnavailable(reason="The model's server answered with no choices.")
    answer = Answer(request, prefix)
    answer.take(told.choices[0].message, told.choices[0].finish_reason)
    answer.model, answer.usage = told.model, usage_of(told.usage)
    return answer.completion()
