"""The templates as a whole: what checks them finds nothing, and they can be deployed again."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.infra.conftest import run
from tests.infra.templates import Deployment, text

MAX_RESOURCES = 500
MAX_TEMPLATE_BYTES = 1_000_000
MAX_OUTPUTS = 200
"""Limits of CloudFormation, for one stack."""

STACKS = {"api", "data", "events", "execution", "identity", "live", "observability", "web"}
CHANGING = {"AWS::Lambda::LayerVersion", "AWS::Lambda::Version"}
OUTPUTS = {
    "api": {"ApiUrl"},
    "data": {"BlobsBucketName", "TableName"},
    "identity": {"UserPoolClientId", "UserPoolId"},
    "live": {"LiveUrl"},
    "observability": {"AlarmTopicArn"},
    "web": {"DistributionDomain", "DistributionId", "WebBucketName", "WebUrl"},
}
W3005 = "W3005"
"""CDK writes a dependency twice, by DependsOn and by a reference."""

CFN_LINT = str(Path(sys.executable).with_name("cfn-lint"))


def test_there_is_a_stack_for_every_capability(deployment: Deployment) -> None:
    assert set(deployment.templates) == STACKS


def test_nothing_has_to_be_looked_up_in_an_account(deployment: Deployment) -> None:
    manifest = json.loads((deployment.folder / "manifest.json").read_text())

    assert "missing" not in manifest


def test_cdk_nag_finds_nothing(deployment: Deployment) -> None:
    report = json.loads((deployment.folder / "validation-report.json").read_text())

    found = [violation for each in report["pluginReports"] for violation in each["violations"]]
    assert found == []


def test_cfn_lint_finds_nothing(deployments: Mapping[str, Deployment]) -> None:
    templates = [
        str(template)
        for each in deployments.values()
        for template in sorted(each.folder.glob("*.template.json"))
    ]
    run([CFN_LINT, "--ignore-checks", W3005, "--", *templates])


def test_every_template_is_within_cloudformations_limits(deployment: Deployment) -> None:
    for stack, template in deployment.templates.items():
        assert len(template["Resources"]) <= MAX_RESOURCES, stack
        assert len(template.get("Outputs", {})) <= MAX_OUTPUTS, stack
        size = (deployment.folder / f"{stack}.template.json").stat().st_size
        assert size <= MAX_TEMPLATE_BYTES, stack


def test_operators_and_the_deploy_script_are_told_what_they_need(deployment: Deployment) -> None:
    told = {
        stack: {name for name, each in template["Outputs"].items() if "Export" not in each}
        for stack, template in deployment.templates.items()
        if "Outputs" in template
    }

    assert {stack: names for stack, names in told.items() if names} == OUTPUTS


def test_the_web_app_is_at_the_domain_that_was_given(dev: Deployment, prod: Deployment) -> None:
    def url(deployment: Deployment) -> str:
        return text(deployment.templates["web"]["Outputs"]["WebUrl"]["Value"])

    assert url(prod) == "https://prompts.example.com/"
    assert url(dev).startswith("https://<")


def test_no_stack_imports_what_changes_with_a_release(deployment: Deployment) -> None:
    for stack, template in deployment.templates.items():
        for name, output in template.get("Outputs", {}).items():
            if "Export" in output:
                (exported,) = {
                    part for part in template["Resources"] if part in json.dumps(output["Value"])
                }
                kind = template["Resources"][exported]["Type"]
                assert kind not in CHANGING, (stack, name)


def test_every_import_is_exported(deployment: Deployment) -> None:
    exported = {
        text(output["Export"]["Name"])
        for template in deployment.templates.values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }

    assert {*_imports(deployment.templates)} == exported


def test_everything_that_takes_tags_says_whose_it_is(deployment: Deployment) -> None:
    tagged = [each for each in deployment.resources() if "Tags" in each.properties]

    assert len(tagged) > 40
    for each in tagged:
        tags = each.properties["Tags"]
        if isinstance(tags, list):
            tags = {tag["Key"]: tag["Value"] for tag in tags}
        assert tags == {"application": "promptpilot", "stage": deployment.stage}, each


def test_names_say_which_deployment_they_are_of(deployment: Deployment) -> None:
    names = [
        each.properties[name]
        for each in deployment.resources()
        for name in ("FunctionName", "QueueName", "AlarmName", "DashboardName", "TopicName")
        if isinstance(each.properties.get(name), str)
    ]

    assert len(names) > 20
    assert all(each.startswith(f"promptpilot-{deployment.stage}") for each in names), names


def test_the_stacks_of_prod_cannot_be_deleted_by_one_command(
    dev: Deployment, prod: Deployment
) -> None:
    def protected(deployment: Deployment) -> set[bool]:
        manifest = json.loads((deployment.folder / "manifest.json").read_text())
        return {
            each["properties"].get("terminationProtection", False)
            for each in manifest["artifacts"].values()
            if each["type"] == "aws:cloudformation:stack"
        }

    assert protected(prod) == {True}
    assert protected(dev) == {False}


def _imports(node: object) -> set[str]:
    match node:
        case {"Fn::ImportValue": name}:
            return {text(name)}
        case dict():
            return set().union(*map(_imports, node.values())) if node else set()
        case list():
            return set().union(*map(_imports, node)) if node else set()
    return set()
