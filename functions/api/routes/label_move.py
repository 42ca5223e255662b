"""What is sent to move a label, of whatever has labels."""

from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import Model
from promptpilot.errors import NotFound

LABEL_UNKNOWN = NotFound(kind="label", id="staging")


class LabelMove(Model):
    """Where a label points to, and whether only admins may move it from now on."""

    version: Annotated[str, Field(max_length=100)]
    protected: bool | None = None
