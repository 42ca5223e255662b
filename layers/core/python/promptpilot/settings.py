"""What an operator can set from outside. The only reader of the environment."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
)

from promptpilot.errors import Invalid


def _parse_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


class CustomModels(BaseModel):
    """One OpenAI-compatible server, whose models are called `custom/<its name here>/<model>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: HttpUrl
    api_key: SecretStr = SecretStr("")
    models: tuple[str, ...] = ()
    """The names of models to list; others of the same server can be called as well."""


class Settings(BaseModel):
    """Read once at start by `Settings.read()`; passed to whoever needs it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    data: Path = Field(Path(".promptpilot"), alias="PROMPTPILOT_DATA")
    """The folder that holds everything durable of the embedded platform."""

    custom_models: Annotated[Mapping[str, CustomModels], BeforeValidator(_parse_json)] = Field(
        default_factory=dict, alias="PROMPTPILOT_CUSTOM_MODELS"
    )

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process. Raises `Invalid` with every wrong variable named."""
        try:
            return cls.model_validate(dict(os.environ if environ is None else environ))
        except ValidationError as error:
            # Told without what was given, which may hold a key; so the cause is not shown either.
            told = error.errors(include_url=False, include_input=False, include_context=False)
            wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in told)
            raise Invalid(reason="; ".join(wrong)) from None
