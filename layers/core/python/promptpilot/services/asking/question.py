"""What a model is asked, for whom, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptpilot.domain.base import digest_of
from promptpilot.domain.message import MAX_TOOLS, Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.domain.prompt import PromptVersion
from promptpilot.ports.table import Table
from promptpilot.services.asking.patience import STEP, Patience
from promptpilot.services.asking.toolbox import Toolbox
from promptpilot.services.prompts.versions import render_messages
from promptpilot.step_errors import StepInvalid


@dataclass(frozen=True, slots=True)
class Caching:
    """For how long answers to the requests of a prompt's version stand, in seconds."""

    workspace: str
    prompt_digest: str
    seconds: int

    def key(self, request: ModelRequest) -> str:
        """What equal requests have in common; nothing of their contents can be read from it.

        Time limits do not matter.
        """
        asked = request.model_dump(mode="json", exclude={"timeout", "first_token_timeout"})
        digest = digest_of({"prompt": self.prompt_digest, "request": asked})
        return f"answer/{self.workspace}/{digest}"


@dataclass(frozen=True, slots=True)
class Question:
    """A request of a workspace; which models may be asked instead; how long an answer stands; how
    often one model is asked again; which tools are used for it.
    """

    workspace: str
    request: ModelRequest
    fallbacks: tuple[str, ...] = ()
    caching: Caching | None = None
    patience: Patience = STEP
    toolbox: Toolbox | None = None


def model_request(
    prompt: PromptVersion,
    variables: Mapping[str, Any],
    *,
    model: str | None = None,
    settings: Settings | None = None,
    tools: Sequence[Tool] = (),
    timeout: float,
    table: Table,
) -> ModelRequest:
    """The rendered request for a prompt version; `model` and `settings` override the version's own,
    `tools` are added to those that it declares.

    `timeout` is in seconds. Raises `StepInvalid` where no model is named anywhere and for too many
    tools, and what rendering raises (`VariablesInvalid`, `RenderFailed`).
    """
    name = model or prompt.model
    if name is None:
        raise StepInvalid(reason="Neither the step nor the prompt version names a model.")
    if len(prompt.tools) + len(tools) > MAX_TOOLS:
        reason = f"The prompt and the step have more than {MAX_TOOLS} tools together."
        raise StepInvalid(reason=reason)
    chosen = prompt.settings
    if settings is not None:
        chosen = chosen.model_copy(update=settings.model_dump(exclude_unset=True))
    return ModelRequest(
        model=name,
        messages=render_messages(prompt, variables, table=table),
        settings=chosen,
        output_schema=prompt.output_schema,
        tools=(*prompt.tools, *tools),
        timeout=timeout,
    )
