"""Amazon Bedrock's models, which all speak the format of its Converse API."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import SecretStr

from promptpilot.adapters.models.bedrock.errors import bedrock_error
from promptpilot.adapters.models.bedrock.reply import completion
from promptpilot.adapters.models.bedrock.request import request_body
from promptpilot.adapters.models.bedrock.signing import api_key, default_credentials, sigv4
from promptpilot.adapters.models.bedrock.stream import ConverseStream
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import KeySource
from promptpilot.adapters.models.http.wire import Authorize, Call, Reply
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError

AMAZON_EVENT_STREAM = "application/vnd.amazon.eventstream"
_JSON = "application/json"
_DOMAINS = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}
"""Of AWS's partitions those with another domain, by how their regions begin (AWS General
Reference)."""


class BedrockConverse:
    """The format; models are called `prefix` and what Converse takes as a modelId: the id of
    a model or of an inference profile, or an ARN.
    """

    stream_type = AMAZON_EVENT_STREAM

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """A POST to Converse or ConverseStream of the model."""
        model = request.model.removeprefix(self._prefix)
        operation, accept = (
            ("converse-stream", AMAZON_EVENT_STREAM) if stream else ("converse", _JSON)
        )
        return Call(
            f"model/{quote(model, safe='~')}/{operation}",
            request_body(request, model, attachments),
            {"Accept": accept, "Content-Type": _JSON},
        )

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """The message of the answer."""
        return completion(reply, asked=request.model, prefix=self._prefix)

    def reader(self, request: ModelRequest, on_text: OnText) -> ConverseStream:
        """Reads events until the metadata."""
        return ConverseStream(on_text, asked=request.model, prefix=self._prefix)

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """By the error's type, or else the status."""
        return bedrock_error(status, headers, body, model)


def bedrock_url(region: str) -> str:
    """Where Bedrock's runtime is in that region."""
    domain = next((each for start, each in _DOMAINS.items() if region.startswith(start)), None)
    return f"https://bedrock-runtime.{region}.{domain or 'amazonaws.com'}"


def bedrock(
    region: str,
    authorize: Authorize | None = None,
    *,
    endpoint: str = "",
    prefix: str = "bedrock/",
) -> HttpModelClient:
    """The models of Bedrock in `region`, or at `endpoint` (what AWS_ENDPOINT_URL_BEDROCK_RUNTIME
    says), as whom `authorize` says: by default with the credentials that are found here.

    Raises `Invalid` for an `endpoint` that no path can be added to.
    """
    connections = Connections(endpoint or bedrock_url(region), name=prefix)
    signed = authorize or sigv4(default_credentials, region)
    return HttpModelClient(connections, BedrockConverse(prefix), signed)


def bedrock_with_key(
    region: str, key: SecretStr | KeySource, *, endpoint: str = "", prefix: str = "bedrock/"
) -> HttpModelClient:
    """The same, with a Bedrock API key in place of credentials."""
    return bedrock(region, api_key(key), endpoint=endpoint, prefix=prefix)
