"""How much of an answer is taken: a server must not be able to fill our memory."""

from promptpilot.ports.models import OnText
from promptpilot.step_errors import ModelUnavailable

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""The longest answer that is read, decompressed; of one that is streamed, its text."""

MAX_STREAM_BYTES = 64 * 1024 * 1024
"""The longest stream, decompressed. Around every token there are 100 to 300 bytes of an event, of
which nothing is kept: the longest answers of today's models, 128k tokens, are 40 MB."""


class Allowance:
    """What is left of a limit."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def use(self, amount: int) -> None:
        """Raises `ModelUnavailable` where less is left."""
        self._left -= amount
        if self._left < 0:
            raise ModelUnavailable(reason="The model's server answered with far too much.")


def bounded(on_text: OnText) -> OnText:
    """Tells no more than the longest answer."""
    allowance = Allowance(MAX_ANSWER_BYTES)

    def tell(text: str) -> None:
        allowance.use(len(text))
        on_text(text)

    return tell
