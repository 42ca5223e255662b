"""The resolver: Powertools' for API Gateway HTTP APIs, made safe for requests that run at once.

Powertools keeps the current event in class attributes and builds a route's middlewares on its first
request. On Lambda one process handles one request at a time; the embedded server does not, and
there one request would see another's event, and with it another user's identity. So here a
request's state travels in an argument, is also reachable through a context variable under
Powertools' own names, and what is read of a route is the same whoever reads it first.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from functions.api.operation import Answer, Operation
from functions.api.requests import Event, HttpRequest, path_within
from functions.api.route_table import RouteTable


@dataclass(slots=True)
class RequestState:
    """What one request is about, under the names that Powertools has for it."""

    event: Event = field(default_factory=dict)
    lambda_context: Any = None
    context: dict[str, Any] = field(default_factory=dict)


class Resolver(APIGatewayHttpResolver):
    """Routes are registered as with Powertools; `prepare` comes after the last of them."""

    def __init__(self) -> None:
        self._outside = RequestState()
        self._state: ContextVar[RequestState] = ContextVar("request", default=self._outside)
        super().__init__()
        self._table = RouteTable(())

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route that is registered."""
        return (*self._static_routes, *self._dynamic_routes)

    def prepare(self) -> None:
        """Build the table of the routes. To be called after the last is registered."""
        self._table = RouteTable([Operation(route) for route in self.routes])

    def resolve(self, event: Mapping[str, Any], context: Any) -> Answer:
        """Answer one request. Errors of a route are raised, for the handler to answer."""
        state = RequestState(dict(event), context)
        token = self._state.set(state)
        try:
            return self._answer(state.event)
        finally:
            self._state.reset(token)

    def route_of(self, event: Mapping[str, Any]) -> str:
        """The template of the path that the request is for. Raises where there is none."""
        entry, _ = self._table.find(path_within(dict(event)))
        return str(next(iter(entry.operations.values())).route.openapi_path)

    def _answer(self, event: Event) -> Answer:
        method = event["requestContext"]["http"]["method"]
        entry, parameters = self._table.find(path_within(event))
        if method == "OPTIONS":
            return _empty(204, {"Allow": ", ".join(entry.allowed)})
        operation = entry.operation(method)
        answer = operation(HttpRequest(event, operation.route.openapi_path, parameters))
        if method == "HEAD":
            answer["body"] = ""
        return answer

    @property
    def current_event(self) -> APIGatewayProxyEventV2:
        """The event of the request that this context handles."""
        return APIGatewayProxyEventV2(self._state.get().event)

    @current_event.setter
    def current_event(self, value: BaseProxyEvent) -> None:
        self._state.get().event = value.raw_event

    @property
    def lambda_context(self) -> Any:
        """The Lambda context of the request that this context handles."""
        return self._state.get().lambda_context

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._state.get().lambda_context = value

    @property
    def context(self) -> dict[str, Any]:
        """What is kept about the request that this context handles."""
        return self._state.get().context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        self._state.get().context = value


def _empty(status: int, headers: dict[str, str]) -> Answer:
    return {"statusCode": status, "headers": headers, "body": "", "isBase64Encoded": False}
