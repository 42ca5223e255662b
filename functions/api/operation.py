"""One route, ready to be called."""

import base64
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from pydantic import BaseModel

from functions.api.binding import Plan
from functions.api.requests import HttpRequest

Answer = dict[str, Any]
"""A Lambda proxy response: `statusCode`, `headers`, `body`, `isBase64Encoded`."""

Around = Callable[[HttpRequest, Callable[[], Answer]], Answer]
"""What a route's `middlewares` are here: called with the request and what comes next."""

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}


class Operation:
    """A route: how to bind it, what goes around it, its status."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._around: tuple[Around, ...] = tuple(cast("list[Around]", route.middlewares[::-1]))

    @cached_property
    def plan(self) -> Plan:
        """How the route gets its arguments, read from its signature when it is first needed: a
        process on AWS serves few of the routes in its life. Read twice at once, it is the same.
        """
        return Plan(self.route.dependant)

    def goes_through(self, around: Around) -> bool:
        """Whether the route has that around it."""
        return around in self._around

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer the request. Whatever the route raises is raised."""
        arguments = self.plan.arguments(request)

        def run() -> Answer:
            return answer(self.route.func(**arguments), self.route.status_code)

        for around in self._around:
            run = _wrapped(around, request, run)
        return run()


def _wrapped(
    around: Around, request: HttpRequest, run: Callable[[], Answer]
) -> Callable[[], Answer]:
    return lambda: around(request, run)


def answer(result: object, status: int) -> Answer:
    """What a route returned, as the response of a Lambda function.

    Models are written as JSON once, straight from the model.
    """
    headers: Mapping[str, Any] = JSON_HEADERS
    body = result
    if isinstance(result, Response):
        status, body = result.status_code, result.body
        headers = result.headers
    if isinstance(body, BaseModel):
        body, headers = body.model_dump_json(), {**JSON_HEADERS, **headers}
    encoded = isinstance(body, bytes)
    if isinstance(body, bytes):
        body = base64.b64encode(body).decode()
    return {
        "statusCode": int(status),
        "headers": dict(headers),
        "body": body or "",
        "isBase64Encoded": encoded,
    }
