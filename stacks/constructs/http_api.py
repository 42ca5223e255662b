"""The HTTP API: one function behind it, and an authorizer before all but the public routes."""

import json

from aws_cdk import ArnFormat, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.function import Function
from stacks.constructs.log_retention import retention
from stacks.settings import Settings

PREFIX = "/api"
"""What CloudFront leaves before a path; the product takes paths with and without."""

PUBLIC_ROUTES = (
    "POST /auth/{proxy+}",
    "GET /health",
    "GET /openapi.json",
    "GET /workflows/schema",
    "GET /docs",
    "GET /docs/{proxy+}",
)
"""What is answered to anybody: how one gets a token, and what the API is."""

ANSWERS_KEPT = Duration.minutes(5)
PUBLIC = "Whoever calls this has no token yet, or needs none: it says nothing of anybody."

ACCESS_LOG = {
    "request_id": "$context.requestId",
    "at": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "function_milliseconds": "$context.integration.latency",
    "bytes": "$context.responseLength",
    "user": "$context.authorizer.user",
    "error": "$context.error.messageString",
    "function_error": "$context.integration.error",
    "authorizer_error": "$context.authorizer.error",
}
"""Neither headers, which hold tokens, nor queries, nor addresses."""


class HttpApi(Construct):
    """The API with its default stage."""

    def __init__(
        self, scope: Construct, settings: Settings, *, function: Function, authorizer: Function
    ) -> None:
        super().__init__(scope, "HttpApi")
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"{settings.prefix}-api",
            description="The product's HTTP API",
            create_default_stage=False,
        )
        self._add_stage(settings)
        integration = HttpLambdaIntegration(
            "Function",
            function.target,
        )
        self._add_public_routes(integration)
        apigateway.HttpRoute(
            self,
            "EverythingElse",
            http_api=self.api,
            route_key=apigateway.HttpRouteKey.DEFAULT,
            integration=integration,
            authorizer=HttpLambdaAuthorizer(
                "Authorizer",
                authorizer.target,
                authorizer_name=f"{settings.prefix}-authorizer",
                response_types=[HttpLambdaResponseType.SIMPLE],
                identity_source=["$request.header.Authorization"],
                results_cache_ttl=ANSWERS_KEPT,
            ),
        )

    @property
    def host(self) -> str:
        """The API's own name."""
        return Fn.select(2, Fn.split("/", self.api.api_endpoint))

    def _add_stage(self, settings: Settings) -> None:
        log_group = logs.LogGroup(
            self,
            "Accesses",
            log_group_name=f"/aws/vendedlogs/apigateway/{settings.prefix}-api",
            retention=retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        destination = Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=settings.throttling.rate,
                throttling_burst_limit=settings.throttling.burst,
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=destination, format=json.dumps(ACCESS_LOG)
            ),
        )

    def _add_public_routes(self, integration: HttpLambdaIntegration) -> None:
        for route in PUBLIC_ROUTES:
            method, path = route.split(" ")
            for written in (path, PREFIX + path):
                (made,) = self.api.add_routes(
                    path=written,
                    methods=[apigateway.HttpMethod[method]],
                    integration=integration,
                    authorizer=apigateway.HttpNoneAuthorizer(),
                )
                acknowledge(made, {"AwsSolutions-APIG4": PUBLIC})
