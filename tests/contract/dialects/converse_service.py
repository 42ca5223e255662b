"""What Converse refuses, by botocore's description of the service, and by what its documentation
and its messages say beyond that.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

_DOCUMENT_NAME = re.compile(r"(?!.*\s\s)[A-Za-z0-9\s\-()\[\]]{1,200}")


@cache
def service() -> ServiceModel:
    """botocore's description of the service."""
    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def check_request(model: str, operation: str, body: Mapping[str, Any]) -> None:
    """Fails where the service would refuse it."""
    shape = (
        service()
        .operation_model("Converse" if operation == "converse" else "ConverseStream")
        .input_shape
    )
    report = ParamValidator().validate({"modelId": model, **_with_bytes(body)}, shape)
    assert not report.has_errors(), report.generate_report()
    roles = [each["role"] for each in body["messages"]]
    assert roles == [("user", "assistant")[n % 2] for n in range(len(roles))], "has to alternate"
    blocks = [of for each in body["messages"] for of in each["content"]]
    assert all(of["text"].strip() for of in blocks if "text" in of), "blank text"
    if any(of.keys() & {"toolUse", "toolResult"} for of in blocks):
        assert body.get("toolConfig"), "has to be defined when using toolUse and toolResult"
    names = [of["document"]["name"] for of in blocks if "document" in of]
    assert all(_DOCUMENT_NAME.fullmatch(each) for each in names), names
    assert len(set(names)) == len(names), "duplicate document names"


def _with_bytes(value: Any) -> Any:
    """As botocore wants it: in place of base64 what it stands for."""
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: b64decode(of, validate=True)
        if name in ("bytes", "redactedContent") and isinstance(of, str)
        else _with_bytes(of)
        for name, of in value.items()
    }
