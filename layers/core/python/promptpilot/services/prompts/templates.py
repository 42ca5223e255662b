"""Rendering the texts of a prompt version; what has been compiled once stays ready."""

from collections.abc import Mapping
from typing import Any

from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.template import CompiledTemplates
from promptpilot.domain.template_syntax import TemplateText
from promptpilot.domain.variables import checked_values
from promptpilot.ports.table import Table
from promptpilot.services.lru import LruCache
from promptpilot.services.prompts.includes import levels

CACHED_CHARACTERS = 8_000_000
"""How much is kept compiled, in characters of the sources."""

_BASE_WEIGHT = 16_000
"""What a compiled version weighs beside its sources: its environment."""

_compiled: LruCache[str, CompiledTemplates] = LruCache(CACHED_CHARACTERS)


def render_texts(
    version: PromptVersion, variables: Mapping[str, Any], *, table: Table
) -> tuple[str, ...]:
    """The version's texts with these variables, in order.

    Raises `VariablesInvalid` with everything wrong with the variables, `RenderFailed`, `TooLarge`.
    """
    return texts_with(version, checked_values(version.variables, variables), table=table)


def texts_with(
    version: PromptVersion, values: Mapping[str, Any], *, table: Table
) -> tuple[str, ...]:
    """The version's texts with values that have been checked. Raises `RenderFailed`, `TooLarge`."""
    return _templates(version, table).render(values)


def _templates(version: PromptVersion, table: Table) -> CompiledTemplates:
    """The compiled texts. A digest stands for them whole: it covers what they include."""
    known = _compiled.get(version.digest)
    if known is not None:
        return known
    includes = {
        ref: included.content or ""
        for level in levels(version.workspace, version.includes, table=table)
        for ref, included in level.items()
    }
    compiled = CompiledTemplates([TemplateText(*text) for text in version.texts], includes)
    weight = sum(map(len, [*includes.values(), *(text for _, text in version.texts)]))
    _compiled.put(version.digest, compiled, _BASE_WEIGHT + weight)
    return compiled
