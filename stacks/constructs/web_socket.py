"""The WebSocket API by which clients are told what happens while it happens."""

from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.function import Function
from stacks.settings import Settings

STAGE = "live"
CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
ROUTES = {CONNECT: "Connect", DISCONNECT: "Disconnect", DEFAULT: "Message"}
CONNECTIONS = "A connection's id is API Gateway's, and new each time."
ONLY_ON_CONNECT = (
    "A WebSocket API authorises $connect alone; what comes later comes by a connection that was "
    "authorised."
)
NO_ACCESS_LOG = (
    "A WebSocket API writes access logs by a role that is set once for the account and region, "
    "which a deployment must not change for others. The function logs who connects."
)


class WebSocket(Construct):
    """The API and its one stage. Routes are added by `serve`, since their function needs to know
    the stage.
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "WebSocket")
        self._api = apigateway.WebSocketApi(
            self, "Api", api_name=f"{settings.prefix}-live", description="What happens, live"
        )
        self._stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self._api,
            stage_name=STAGE,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.throttling.rate, burst_limit=settings.throttling.burst
            ),
        )
        acknowledge(self._stage, {"AwsSolutions-APIG1": NO_ACCESS_LOG})

    @property
    def url(self) -> str:
        """Where clients connect, by wss."""
        return self._stage.url

    @property
    def origin(self) -> str:
        """The URL without its path, as a content security policy names it."""
        return self._api.api_endpoint

    @property
    def variables(self) -> dict[str, str]:
        """For a function that pushes messages."""
        return {"PROMPTPILOT_LIVE_ENDPOINT": self._stage.callback_url}

    def serve(self, function: Function, authorizer: Function) -> None:
        """Have `function` handle all that comes, of those whom `authorizer` lets connect, and let
        it push messages back.
        """
        # No identity source: a browser sends its token among the subprotocols, others in a header.
        allowed = WebSocketLambdaAuthorizer("Authorizer", authorizer.target, identity_source=[])
        self._route(CONNECT, function, authorizer=allowed)
        for route in (DISCONNECT, DEFAULT):
            acknowledge(self._route(route, function), {"AwsSolutions-APIG4": ONLY_ON_CONNECT})
        self.allow_pushing(function)

    def allow_pushing(self, function: Function) -> None:
        """Let `function` push messages to those who are connected."""
        here, there = Stack.of(self), Stack.of(function)
        api = self._api.api_id
        if here.node.path != there.node.path:  # said as it will be, for it is acknowledged by name
            api = here.export_value(api)
        connections = there.format_arn(
            service="execute-api",
            resource=api,
            resource_name=f"{STAGE}/*/@connections/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        function.allow(["execute-api:ManageConnections"], connections, wildcard_because=CONNECTIONS)

    def _route(self, key: str, function: Function, **more: Any) -> apigateway.WebSocketRoute:
        name = ROUTES[key]
        return apigateway.WebSocketRoute(
            self,
            name,
            web_socket_api=self._api,
            route_key=key,
            integration=WebSocketLambdaIntegration(name, function.function),
            **more,
        )
