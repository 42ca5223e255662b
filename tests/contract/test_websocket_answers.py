"""What `WebSocketConnections` makes of API Gateway's refusals. moto has none."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.session import Session

from promptpilot.adapters.aws.websocket_connections import WebSocketConnections
from promptpilot.errors import TooLarge, Unavailable
from tests.contract.live_stages import canned
from tests.contract.stores import REGION


def connections(answer: Any) -> WebSocketConnections:
    """Connections whose every request is answered by a function of the request."""
    session = Session()
    session.set_credentials("testing", "testing")
    client = session.create_client(
        "apigatewaymanagementapi",
        REGION,
        endpoint_url="https://api.example/live",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )
    client.meta.events.register("before-send", answer)
    return WebSocketConnections(client)


def refusing(status: int, code: str) -> WebSocketConnections:
    return connections(lambda request, **_: canned(request.url, status, code))


@pytest.mark.parametrize(("status", "code"), [(410, "GoneException"), (400, "BadRequestException")])
def test_what_is_gone_or_was_never_there_is_gone(status: int, code: str) -> None:
    live = refusing(status, code)
    assert live.send("connection", "hello") is False
    live.close("connection")


def test_a_payload_that_api_gateway_calls_too_large_is_too_large() -> None:
    with pytest.raises(TooLarge):
        refusing(413, "PayloadTooLargeException").send("connection", "hello")


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "LimitExceededException"), (403, "ForbiddenException"), (500, "InternalServerError")],
)
def test_other_refusals_leave_it_open(status: int, code: str) -> None:
    live = refusing(status, code)
    with pytest.raises(Unavailable):
        live.send("connection", "hello")
    with pytest.raises(Unavailable):
        live.close("connection")


def test_an_answer_that_does_not_come_leaves_it_open() -> None:
    def silence(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://api.example")

    with pytest.raises(Unavailable):
        connections(silence).send("connection", "hello")


def test_the_id_is_part_of_the_path_whatever_is_in_it() -> None:
    urls: list[str] = []

    def answer(request: Any, **_: Any) -> Any:
        urls.append(request.url)
        return canned(request.url, 410, "GoneException")

    connections(answer).send("L0SM9cOF/../HcCIhw=", "hello")
    assert urls == ["https://api.example/live/@connections/L0SM9cOF%2F..%2FHcCIhw%3D"]
