"""Gemini's answer as our completion, be it whole or in pieces."""

from collections.abc import Mapping

from promptpilot.adapters.models.gemini.called import Json, kept, tool_calls
from promptpilot.adapters.models.gemini.errors import told_error
from promptpilot.adapters.models.gemini.pieces import (
    AnswerPart,
    FunctionCall,
    Piece,
    Pieces,
    usage_of,
)
from promptpilot.adapters.models.http.replies import read_reply, served_model
from promptpilot.adapters.models.http.status_errors import CODE
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.adapters.models.http.written_calls import calls_before
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelError,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
)

_CUT = "MAX_TOKENS"
_FINISHED = {"STOP": "stop", _CUT: "length"}

_FAILED: Mapping[str, type[ModelError]] = {
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "PROHIBITED_CONTENT",
            "BLOCKLIST",
            "SPII",
            "LANGUAGE",
            "ESCALATION",
            "MODEL_ARMOR",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
        ),
        ModelRefused,
    ),
    # The model wrote a call that Google cannot parse, or of no tool there is. Nothing of it comes
    # here, and asked once more it mostly writes another, so it is no answer rather than one that
    # ends in an odd way.
    "MALFORMED_FUNCTION_CALL": ModelUnavailable,
    "UNEXPECTED_TOOL_CALL": ModelUnavailable,
    "MALFORMED_RESPONSE": ModelUnavailable,
    "MISSING_THOUGHT_SIGNATURE": ModelRejectedRequest,
    "PUP_LIMITED_DISABLED": ModelAuthFailed,
}
"""Reasons to finish (`FinishReason`) that leave nothing worth having."""


class Answer:
    """The answer to `request`, as far as it has been taken."""

    def __init__(self, request: ModelRequest, prefix: str) -> None:
        self._request = request
        self._prefix = prefix
        self._texts: list[str] = []
        self._parts: list[Json] = []
        self._calls: list[FunctionCall] = []
        self._model: str | None = None
        self._usage: Usage | None = None
        self.begun = False
        """Whether there is any text, thought or call."""
        self.finish_reason: str | None = None
        """Why it ended, in Google's word; a stream's last piece has one."""

    def take(self, piece: Piece) -> str:
        """Take one piece and give the text in it, which may be empty. Raises a `ModelError` where
        it ends the answer with a failure.
        """
        if piece.error is not None:
            raise told_error(piece.error, self._request.model)
        if piece.prompt_feedback and piece.prompt_feedback.block_reason:
            raise _failure(ModelRefused, piece.prompt_feedback.block_reason)
        self._model = piece.model_version or self._model
        candidate = piece.candidates[0] if piece.candidates else None
        finish = candidate and candidate.finish_reason
        if finish or piece.usage_metadata is not None:  # earlier ones count what was there by then
            self._usage = usage_of(piece.usage_metadata)
        if finish:
            self._finish(finish)
        return "".join(map(self._take_part, candidate.content.parts)) if candidate else ""

    def completion(self, time_to_first_token_ms: float | None = None) -> Completion:
        """The whole. Raises `ModelUnavailable` where it has neither text nor calls."""
        if not self._texts and not self._calls and self.finish_reason != _CUT:
            raise _failure(ModelUnavailable, self.finish_reason, "answered without any text")
        told = self._model and self._model.removeprefix("models/")
        return Completion(
            text="".join(self._texts),
            model=served_model(told, asked=self._request.model, prefix=self._prefix),
            finish_reason=self._normal_finish(),
            tool_calls=tool_calls(self._calls, before=calls_before(self._request.messages)),
            opaque=kept(self._parts) if self._calls else None,
            usage=self._usage,
            time_to_first_token_ms=time_to_first_token_ms,
        )

    def _finish(self, reason: str) -> None:
        if reason in _FAILED:
            raise _failure(_FAILED[reason], reason)
        self.finish_reason = reason

    def _normal_finish(self) -> str | None:
        if self._calls and self.finish_reason != _CUT:
            return "tool_calls"
        return _FINISHED.get(self.finish_reason or "", self.finish_reason)

    def _take_part(self, part: AnswerPart) -> str:
        self.begun = self.begun or bool(part.text or part.function_call)
        if part.function_call is not None:
            self._calls.append(part.function_call)
        self._keep(part)
        if part.text is None or part.thought:
            return ""
        self._texts.append(part.text)
        return part.text

    def _keep(self, part: AnswerPart) -> None:
        """Note the part as it is to come back. Google's page on thought signatures: a part that is
        signed may not be joined with another; thoughts without a signature tell it nothing.
        """
        if part.thought and not part.thought_signature:
            return
        own: Json = part.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
        if own.keys() == {"text"} and self._parts and self._parts[-1].keys() == {"text"}:
            self._parts[-1] = {"text": self._parts[-1]["text"] + own["text"]}
        elif own:
            self._parts.append(own)


def completion(reply: Reply, request: ModelRequest, prefix: str) -> Completion:
    """The completion that a successful reply holds; our names of the models begin with `prefix`.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model or a
    filter of Google's declined.
    """
    pieces = read_reply(Pieces, reply, "an answer of Gemini's").root
    answer = Answer(request, prefix)
    for piece in pieces:
        answer.take(piece)
    if not any(piece.candidates for piece in pieces):
        raise ModelUnavailable(reason="The model's server answered with no candidates.")
    return answer.completion()


def _failure(kind: type[ModelError], told: str | None, what: str = "") -> ModelError:
    """An error with Google's word for it, where it is one word."""
    reason = f"The model's server {what}" if what else kind.reason.rstrip(".")
    return kind(reason=f"{reason} ({told})." if told and CODE.fullmatch(told) else f"{reason}.")
