"""Whether the models that prompt steps may ask take what they would be asked."""

from collections.abc import Iterator, Mapping

from promptpilot.compiler.draft import Draft
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.model_fit import problems_of
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.errors import Problem
from promptpilot.ports.models import Models
from promptpilot.services.prompts.model_checks import MODEL_UNFIT


def model_problems(
    draft: Draft, prompts: Mapping[str, PromptVersion], *, models: Models
) -> Iterator[Problem]:
    """What the models of steps certainly refuse, as far as they are known before the run.
    `prompts` are those of the steps, by step id.
    """
    for node in draft.nodes(PromptStep):
        if node.id in prompts:
            yield from _problems(node, prompts[node.id], models)


def _problems(node: Node[PromptStep], prompt: PromptVersion, models: Models) -> Iterator[Problem]:
    settings = node.step.settings_over(prompt.settings)
    tools = bool(prompt.tools or node.step.tools)
    attached = [each for message in prompt.messages or () for each in message.attachments]
    for name, at in _named(node, prompt):
        found = problems_of(name, settings, models.profile(name), tools=tools, attachments=attached)
        for field, message in found:
            yield Problem(_place(field, node, at), MODEL_UNFIT, message)


def _named(node: Node[PromptStep], prompt: PromptVersion) -> Iterator[tuple[str, str]]:
    """The models that the step may ask, each with where it is named; not one that is computed."""
    if node.step.model is None:
        if prompt.model is not None:
            yield prompt.model, pointer(node.at, "prompt")
    elif node.step.named_model is not None:
        yield node.step.named_model, pointer(node.at, "model")
    for place, name in enumerate(node.step.fallbacks):
        yield name, pointer(node.at, "fallbacks", place)


def _place(field: str, node: Node[PromptStep], named_at: str) -> str:
    """Where the step says what is not taken; where it names the model, if the prompt says it."""
    _, first, *rest = field.split("/")
    own = getattr(node.step, first, None)
    if first == "settings" and own is not None:
        own = rest[0] in own.model_fields_set
    return pointer(node.at, first, *rest) if own else named_at
