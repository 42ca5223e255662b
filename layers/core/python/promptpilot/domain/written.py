"""Documents that are read back as they were written."""

from typing import Any, cast

from pydantic import (
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from promptpilot.domain.base import Model


class Written(Model):
    """A part of a document: what its author left out is left out when it is read, too."""

    model_config = ConfigDict(serialize_by_alias=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of what is read is that of what was written."""
        return handler(_as_read(core_schema))

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        aliases = {fields[name].alias for name in self.model_fields_set}
        names = aliases | self.model_fields_set
        return {name: value for name, value in handler(self).items() if name in names}


def _as_read(schema: CoreSchema) -> CoreSchema:
    """The schema without how its values are written, also below what a model checks as a whole."""
    inner = cast("dict[str, Any]", {**schema, "serialization": None})
    if schema["type"] in {"function-after", "function-before", "function-wrap"}:
        inner["schema"] = _as_read(inner["schema"])
    return cast("CoreSchema", inner)
