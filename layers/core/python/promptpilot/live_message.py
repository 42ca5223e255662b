"""What may go over a live connection at once, on every platform."""

from promptpilot.errors import TooLarge

MAX_MESSAGE_BYTES = 128 * 1024
"""API Gateway's limit, in UTF-8."""


def message_bytes(message: str) -> bytes:
    """The message as it is sent. Raises `TooLarge` over `MAX_MESSAGE_BYTES`."""
    data = message.encode()
    if len(data) > MAX_MESSAGE_BYTES:
        raise TooLarge("A live message", MAX_MESSAGE_BYTES, len(data))
    return data
