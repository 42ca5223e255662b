"""How many tokens a request may come to, before a model has counted them."""

from promptpilot.domain.message import CallTurn
from promptpilot.domain.model import ModelRequest

CHARACTERS_A_TOKEN = 4
"""Of English text, by the vendors' rule of thumb."""
ATTACHMENT_TOKENS = 1_500
"""About what an image, or a page or two of a document, comes to."""
ANSWER_TOKENS = 1_000
"""Of an answer that nothing bounds."""


def estimated_tokens(request: ModelRequest) -> int:
    """Input and the longest answer together; about right for text, and a guess for the rest."""
    return input_tokens(request) + (request.settings.max_tokens or ANSWER_TOKENS)


def input_tokens(request: ModelRequest) -> int:
    """About how many tokens the messages come to, at least one."""
    characters = sum(len(turn.content) for turn in request.messages)
    characters += sum(
        len(str(call.arguments))
        for turn in request.messages
        if isinstance(turn, CallTurn)
        for call in turn.tool_calls
    )
    attached = len(request.attachments) * ATTACHMENT_TOKENS
    return max(1, characters // CHARACTERS_A_TOKEN + attached)
