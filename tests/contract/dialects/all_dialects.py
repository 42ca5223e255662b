"""Every vendor's wire format that the adapters' one suite is run with, by name."""

from collections.abc import Mapping

from tests.contract.dialects.anthropic import AnthropicDialect
from tests.contract.dialects.bedrock import BedrockDialect
from tests.contract.dialects.chat_completions import ChatCompletionsDialect
from tests.contract.dialects.dialect import Dialect
from tests.contract.dialects.gemini import GeminiDialect
from tests.contract.dialects.responses import ResponsesDialect

DIALECTS: Mapping[str, Dialect] = {
    "anthropic": AnthropicDialect(),
    "bedrock": BedrockDialect(),
    "chat completions": ChatCompletionsDialect(),
    "gemini": GeminiDialect(),
    "responses": ResponsesDialect(),
}
