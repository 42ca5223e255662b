"""What browsers are told to refuse."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront

YEAR = Duration.days(365)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def content_security_policy(connections: Sequence[str]) -> str:
    """Of the web app: nothing but its own files, its API, and `connections`."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            " ".join(("connect-src 'self'", *connections)),
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "upgrade-insecure-requests",
        )
    )


def security_headers(policy: str | None) -> cloudfront.ResponseSecurityHeadersBehavior:
    """For the web app with a content security policy; the API sets its own where it sends pages."""
    content = policy and cloudfront.ResponseHeadersContentSecurityPolicy(
        content_security_policy=policy, override=True
    )
    return cloudfront.ResponseSecurityHeadersBehavior(
        content_security_policy=content or None,
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
        frame_options=cloudfront.ResponseHeadersFrameOptions(
            frame_option=cloudfront.HeadersFrameOption.DENY, override=True
        ),
        referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
            referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
        ),
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=YEAR, include_subdomains=True, override=True
        ),
    )
