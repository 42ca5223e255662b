"""An answer of the Responses API as our completion, be it whole or the end of a stream."""

from collections.abc import Mapping, Sequence

from promptpilot.adapters.models.chat_completions.errors import stream_error
from promptpilot.adapters.models.http.replies import read_reply, served_model
from promptpilot.adapters.models.http.status_errors import CODE
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.adapters.models.http.written_calls import calls_before
from promptpilot.adapters.models.responses.called import kept, tool_calls
from promptpilot.adapters.models.responses.items import Item, Response, usage_of
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.step_errors import ModelRefused, ModelUnavailable

_CUT = "max_output_tokens"
_FINISHED: Mapping[str, str] = {_CUT: "length"}


def completion(reply: Reply, request: ModelRequest, prefix: str) -> Completion:
    """The completion that a successful reply holds; our names of the models begin with `prefix`.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model or a
    content filter declined.
    """
    response = read_reply(Response, reply, "a response")
    check(response)
    text = "".join(each.text for each in response.output)
    return completed(response, response.output, text, request, prefix)


def check(response: Response) -> None:
    """Raises what keeps a response from being an answer."""
    if response.error is not None:
        raise stream_error(response.error)
    if _reason(response) == "content_filter" or any(each.refuses for each in response.output):
        raise ModelRefused
    if response.status not in {"completed", "incomplete"}:
        told = response.status if response.status and CODE.fullmatch(response.status) else "unknown"
        raise ModelUnavailable(
            reason=f"The model's server answered with a response of the status {told}."
        )


def completed(
    response: Response, items: Sequence[Item], text: str, request: ModelRequest, prefix: str
) -> Completion:
    """The completion of a response that put out `items`, which say `text`."""
    calls = tool_calls(items, before=calls_before(request.messages))
    said = any(each.type == "message" for each in items)
    if not (text or said or calls or _reason(response) == _CUT):
        raise ModelUnavailable(reason="The model's server answered without any text.")
    return Completion(
        text=text,
        model=served_model(response.model, asked=request.model, prefix=prefix),
        finish_reason=_finish(response, called=bool(calls)),
        tool_calls=calls,
        opaque=kept(items, request.model) if calls else None,
        usage=usage_of(response.usage),
    )


def _finish(response: Response, *, called: bool) -> str:
    if response.status == "incomplete":
        reason = _reason(response)
        return _FINISHED.get(reason, reason if CODE.fullmatch(reason) else "incomplete")
    return "tool_calls" if called else "stop"


def _reason(response: Response) -> str:
    """Why a response is incomplete."""
    details = response.incomplete_details
    return (details and details.reason) or "incomplete"
