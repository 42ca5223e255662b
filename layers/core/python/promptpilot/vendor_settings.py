"""What an operator can set for the vendors of models."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, SecretStr

from promptpilot.domain.model_limits import Limited, ModelLimit


def _none_if_empty(value: Any) -> Any:
    return value or None


def _parse_names(value: Any) -> Any:
    return (
        tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value
    )


def _parse_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Limits = Annotated[Mapping[Limited, ModelLimit], BeforeValidator(_parse_json)]
Url = Annotated[HttpUrl | None, BeforeValidator(_none_if_empty)]
Names = Annotated[tuple[str, ...], BeforeValidator(_parse_names)]
_NO_KEY = SecretStr("")


class VendorSettings(BaseModel):
    """Keys for everybody on this server, and where the vendors are, if not where they usually are.

    The variables are those that the vendors' own tools read, where they have them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    openai_key: SecretStr = Field(_NO_KEY, alias="OPENAI_API_KEY")
    openai_url: Url = Field(None, alias="OPENAI_BASE_URL")
    anthropic_key: SecretStr = Field(_NO_KEY, alias="ANTHROPIC_API_KEY")
    anthropic_url: Url = Field(None, alias="ANTHROPIC_BASE_URL")
    google_key: SecretStr = Field(_NO_KEY, alias="GEMINI_API_KEY")
    google_url: Url = Field(None, alias="GEMINI_BASE_URL")
    bedrock_key: SecretStr = Field(_NO_KEY, alias="AWS_BEARER_TOKEN_BEDROCK")
    bedrock_url: Url = Field(None, alias="AWS_ENDPOINT_URL_BEDROCK_RUNTIME")

    region: str = Field("", alias="AWS_REGION")
    """Where Bedrock is called; on AWS also where everything else is."""
    aws_credentials: Annotated[bool, BeforeValidator(bool)] = Field(
        default=False,
        validation_alias=AliasChoices(
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        ),
    )
    """Whether there are credentials of AWS, which are found where all of its tools find them."""

    platform_keys: Names = Field((), alias="PROMPTPILOT_PLATFORM_KEYS")
    """The vendors whose key for everybody is `models/<vendor>` among the platform's secrets; for
    Bedrock the process's own AWS credentials will do.
    """

    model_limits: Limits = Field(default_factory=dict, alias="PROMPTPILOT_MODEL_LIMITS")
    """How often vendors, or models, are called with the keys for everybody."""

    @property
    def keys(self) -> Mapping[str, SecretStr]:
        """By vendor the key of the environment, empty where there is none."""
        return {
            "openai": self.openai_key,
            "anthropic": self.anthropic_key,
            "google": self.google_key,
            "bedrock": self.bedrock_key,
        }

    @property
    def urls(self) -> Mapping[str, HttpUrl | None]:
        """By vendor where it is; None for its usual place."""
        return {
            "openai": self.openai_url,
            "anthropic": self.anthropic_url,
            "google": self.google_url,
            "bedrock": self.bedrock_url,
        }

    def on_a_function(self) -> Self:
        """The same without the credentials of AWS that every Lambda function has, unless Bedrock is
        meant to be called with them.
        """
        meant = self.aws_credentials and "bedrock" in self.platform_keys
        return self.model_copy(update={"aws_credentials": meant})
