"""Where versions of prompts are kept: they never change, so what was read once stays in memory."""

from promptpilot import keys
from promptpilot.domain.prompt import PromptVersion, is_prompt_id
from promptpilot.domain.semver import Semver, is_semver
from promptpilot.errors import NotFound
from promptpilot.ports.table import Item, Table
from promptpilot.services.lru import LruCache

KIND = "prompt_version"

CACHED_CHARACTERS = 16_000_000
"""How much of versions is kept parsed, in characters of their texts."""

_BASE_WEIGHT = 4_000
"""What a version weighs beside its texts."""

_versions: LruCache[tuple[str, str, str], PromptVersion] = LruCache(CACHED_CHARACTERS)


def version_item(version: PromptVersion) -> Item:
    """The item of a version."""
    padded = Semver.parse(version.version).padded
    return Item(
        key=keys.prompt_version(version.workspace, version.prompt_id, padded),
        kind=KIND,
        body=version.model_dump_json(exclude_none=True),
    )


def remember_version(version: PromptVersion) -> None:
    """Keep a version that has been written."""
    key = (version.workspace, version.prompt_id, version.version)
    weight = _BASE_WEIGHT + sum(len(text) for _, text in version.texts)
    _versions.put(key, version, weight)


def load_version(workspace: str, prompt_id: str, version: str, *, table: Table) -> PromptVersion:
    """One version of a prompt of the workspace, from memory where it was read before.

    Raises `NotFound`, also for what is no id or no version at all.
    """
    known = _versions.get((workspace, prompt_id, version))
    if known is not None:
        return known
    item = None
    if is_prompt_id(prompt_id) and is_semver(version):
        padded = Semver.parse(version).padded
        item = table.get(keys.prompt_version(workspace, prompt_id, padded))
    if item is None:
        raise NotFound(kind="prompt version", id=f"{prompt_id}@{version}")
    found = PromptVersion.model_validate_json(item.body)
    remember_version(found)
    return found
