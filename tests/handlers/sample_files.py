"""Small files of every kind, and sending them as API Gateway does: in base64."""

import base64
from typing import Any

from functions.api.handler import handler
from tests.handlers.here import Answer, Caller, event_of

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
TEXT = "Größe: 3 €.\r\n"
FILES: dict[str, bytes] = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20,
    "image/webp": b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00",
    "image/gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "text/plain": TEXT.encode(),
}


def send(
    who: Caller, data: bytes, media_type: str | None, path: str = "/files", **changes: Any
) -> Answer:
    """Send a file."""
    kind = {} if media_type is None else {"content-type": media_type}
    body = base64.b64encode(data).decode()
    event = event_of("POST", path, body, {**who.headers, **kind}, who.user)
    answer = handler({**event, "isBase64Encoded": True, **changes}, None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"])


def sent(who: Caller, data: bytes, media_type: str, name: str | None = None) -> dict[str, Any]:
    """A file that is kept: what the API says of it."""
    answer = send(who, data, media_type, f"/files?name={name}" if name else "/files")
    assert answer.status == 201, answer.text
    file: dict[str, Any] = answer.json["file"]
    return file
