"""What is asked of OpenAI's formats, in our words and in those of its SDK."""

from base64 import b64encode
from typing import Any

from promptpilot.domain.message import Attachment, Message, Tool, ToolCall
from promptpilot.domain.model import Settings
from tests.contract.dialects.dialect import Said

HELLO = Message(role="user", content="Hello?")
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string"}},
    "required": ["mood"],
    "additionalProperties": False,
}
LOOSE = {"type": "object", "properties": {"mood": {"type": "string"}}}
WEATHER = ToolCall(id="call_1", name="weather", arguments={"mood": "fine"})
TIME = ToolCall(id="call_2", name="time")
CALLS = Said(text="Wait.", tool_calls=(WEATHER, TIME), finish="tool_calls", reasoning="Hm.")
PNG, PDF = b"\xfb\xff picture", b"%PDF \xfb\xff"
BLOBS = {"1" * 64: PNG, "2" * 64: PDF}
PNG_URL = f"data:image/png;base64,{b64encode(PNG).decode()}"
PDF_URL = f"data:application/pdf;base64,{b64encode(PDF).decode()}"
TALK = (
    Message(role="system", content="Be brief."),
    HELLO,
    Message(role="assistant", content="Hi."),
    Message(role="user", content="Well?"),
)
CHAT_TALK = [{"role": each.role, "content": each.content} for each in TALK]
ANSWER = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi."}],
}
RESPONSES_TALK = [*CHAT_TALK[:2], ANSWER, CHAT_TALK[3]]
SEEN = Message(
    role="user",
    content="What?",
    attachments=(
        Attachment(blob="1" * 64, media_type="image/png"),
        Attachment(blob="2" * 64, media_type="application/pdf", name="letter.pdf"),
    ),
)
TOOLS = (Tool(name="weather", description="Now.", parameters=SCHEMA), Tool(name="time"))
NO_FIELDS = {"type": "object", "properties": {}}
ENCRYPTED = ["reasoning.encrypted_content"]

Requests = list[tuple[dict[str, Any], dict[str, Any]]]
"""In our words, and as arguments of the SDK."""

RESPONSES_REQUESTS: Requests = [
    ({"messages": (HELLO,)}, {"input": [{"role": "user", "content": "Hello?"}]}),
    (
        {"messages": TALK, "settings": Settings(temperature=0.5, top_p=0.9, max_tokens=9)},
        {"input": RESPONSES_TALK, "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 9},
    ),
    (
        {"messages": TALK, "settings": Settings(reasoning_effort="minimal")},
        {"input": RESPONSES_TALK, "reasoning": {"effort": "minimal"}},
    ),
    *(
        (
            {"messages": TALK, "output_schema": schema},
            {
                "input": RESPONSES_TALK,
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "output",
                        "schema": schema,
                        "strict": strict,
                    }
                },
            },
        )
        for schema, strict in ((SCHEMA, True), (LOOSE, False))
    ),
    (
        {"messages": TALK, "tools": TOOLS, "tool_choice": "none"},
        {
            "input": RESPONSES_TALK,
            "tools": [
                {
                    "type": "function",
                    "name": "weather",
                    "description": "Now.",
                    "parameters": SCHEMA,
                    "strict": True,
                },
                {"type": "function", "name": "time", "parameters": NO_FIELDS, "strict": False},
            ],
            "tool_choice": "none",
            "include": ENCRYPTED,
        },
    ),
    (
        {"messages": (SEEN,)},
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_image", "detail": "auto", "image_url": PNG_URL},
                        {"type": "input_file", "filename": "letter.pdf", "file_data": PDF_URL},
                        {"type": "input_text", "text": "What?"},
                    ],
                }
            ]
        },
    ),
]

CHAT_REQUESTS: Requests = [
    ({"messages": (HELLO,)}, {"messages": [{"role": "user", "content": "Hello?"}]}),
    (
        {
            "messages": TALK,
            "settings": Settings(
                temperature=0.5,
                top_p=0.9,
                max_tokens=9,
                stop=("END",),
                seed=7,
                reasoning_effort="low",
            ),
        },
        {
            "messages": CHAT_TALK,
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 9,
            "stop": ["END"],
            "seed": 7,
            "reasoning_effort": "low",
        },
    ),
    (
        {"messages": TALK, "output_schema": SCHEMA},
        {
            "messages": CHAT_TALK,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "output", "schema": SCHEMA},
            },
        },
    ),
    (
        {"messages": TALK, "tools": TOOLS, "tool_choice": "required"},
        {
            "messages": CHAT_TALK,
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "weather", "description": "Now.", "parameters": SCHEMA},
                },
                {"type": "function", "function": {"name": "time", "parameters": NO_FIELDS}},
            ],
            "tool_choice": "required",
        },
    ),
    (
        {"messages": (SEEN,)},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": PNG_URL}},
                        {
                            "type": "file",
                            "file": {"filename": "letter.pdf", "file_data": PDF_URL},
                        },
                        {"type": "text", "text": "What?"},
                    ],
                }
            ]
        },
    ),
]
