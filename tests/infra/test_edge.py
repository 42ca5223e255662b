"""What browsers are served, and told to refuse."""

import re
from pathlib import Path

from tests.infra.conftest import EVERY_OPTION
from tests.infra.templates import Deployment, Properties, text

API = "/api/*"


def test_the_bucket_of_the_web_app_is_read_by_this_distribution_alone(
    deployment: Deployment,
) -> None:
    statements = [
        statement
        for policy in deployment.all("AWS::S3::BucketPolicy")
        if policy.stack == "web"
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    (reading,) = statements
    assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert reading["Action"] == "s3:GetObject"
    distribution = deployment.one("AWS::CloudFront::Distribution", "web").id
    assert distribution in text(reading["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_the_bucket_is_reached_by_origin_access_control(deployment: Deployment) -> None:
    control = deployment.one("AWS::CloudFront::OriginAccessControl", "web").properties
    files, _ = _distribution(deployment)["Origins"]

    assert control["OriginAccessControlConfig"]["SigningBehavior"] == "always"
    assert "OriginAccessControlId" in files
    assert files["S3OriginConfig"] == {"OriginAccessIdentity": ""}


def test_nothing_is_served_without_tls(deployment: Deployment) -> None:
    config = _distribution(deployment)

    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert [each["ViewerProtocolPolicy"] for each in config["CacheBehaviors"]] == ["https-only"]
    _, api = config["Origins"]
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_the_api_is_never_cached_and_takes_every_method(deployment: Deployment) -> None:
    (api,) = _distribution(deployment)["CacheBehaviors"]

    assert api["PathPattern"] == API
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert {"GET", "PATCH", "POST", "PUT", "DELETE"} <= set(api["AllowedMethods"])


def test_every_answer_tells_browsers_what_to_refuse(deployment: Deployment) -> None:
    for policy in deployment.all("AWS::CloudFront::ResponseHeadersPolicy"):
        config = policy.properties["ResponseHeadersPolicyConfig"]
        headers = config["SecurityHeadersConfig"]
        assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
        assert headers["ContentTypeOptions"] == {"Override": True}
        assert headers["FrameOptions"]["FrameOption"] == "DENY"
        assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
        names = [each["Header"] for each in config["CustomHeadersConfig"]["Items"]]
        assert names == ["Permissions-Policy"]


def test_the_web_app_runs_its_own_files_alone_and_connects_home_alone(
    deployment: Deployment,
) -> None:
    policy = _content_policy(deployment)

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    home, live = policy["connect-src"]
    assert home == "'self'"
    assert "live" in live
    assert not [source for sources in policy.values() for source in sources if "unsafe" in source]


def test_the_page_keeps_to_the_policy() -> None:
    page = Path("web/public/index.html").read_text()

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?://", page)
    for file in re.findall(r'(?:src|href)="/((?!api/)[^"]+)"', page):
        assert Path("web/public", file).is_file(), file


def test_only_paths_that_name_no_file_get_the_page_and_the_apis_errors_stay(
    deployment: Deployment,
) -> None:
    config = _distribution(deployment)

    assert "CustomErrorResponses" not in config
    (routes,) = config["DefaultCacheBehavior"]["FunctionAssociations"]
    assert routes["EventType"] == "viewer-request"
    assert "FunctionAssociations" not in config["CacheBehaviors"][0]


def test_a_domain_of_ones_own_comes_with_tls_1_2(dev: Deployment, prod: Deployment) -> None:
    config = _distribution(prod)

    assert config["Aliases"] == [EVERY_OPTION["domain"]["name"]]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert (
        config["ViewerCertificate"]["AcmCertificateArn"]
        == (EVERY_OPTION["domain"]["certificate_arn"])
    )
    assert "Aliases" not in _distribution(dev)


def test_a_firewall_stands_where_one_is_given(dev: Deployment, prod: Deployment) -> None:
    assert _distribution(prod)["WebACLId"] == EVERY_OPTION["web_acl_arn"]
    assert "WebACLId" not in _distribution(dev)


def _distribution(deployment: Deployment) -> Properties:
    distribution = deployment.one("AWS::CloudFront::Distribution", "web")
    config: Properties = distribution.properties["DistributionConfig"]
    return config


def _content_policy(deployment: Deployment) -> dict[str, list[str]]:
    (policy,) = (
        text(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
        for each in deployment.all("AWS::CloudFront::ResponseHeadersPolicy")
        if "ContentSecurityPolicy"
        in (headers := each.properties["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"])
    )
    directives = (each.split() for each in policy.split(";"))
    return {name: sources for name, *sources in directives}
