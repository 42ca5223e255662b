"""Lists in pages: `limit` and a signed cursor in, the items and the next cursor out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, cast

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict

from functions.api.principal import Caller
from functions.api.requests import HttpRequest
from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.platform import current
from promptpilot.ports.table import Position
from promptpilot.services.cursors import open_cursor, seal_cursor

T = TypeVar("T")


class Listing(BaseModel, Generic[T]):
    """Some items, and the cursor that goes on after them; null at the end."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    items: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for. `list` names the list that its cursors belong to."""

    list: tuple[str, ...]
    limit: int
    after: Position | None

    def cursor(self, next: Position | None) -> str | None:
        """The cursor that goes on after this page."""
        if next is None:
            return None
        return seal_cursor(next, list=self.list, key=current().cursor_key)

    def page(self, items: Sequence[T], next: Position | None) -> Listing[T]:
        """The page as clients read it. The items were validated when they were made."""
        return Listing[T].model_construct(items=tuple(items), next_cursor=self.cursor(next))


def paging(
    request: Request,
    principal: Caller,
    limit: Annotated[int, Query(ge=1, le=100, description="How many items at most.")] = 50,
    cursor: Annotated[
        str | None,
        Query(max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the page before."),
    ] = None,
) -> Paging:
    """The page that the query asks for. A cursor goes on in the same list only: same workspace,
    same path, same filters.
    """
    filters = sorted(
        f"{name}={value}"
        for name, values in cast("HttpRequest", request).fields.items()
        for value in values
        if name not in {"limit", "cursor"}
    )
    path = request.route.format(**request.path_parameters)
    of = (principal.workspace, path, *filters)
    after = None if cursor is None else open_cursor(cursor, list=of, key=current().cursor_key)
    return Paging(list=of, limit=limit, after=after)


PageAsked = Annotated[Paging, Depends(paging)]
