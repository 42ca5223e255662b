"""Whether the model that a prompt names takes what the prompt says to it."""

from collections.abc import Iterator

from promptpilot.domain.model import Settings
from promptpilot.domain.model_fit import problems_of
from promptpilot.domain.prompt import PromptContent
from promptpilot.errors import Problem
from promptpilot.ports.models import Models

MODEL_UNFIT = "model_unfit"


def model_problems(content: PromptContent, *, models: Models) -> Iterator[Problem]:
    """What its model certainly refuses: settings, tools, attachments."""
    if content.model is None:
        return
    profile = models.profile(content.model)
    for field, message in problems_of(
        content.model, content.settings, profile, tools=bool(content.tools)
    ):
        yield Problem(field, MODEL_UNFIT, message)
    for place, each in enumerate(content.messages or ()):
        for field, message in problems_of(
            content.model, Settings(), profile, attachments=each.attachments
        ):
            yield Problem(f"/messages/{place}{field}", MODEL_UNFIT, message)
