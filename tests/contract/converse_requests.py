"""Requests in our words, and as a caller of AWS's SDK would write them."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import ModelRequest, Settings
from tests.contract.bedrock_sdk import asks

QUESTION = Message(role="user", content="Where is it?")
PNG, PDF = b"\x89PNG and the rest", b"%PDF and the rest"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
SPEC = {"toolSpec": {"name": "find", "description": "Finds it.", "inputSchema": {"json": SCHEMA}}}
TOOL = Tool(name="find", description="Finds it.", parameters=SCHEMA)
CALL = ToolCall(id="tooluse_1", name="find", arguments={"city": "Köln"})


def digest(contents: bytes) -> str:
    return sha256(contents).hexdigest()


ATTACHED = {digest(each): each for each in (PNG, PDF)}

REQUESTS: Mapping[str, tuple[ModelRequest, dict[str, Any]]] = {
    "text": (
        asks((Message(role="system", content="Be brief."), QUESTION)),
        {
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": "Where is it?"}]}],
        },
    ),
    "settings": (
        asks(
            settings=Settings(
                temperature=0.5, top_p=0.25, max_tokens=9, stop=("END",), reasoning_tokens=2048
            )
        ),
        {
            "inferenceConfig": {
                "temperature": 0.5,
                "topP": 0.25,
                "maxTokens": 9,
                "stopSequences": ["END"],
            },
            "additionalModelRequestFields": {
                "thinking": {"type": "enabled", "budget_tokens": 2048}
            },
        },
    ),
    "an output schema and an effort": (
        asks(output_schema=SCHEMA, settings=Settings(reasoning_effort="low")),
        {
            "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
            "outputConfig": {
                "effort": "low",
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"name": "output", "schema": json.dumps(SCHEMA)}},
                },
            },
        },
    ),
    "attachments": (
        asks(
            (
                Message(
                    role="user",
                    content="Where is it?",
                    attachments=(
                        Attachment(blob=digest(PNG), media_type="image/png"),
                        Attachment(blob=digest(PDF), media_type="application/pdf", name="Map (1)"),
                    ),
                ),
            )
        ),
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"image": {"format": "png", "source": {"bytes": PNG}}},
                        {
                            "document": {
                                "format": "pdf",
                                "name": "Map (1)",
                                "source": {"bytes": PDF},
                            }
                        },
                        {"text": "Where is it?"},
                    ],
                }
            ]
        },
    ),
    "tools": (
        asks(
            (
                QUESTION,
                CallTurn(content="I look.", tool_calls=(CALL,)),
                ResultTurn(call_id=CALL.id, name="find", content="No map.", failed=True),
            ),
            tools=(TOOL,),
            tool_choice="required",
        ),
        {
            "messages": [
                {"role": "user", "content": [{"text": "Where is it?"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"text": "I look."},
                        {
                            "toolUse": {
                                "toolUseId": "tooluse_1",
                                "name": "find",
                                "input": {"city": "Köln"},
                            }
                        },
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "toolResult": {
                                "toolUseId": "tooluse_1",
                                "content": [{"text": "No map."}],
                                "status": "error",
                            }
                        }
                    ],
                },
            ],
            "toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}},
        },
    ),
}
