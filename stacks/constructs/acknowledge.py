"""Findings of cdk-nag that are right as they are, each with its reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Let the findings stand of `construct` and what it holds: rule to reason."""
    for rule, reason in reasons.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcards(construct: IConstruct, resources: Sequence[str], reason: str) -> None:
    """Let a policy of `construct` name these resources, which hold a `*`."""
    stack = Stack.of(construct)
    acknowledge(
        construct,
        {
            f"AwsSolutions-IAM5[Resource::{_told(stack.resolve(each))}]": reason
            for each in resources
        },
    )


def _told(resolved: Any) -> str:
    """A resource as cdk-nag writes it: what is known at deployment only, in angle brackets."""
    match resolved:
        case str():
            return resolved
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_told, parts))
        case {"Fn::ImportValue": name}:
            return _told(name)
        case _:
            raise TypeError(f"not a resource that cdk-nag tells of: {resolved}")
