"""Prompts whose messages attach files."""

from typing import Any

IMAGE = {"blob": "0" * 64, "media_type": "image/png"}
PAPER = {"blob": "1" * 64, "media_type": "application/pdf", "name": "a.pdf"}
PHOTO = {"name": "photo", "type": "file"}
MAYBE = {**PHOTO, "required": False}
SLOT = {"variable": "photo"}


def say(content: str, *attachments: Any) -> dict[str, Any]:
    attached = {"attachments": list(attachments)} if attachments else {}
    return {"role": "user", "content": content, **attached}


def document(*messages: dict[str, Any], variables: Any = (PHOTO,)) -> dict[str, Any]:
    return {"content": None, "messages": list(messages), "variables": list(variables)}
