"""A synthesised deployment as tests look at it: the templates that CloudFormation would get."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]

FUNCTIONS = (
    "abandoned_steps",
    "api",
    "authorizer",
    "execution_events",
    "live",
    "machine_collector",
    "outbox",
    "step_worker",
)


@dataclass(frozen=True)
class Resource:
    """One resource of one stack."""

    stack: str
    id: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Properties:
        return self.body.get("Properties", {})

    def __str__(self) -> str:
        return f"{self.stack}/{self.id}"


@dataclass(frozen=True)
class Deployment:
    """All templates that one run of `app.py` wrote."""

    folder: Path
    stage: str
    templates: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path, stage: str) -> "Deployment":
        found = sorted(folder.glob("*.template.json"))
        return cls(
            folder,
            stage,
            {each.name.split(".")[0]: json.loads(each.read_text()) for each in found},
        )

    def all(self, type: str) -> list[Resource]:
        found = [each for each in self.resources() if each.body["Type"] == type]
        assert found, f"no {type} in {self.folder}"
        return found

    def one(self, type: str, stack: str) -> Resource:
        (found,) = (each for each in self.all(type) if each.stack == stack)
        return found

    def resources(self) -> Iterator[Resource]:
        for stack, template in self.templates.items():
            for name, body in template["Resources"].items():
                yield Resource(stack, name, body)

    def function(self, name: str) -> Resource:
        handler = f"functions.{name}.entry.handler"
        (found,) = (
            each
            for each in self.all("AWS::Lambda::Function")
            if each.properties["Handler"] == handler
        )
        return found

    def variables(self, name: str) -> Mapping[str, Any]:
        """The environment of the function of that folder."""
        environment: Mapping[str, Any] = self.function(name).properties.get("Environment", {})
        return environment.get("Variables", {})

    def layers(self, name: str) -> set[str]:
        """The names of the function's layers, without the deployment's prefix."""
        function = self.function(name)
        resources = self.templates[function.stack]["Resources"]
        references = (resources[each["Ref"]] for each in function.properties["Layers"])
        return {each["Properties"]["LayerName"].rpartition("-")[2] for each in references}

    def statements(self, role: Resource | None = None) -> list[tuple[Resource, Properties]]:
        """Every statement of a role's policies, or of all roles'; with the policy it is of."""
        policies = [
            each
            for each in self.all("AWS::IAM::Policy")
            if role is None
            or (each.stack == role.stack and {"Ref": role.id} in each.properties["Roles"])
        ]
        return [
            (policy, statement)
            for policy in policies
            for statement in policy.properties["PolicyDocument"]["Statement"]
        ]

    def rights(self, name: str) -> dict[str, set[str]]:
        """What the function of that folder may do: action to resources, as text."""
        function = self.function(name)
        (role_id, _) = function.properties["Role"]["Fn::GetAtt"]
        role = Resource(
            function.stack, role_id, self.templates[function.stack]["Resources"][role_id]
        )
        rights: dict[str, set[str]] = {}
        for _, statement in self.statements(role):
            for action in listed(statement["Action"]):
                rights.setdefault(action, set()).update(texts(statement["Resource"]))
        return rights


def listed(value: Any) -> list[Any]:
    """CloudFormation writes a list of one as the one."""
    return value if isinstance(value, list) else [value]


def texts(value: Any) -> list[str]:
    return [text(each) for each in listed(value)]


def text(value: Any) -> str:
    """A value with its references as `<name>`."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return f"<{text(name)}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(text, parts))
        case {"Fn::Select": [_, {"Fn::Split": [_, whole]}]}:
            return text(whole)
    raise TypeError(f"not a text: {value}")


def references(value: Any) -> Iterator[str]:
    """Every name that a value refers to."""
    match value:
        case {"Ref": name}:
            yield name
        case {"Fn::GetAtt": [name, _]}:
            yield name
        case Mapping():
            for each in value.values():
                yield from references(each)
        case Sequence() if not isinstance(value, str):
            for each in value:
                yield from references(each)


def ports_of(name: str) -> set[str]:
    """The ports of the platform that the function of that folder asks for."""
    # Not an import: `promptpilot.ports.table` is where a port is described, and asks for none.
    asked = re.compile(r"(?<!promptpilot\.)\b(?:current\(\)|here|ports)\.([a-z_]+)\b(?!\()")
    sources = Path("functions", name).rglob("*.py")
    return {port for each in sources for port in asked.findall(each.read_text())}
