"""Requests as we put them, and the same as Google's SDK takes them: contents and configuration."""

from typing import Any

from promptpilot.domain.message import Attachment, Message, Tool
from promptpilot.domain.model import Settings

HELLO = Message(role="user", content="Hello?")
PNG = "1" * 64
PICTURE = b"\xfb\xff picture"
"""Bytes that both alphabets of base64 write differently."""

SCHEMA = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}

REQUESTS: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    ({"messages": (HELLO,)}, "Hello?", {}),
    (
        {
            "messages": (
                Message(role="system", content="Be brief."),
                HELLO,
                Message(role="assistant", content="Hi."),
                Message(role="user", content="Well?"),
            ),
            "settings": Settings(temperature=0.5, top_p=0.9, max_tokens=9, stop=("END",), seed=7),
        },
        [
            {"role": "user", "parts": [{"text": "Hello?"}]},
            {"role": "model", "parts": [{"text": "Hi."}]},
            {"role": "user", "parts": [{"text": "Well?"}]},
        ],
        {
            "system_instruction": "Be brief.",
            "temperature": 0.5,
            "top_p": 0.9,
            "max_output_tokens": 9,
            "stop_sequences": ["END"],
            "seed": 7,
        },
    ),
    (
        {"messages": (HELLO,), "settings": Settings(reasoning_effort="medium")},
        "Hello?",
        {"thinking_config": {"thinking_level": "MEDIUM"}},
    ),
    (
        {"messages": (HELLO,), "settings": Settings(reasoning_tokens=128)},
        "Hello?",
        {"thinking_config": {"thinking_budget": 128}},
    ),
    (
        {"messages": (HELLO,), "output_schema": SCHEMA},
        "Hello?",
        {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    ),
    (
        {
            "messages": (HELLO,),
            "tools": (Tool(name="weather", description="Now.", parameters=SCHEMA),),
            "tool_choice": "required",
        },
        "Hello?",
        {
            "tools": [
                {
                    "function_declarations": [
                        {
                            "name": "weather",
                            "description": "Now.",
                            "parameters_json_schema": SCHEMA,
                        }
                    ]
                }
            ],
            "tool_config": {"function_calling_config": {"mode": "ANY"}},
        },
    ),
    (
        {
            "messages": (
                Message(
                    role="user",
                    content="What?",
                    attachments=(Attachment(blob=PNG, media_type="image/png"),),
                ),
            )
        },
        [
            {
                "role": "user",
                "parts": [
                    {"inline_data": {"mime_type": "image/png", "data": PICTURE}},
                    {"text": "What?"},
                ],
            }
        ],
        {},
    ),
]
