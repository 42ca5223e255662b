"""Names that a workspace has for models: `alias/cheap`, `alias/best`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from promptpilot.domain.base import Model
from promptpilot.domain.model import ModelName

ALIAS_VENDOR = "alias"
ALIAS_PREFIX = f"{ALIAS_VENDOR}/"

AliasName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


def _concrete(name: str) -> str:
    if name.startswith(ALIAS_PREFIX):
        raise ValueError("an alias stands for models, not for another alias")
    return name


Concrete = Annotated[ModelName, AfterValidator(_concrete)]
"""A model itself."""

AliasModels = Annotated[tuple[Concrete, ...], Field(min_length=1, max_length=6)]


class ModelAliases(Model):
    """What each alias stands for: a model, and those that are asked in turn where it fails. Whoever
    moves an alias moves all that names it, from the next call on.
    """

    aliases: Annotated[Mapping[AliasName, AliasModels], Field(max_length=100)] = {}

    def models(self, name: str) -> tuple[str, ...]:
        """The models that a name stands for: itself, unless it is an alias; none for an alias that
        there is not.
        """
        if not name.startswith(ALIAS_PREFIX):
            return (name,)
        return self.aliases.get(name.removeprefix(ALIAS_PREFIX), ())
