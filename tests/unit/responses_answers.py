"""Answers of the Responses API, and our readings of them."""

import json
from typing import Any

from promptpilot.adapters.models.http.wire import Reply
from promptpilot.adapters.models.responses.wire import Responses
from promptpilot.domain.message import Message, Tool
from promptpilot.domain.model import Completion, ModelRequest
from tests.scripted_openai import events

HELLO = Message(role="user", content="Hello?")
TOOL = Tool(name="weather")
REQUEST = ModelRequest(model="openai/gpt-5", messages=(HELLO,), tools=(TOOL,))
WIRE = Responses()
MESSAGE = {
    "type": "message",
    "role": "assistant",
    "phase": "final_answer",
    "content": [{"type": "output_text", "text": "Hello."}],
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": "{}",
}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}


def response(*output: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"status": "completed", "output": output, "model": "gpt-5-x", **changes}


def whole(answer: Any) -> Completion:
    return WIRE.completion(Reply("application/json", json.dumps(answer).encode()), REQUEST)


def streamed(*data: Any, texts: list[str] | None = None) -> Completion:
    reader = WIRE.reader(REQUEST, ([] if texts is None else texts).append)
    reader.take(events(*data))
    return reader.completion()


def ends(answer: dict[str, Any]) -> dict[str, Any]:
    """The event that a stream of that response ends with."""
    kind = answer["status"] if answer["status"] in {"incomplete", "failed"} else "completed"
    return {"type": f"response.{kind}", "response": answer}


def body(request: ModelRequest = REQUEST) -> Any:
    """What asks for it."""
    return json.loads(WIRE.call(request, {}, stream=False).body)
