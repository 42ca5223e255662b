"""The lists of models that vendors have, a page after the other: where they are, and how to read
them. Pure.

Sources: "List models" in the API references of OpenAI, Anthropic and the Gemini API.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import ValidationError

from promptpilot.adapters.models.http.replies import Part
from promptpilot.step_errors import ModelUnavailable

Page = tuple[tuple[str, ...], str | None]
"""Names of models, and what leads to the next page."""


@dataclass(frozen=True, slots=True)
class ListFormat:
    """One vendor's list."""

    path: str
    read: Callable[[bytes], Page]
    """A page. Raises `ValidationError` for what is none."""
    next: str = ""
    """What the path goes on with for a next page, before what leads there."""
    headers: Mapping[str, str] = field(default_factory=dict)
    other_purposes: re.Pattern[str] | None = None
    """In the names of models that answer no text with a text."""

    def path_of(self, next: str | None) -> str:
        """The path of the first page, or of the one that `next` leads to."""
        return self.path if next is None else f"{self.path}{self.next}{quote(next, safe='')}"

    def page(self, body: bytes) -> Page:
        """A page, without what is for other purposes. Raises `ModelUnavailable`."""
        try:
            names, following = self.read(body)
        except ValidationError as error:
            raise ModelUnavailable(reason="The list of models cannot be read.") from error
        other = self.other_purposes
        return tuple(each for each in names if other is None or not other.search(each)), following


class _Model(Part):
    id: str


class _OpenAIPage(Part):
    data: tuple[_Model, ...]


class _AnthropicPage(Part):
    data: tuple[_Model, ...]
    has_more: bool = False
    last_id: str | None = None


class _GeminiModel(Part):
    name: str
    supportedGenerationMethods: tuple[str, ...] = ()  # noqa: N815 - the API's own name


class _GeminiPage(Part):
    models: tuple[_GeminiModel, ...] = ()
    nextPageToken: str | None = None  # noqa: N815


def _openai(body: bytes) -> Page:
    return tuple(each.id for each in _OpenAIPage.model_validate_json(body).data), None


def _anthropic(body: bytes) -> Page:
    page = _AnthropicPage.model_validate_json(body)
    return tuple(each.id for each in page.data), page.last_id if page.has_more else None


def _gemini(body: bytes) -> Page:
    page = _GeminiPage.model_validate_json(body)
    names = tuple(
        each.name.removeprefix("models/")
        for each in page.models
        if "generateContent" in each.supportedGenerationMethods
    )
    return names, page.nextPageToken or None


OPENAI_COMPATIBLE = ListFormat("models", _openai)

LIST_FORMATS: Mapping[str, ListFormat] = {
    "openai": ListFormat(
        "models",
        _openai,
        other_purposes=re.compile(
            "audio|babbage|dall-e|davinci|embedding|image|instruct|live|moderation|realtime|"
            "search|sora|transcribe|translate|tts|whisper"
        ),
    ),
    "anthropic": ListFormat(
        "v1/models?limit=1000",
        _anthropic,
        next="&after_id=",
        headers={"anthropic-version": "2023-06-01"},
    ),
    "google": ListFormat(
        "v1beta/models?pageSize=1000",
        _gemini,
        next="&pageToken=",
        other_purposes=re.compile("audio|embedding|image|live|robotics|tts"),
    ),
}
"""By vendor. Bedrock's list is another service, which a key of its runtime need not be good for."""
