"""The body of a request, validated against a route's type."""

import math
import re
from collections.abc import Iterable
from typing import Any, Generic, TypeVar, cast, get_args, get_origin

from aws_lambda_powertools.event_handler.openapi.compat import ModelField
from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, from_json

from functions.api.refusals import FieldFault, JsonInvalid, MediaTypeUnsupported, Place
from functions.api.requests import HttpRequest

T = TypeVar("T")

JSON = "application/json"
YAML = "application/yaml"
MAX_FAULTS = 100
"""How many faults of one body are listed."""

YAML_TYPES = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})
_MAYBE_NOT_FINITE = re.compile(r"NaN|Infinity|\d[eE]\+?\d{3}|\d{300}")
_PLACE = re.compile(r" at line (\d+) column (\d+)$")


class Unchecked(Generic[T]):
    """A body that is meant to be a `T`, as it was written: JSON or YAML, read but not validated,
    for a service that tells everything that is wrong with it at once.
    """

    def __init__(self, values: Any) -> None:
        self.values = values

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In the OpenAPI document it is a `T`."""
        return handler.generate_schema(get_args(source)[0])


class BodyReader:
    """Reads the body of one route."""

    def __init__(self, field: ModelField) -> None:
        annotation = cast("Any", field.field_info.annotation)
        self.name = field.name
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self._unchecked = get_origin(annotation) is Unchecked
        self._optional = not field.required
        self._default = field.get_default() if self._optional else None

    def read(self, request: HttpRequest, faults: list[FieldFault]) -> Any:
        """The validated body, or None with `faults` told. Raises `JsonInvalid`,
        `MediaTypeUnsupported`, `TooLarge`.
        """
        text = request.content()
        if not text and self._optional:
            return self._default
        is_yaml = self._is_yaml(request.headers_sent.get("content-type"))
        if self._unchecked:
            return Unchecked(_values(text, is_yaml))
        try:
            value = self._adapter.validate_json(text)
        except ValidationError as error:
            faults += body_faults(error, text)
            return None
        if _MAYBE_NOT_FINITE.search(text if isinstance(text, str) else text.decode()):
            _refuse_numbers_that_are_not_finite(from_json(text))
        return value

    def _is_yaml(self, content_type: str | None) -> bool:
        kind = (content_type or JSON).partition(";")[0].strip().lower()
        if kind == JSON or kind.endswith("+json"):
            return False
        if self._unchecked and kind in YAML_TYPES:
            return True
        raise MediaTypeUnsupported(accepted=(JSON, YAML) if self._unchecked else (JSON,))


def _values(text: str | bytes, is_yaml: bool) -> Any:
    # Brings what reads YAML; few processes are ever sent a workflow.
    from promptpilot.compiler.reading import read_document  # noqa: PLC0415 - see above

    if not is_yaml:
        try:
            from_json(text)
        except ValueError as error:
            raise _unreadable(str(error)) from error
    return read_document(text, yaml=is_yaml)


def body_faults(error: ValidationError, text: str | bytes) -> list[FieldFault]:
    """What pydantic found wrong, as faults. Raises `JsonInvalid` where the text is not JSON."""
    details = error.errors(include_url=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        raise _unreadable(str(details[0]["ctx"]["error"]))
    sent = from_json(text)
    return [
        _fault(each, "body", _pointer(_existing(each["loc"], sent)))
        for each in details[:MAX_FAULTS]
    ]


def parameter_fault(detail: ErrorDetails, part: Place, name: str) -> FieldFault:
    """What pydantic found wrong with one parameter, as a fault."""
    return _fault(detail, part, _pointer([name]))


def _unreadable(told: str) -> JsonInvalid:
    place = _PLACE.search(told)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    return JsonInvalid(reason=_PLACE.sub("", told), line=line, column=max(1, column))


def _fault(detail: ErrorDetails, part: Place, at: str) -> FieldFault:
    message = detail["msg"].removeprefix("Value error, ")
    return FieldFault(part=part, at=at, code=detail["type"], message=message)


def _pointer(location: Iterable[int | str]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def _existing(location: tuple[int | str, ...], sent: Any) -> list[int | str]:
    """The location without pydantic's own steps into the members of a union, which no client
    wrote: what is not in the body is left out, save for a missing field's name at the end.
    """
    kept: list[int | str] = []
    for place, part in enumerate(location):
        if isinstance(sent, dict) and part in sent:
            sent = sent[str(part)]
        elif isinstance(sent, list) and isinstance(part, int) and part < len(sent):
            sent = sent[part]
        elif not (isinstance(sent, dict) and place == len(location) - 1):
            continue
        kept.append(part)
    return kept


def _refuse_numbers_that_are_not_finite(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise JsonInvalid(reason="it has a number that is not finite")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _refuse_numbers_that_are_not_finite(each)
