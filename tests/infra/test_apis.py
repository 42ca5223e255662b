"""Nobody is let in without a token, but where the product says so."""

import json
import re
from collections.abc import Iterator

from functions.api.app import api
from functions.api.operation import Operation
from functions.api.principal import signed_in
from tests.infra.templates import Deployment, Properties, text

PREFIX = "/api"
GREEDY = re.compile(r"\{[a-z]+\+\}$")


def test_all_but_the_public_routes_ask_the_authorizer(deployment: Deployment) -> None:
    closed = [each for each in _routes(deployment) if each["AuthorizationType"] != "NONE"]

    (default,) = closed
    assert default["RouteKey"] == "$default"
    assert default["AuthorizationType"] == "CUSTOM"
    assert "AuthorizerId" in default


def test_a_public_route_is_public_with_and_without_cloudfronts_prefix(
    deployment: Deployment,
) -> None:
    routes = set(_public(deployment))
    plain = {(method, path) for method, path in routes if not path.startswith(PREFIX)}

    assert routes == plain | {(method, PREFIX + path) for method, path in plain}


def test_what_the_product_answers_to_anybody_is_public(deployment: Deployment) -> None:
    for method, path in _routes_of_the_product(with_token=False):
        assert _is_public(deployment, method, path), (method, path)


def test_what_the_product_asks_a_token_for_is_not_public(deployment: Deployment) -> None:
    for method, path in _routes_of_the_product(with_token=True):
        assert not _is_public(deployment, method, path), (method, path)


def test_every_public_route_leads_to_one_of_the_product(deployment: Deployment) -> None:
    open_routes = [*_routes_of_the_product(with_token=False)]
    for public, pattern in _public(deployment):
        if not pattern.startswith(PREFIX):
            assert any(
                public == method and _covers(pattern, path) for method, path in open_routes
            ), pattern


def test_an_answer_of_the_authorizer_is_kept_for_five_minutes_by_token(
    deployment: Deployment,
) -> None:
    authorizer = deployment.one("AWS::ApiGatewayV2::Authorizer", "api").properties

    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 300
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True


def test_requests_are_throttled(deployment: Deployment) -> None:
    for stage in deployment.all("AWS::ApiGatewayV2::Stage"):
        limits = stage.properties["DefaultRouteSettings"]
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"], stage


def test_the_access_log_is_json_without_what_is_nobodys_business(deployment: Deployment) -> None:
    settings = deployment.one("AWS::ApiGatewayV2::Stage", "api").properties["AccessLogSettings"]
    log = json.loads(settings["Format"])

    assert log["request_id"] == "$context.requestId"
    for secret in ("header", "Authorization", "token", "queryString", "sourceIp", "userAgent"):
        assert secret.lower() not in settings["Format"].lower()


def test_a_connection_is_authorised_when_it_is_made(deployment: Deployment) -> None:
    routes = {
        each.properties["RouteKey"]: each.properties["AuthorizationType"]
        for each in deployment.all("AWS::ApiGatewayV2::Route")
        if each.stack == "live"
    }

    assert routes == {"$connect": "CUSTOM", "$disconnect": "NONE", "$default": "NONE"}


def test_a_browser_may_send_its_token_among_the_subprotocols(deployment: Deployment) -> None:
    authorizer = deployment.one("AWS::ApiGatewayV2::Authorizer", "live").properties

    assert authorizer["IdentitySource"] == []  # any would be asked for, and all of them


def test_both_apis_have_the_same_authorizer(deployment: Deployment) -> None:
    uris = [
        text(each.properties["AuthorizerUri"])
        for each in deployment.all("AWS::ApiGatewayV2::Authorizer")
    ]

    assert len(uris) == 2
    assert len(set(uris)) == 1
    assert "authorizer" in uris[0]


def test_the_function_knows_where_its_connections_are(deployment: Deployment) -> None:
    endpoint = text(deployment.variables("live")["PROMPTPILOT_LIVE_ENDPOINT"])

    assert endpoint.startswith("https://")
    assert endpoint.endswith("/live")


def _routes(deployment: Deployment) -> list[Properties]:
    return [
        each.properties
        for each in deployment.all("AWS::ApiGatewayV2::Route")
        if each.stack == "api"
    ]


def _public(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for route in _routes(deployment):
        if route["AuthorizationType"] == "NONE":
            method, path = route["RouteKey"].split(" ")
            yield method, path


def _is_public(deployment: Deployment, method: str, path: str) -> bool:
    public = _public(deployment)
    return any(method == of and _covers(pattern, path) for of, pattern in public)


def _covers(pattern: str, path: str) -> bool:
    """Whether API Gateway takes `path` for `pattern`."""
    greedy = GREEDY.search(pattern)
    if greedy is None:
        return pattern == path
    start = pattern[: greedy.start()]
    return path.startswith(start) and len(path) > len(start)


def _routes_of_the_product(*, with_token: bool) -> list[tuple[str, str]]:
    """Methods and paths; a parameter of a path stands for itself, as `<name>`."""
    return [
        (route.method, route.path)
        for route in api.routes
        if Operation(route).plan.depends_on(signed_in) is with_token
    ]
