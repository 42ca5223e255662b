"""Rendering a prompt for a person to look at: what a model would be sent."""

from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.prompt_document import Rendered, RenderRequest
from promptpilot.ports.table import Table
from promptpilot.services.prompts.templates import render_texts
from promptpilot.services.prompts.versions import render_messages, resolve_ref


def render_prompt(
    principal: Principal, id: str, request: RenderRequest, *, table: Table
) -> Rendered:
    """Render a version with these variables.

    Raises `NotFound`, `Invalid`, `VariablesInvalid`, `RenderFailed`, `TooLarge`.
    """
    principal.require(Action.PROMPT_READ)
    ref = PromptRef(id=id, version=request.version, label=request.label)
    version = resolve_ref(principal.workspace, ref, table=table)
    if version.messages is None:
        text = render_texts(version, request.variables, table=table)[0]
        return Rendered(text=text, version=version.version, digest=version.digest)
    messages = render_messages(version, request.variables, table=table)
    return Rendered(messages=messages, version=version.version, digest=version.digest)
