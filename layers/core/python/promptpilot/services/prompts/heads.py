"""The heads of prompts, and finding one by its name."""

from promptpilot import keys
from promptpilot.domain.json_value import is_unicode
from promptpilot.domain.prompt import MAX_NAME_LENGTH, Prompt, is_prompt_id
from promptpilot.errors import Conflict, NotFound
from promptpilot.ports.table import Index, Item, Table
from promptpilot.services.heads import Head, HeadStore

PROMPTS: HeadStore[Prompt] = HeadStore(
    "prompt",
    Prompt,
    key=keys.prompt,
    is_id=is_prompt_id,
    places=lambda prompt: {
        "gsi1": keys.prompts(prompt.workspace, prompt.id),
        "gsi2": keys.prompts_named(prompt.workspace, prompt.name, prompt.id),
    },
)


def find_head(workspace: str, name: str, *, table: Table) -> Head[Prompt]:
    """The head of the only prompt of that name. Raises `NotFound`, `Conflict` for several."""
    items: tuple[Item, ...] = ()
    if is_unicode(name) and len(name) <= MAX_NAME_LENGTH:
        partition = keys.prompts_named(workspace, name).partition
        items = table.query(partition, index=Index.GSI2, limit=10).items
    if not items:
        raise NotFound(kind="prompt", id=name)
    if len(items) > 1:
        ids = ", ".join(PROMPTS.of(item).subject.id for item in items)
        raise Conflict(reason=f"Several prompts are named {name!r}: {ids}. Use an id.")
    return PROMPTS.of(items[0])
