"""The prompts that a prompt includes, and those that they include."""

from collections.abc import Iterable

from promptpilot.domain.prompt import PromptVersion
from promptpilot.ports.table import Table
from promptpilot.services.prompts.version_store import load_version

Included = dict[str, PromptVersion]
"""Versions by the "id@version" that names them."""


def load_included(workspace: str, ref: str, *, table: Table) -> PromptVersion:
    """The version that an include names. Raises `NotFound`."""
    prompt_id, _, version = ref.partition("@")
    return load_version(workspace, prompt_id, version, table=table)


def levels(workspace: str, refs: Iterable[str], *, table: Table) -> Iterable[Included]:
    """What the refs name, then what that includes, and so on: each level without what came before.

    An exact version exists before what includes it, so there are no circles. Raises `NotFound`.
    """
    seen: set[str] = set()
    level = dict.fromkeys(refs)
    while level:
        found = {ref: load_included(workspace, ref, table=table) for ref in level}
        yield found
        seen.update(found)
        level = {
            ref: None for version in found.values() for ref in version.includes if ref not in seen
        }
