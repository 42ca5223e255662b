"""CloudFront: the web app's files and, below `/api/`, the HTTP API; one origin for browsers."""

from pathlib import Path
from typing import Any

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.security_headers import (
    PERMISSIONS,
    content_security_policy,
    security_headers,
)
from stacks.settings import Domain, Settings

API_PATHS = "/api/*"
ROUTES = Path(__file__).with_name("spa_routes.js")
REASONS = {
    "AwsSolutions-CFR1": "The product is for people everywhere.",
    "AwsSolutions-CFR2": "A firewall costs $5 a month and more: a setting. The API is throttled, "
    "and has no route that does much for people who have not logged in.",
    "AwsSolutions-CFR3": "The API logs its requests itself. Logs of who fetched the web app's "
    "public files would be personal data without a use.",
}
DEFAULT_NAME = (
    "CloudFront's own name comes with CloudFront's certificate and its choice of TLS versions; a "
    "domain of one's own is a setting, and asks for TLS 1.2."
)


class Edge(Construct):
    """The distribution."""

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        *,
        files: s3.IBucket,
        api_host: str,
        live_origin: str,
    ) -> None:
        super().__init__(scope, "Edge")
        self._settings = settings
        policy = content_security_policy([live_origin])
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"{settings.prefix}: the web app and its API",
            default_root_object="index.html",
            default_behavior=self._files(files, self._headers("web", policy)),
            additional_behaviors={API_PATHS: self._api(api_host, self._headers("api", None))},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=settings.web_acl_arn,
            **self._named(settings.domain),
        )
        unnamed = {} if settings.domain else {"AwsSolutions-CFR4": DEFAULT_NAME}
        acknowledge(self.distribution, {**REASONS, **unnamed})

    @property
    def url(self) -> str:
        """Where people go."""
        domain = self._settings.domain
        return f"https://{domain.name if domain else self.distribution.distribution_domain_name}/"

    def _files(
        self, files: s3.IBucket, headers: cloudfront.ResponseHeadersPolicy
    ) -> cloudfront.BehaviorOptions:
        routes = cloudfront.Function(
            self,
            "Routes",
            function_name=f"{self._settings.prefix}-spa-routes",
            comment="A path that names no file is the web app's",
            code=cloudfront.FunctionCode.from_file(file_path=str(ROUTES)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(files),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=headers,
            function_associations=[
                cloudfront.FunctionAssociation(
                    function=routes, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
                )
            ],
        )

    def _api(
        self, host: str, headers: cloudfront.ResponseHeadersPolicy
    ) -> cloudfront.BehaviorOptions:
        """Never cached, with all that the client sent but the host's name, which is the API's."""
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                host,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            ),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            compress=True,
            response_headers_policy=headers,
        )

    def _headers(self, name: str, policy: str | None) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            f"{name.capitalize()}Headers",
            response_headers_policy_name=f"{self._settings.prefix}-{name}",
            security_headers_behavior=security_headers(policy),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(
                        header="Permissions-Policy", value=PERMISSIONS, override=True
                    )
                ]
            ),
        )

    def _named(self, domain: Domain | None) -> dict[str, Any]:
        """By a name of its own, whose certificate lets us ask for TLS 1.2."""
        if domain is None:
            return {}
        return {
            "domain_names": [domain.name],
            "certificate": acm.Certificate.from_certificate_arn(
                self, "Certificate", domain.certificate_arn
            ),
            "minimum_protocol_version": cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        }
