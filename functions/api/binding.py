"""How a function gets its arguments from a request: a route's, and those of what it depends on.

The types stand in the functions' signatures, where Powertools reads them for the OpenAPI document;
here the same analysis is turned, once, into the little that has to be done for each request.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.openapi.compat import ModelField
from aws_lambda_powertools.event_handler.openapi.params import Dependant
from pydantic_core import ErrorDetails

from functions.api.body import BodyReader, parameter_fault
from functions.api.refusals import FieldFault, Place, ValidationFailed
from functions.api.requests import HttpRequest

Call = Callable[..., Any]


class Parameter:
    """A value in the path, the query or a header."""

    def __init__(self, field: ModelField, part: Place) -> None:
        self.name = field.name
        self.part = part
        self.key = field.alias.lower() if part == "header" else field.alias
        self.required = field.required
        self.default = None if field.required else field.get_default()
        self._alias = field.alias
        self._field = field

    def read(self, given: object, faults: list[FieldFault]) -> Any:
        """The validated value, or None with `faults` told. `given` is a text, all texts of one
        name, or None.
        """
        if given is None:
            faults.append(self._fault("missing", "It is needed."))
            return None
        if isinstance(given, list):
            if len(given) > 1:
                faults.append(self._fault("repeated", "It is given more than once."))
                return None
            given = given[0]
        value, errors = self._field.validate(given, loc=())
        details = cast("list[ErrorDetails]", errors or [])
        faults += [parameter_fault(each, self.part, self._alias) for each in details]
        return value

    def _fault(self, code: str, message: str) -> FieldFault:
        return FieldFault(part=self.part, at=f"/{self._alias}", code=code, message=message)


class Binding:
    """One function, with where each of its arguments comes from."""

    def __init__(self, dependant: Dependant) -> None:
        assert dependant.call is not None
        self.call: Call = dependant.call
        self.dependencies = tuple(
            (each.param_name, Binding(each.dependant)) for each in dependant.dependencies
        )
        self._solved = tuple((name, each.call) for name, each in self.dependencies)
        self.parameters = (
            *(Parameter(field, "path") for field in dependant.path_params),
            *(Parameter(field, "query") for field in dependant.query_params),
            *(Parameter(field, "header") for field in dependant.header_params),
        )
        self.body = next(map(BodyReader, dependant.body_params), None)
        self._request_names = tuple(
            name
            for name, parameter in inspect.signature(self.call).parameters.items()
            if parameter.annotation is Request
        )

    def in_order(self) -> Iterator["Binding"]:
        """What this depends on, each after what it depends on itself; then this."""
        for _, dependency in self.dependencies:
            yield from dependency.in_order()
        yield self

    def arguments(self, request: HttpRequest, faults: list[FieldFault]) -> dict[str, Any]:
        """The function's arguments. Raises `ValidationFailed` with every fault."""
        arguments: dict[str, Any] = {name: request.solved[call] for name, call in self._solved}
        for name in self._request_names:
            arguments[name] = request
        given: Mapping[Place, Mapping[str, Any]] = {
            "path": request.path_parameters,
            "query": request.fields,
            "header": request.headers_sent,
        }
        for parameter in self.parameters:
            value = given[parameter.part].get(parameter.key)
            if value is not None or parameter.required:
                arguments[parameter.name] = parameter.read(value, faults)
            else:
                arguments[parameter.name] = parameter.default
        if self.body is not None:
            arguments[self.body.name] = self.body.read(request, faults)
        if faults:
            raise ValidationFailed(faults=tuple(faults))
        return arguments


class Plan:
    """A route's function and, in order and each once, all that it depends on."""

    def __init__(self, dependant: Dependant) -> None:
        self.route = Binding(dependant)
        before = {each.call: each for each in self.route.in_order() if each is not self.route}
        self._before = tuple(before.values())
        self.query = frozenset(
            parameter.key
            for each in (*self._before, self.route)
            for parameter in each.parameters
            if parameter.part == "query"
        )

    def depends_on(self, call: Call) -> bool:
        """Whether the route needs what `call` gives, itself or through something else."""
        return any(each.call is call for each in self._before)

    def arguments(self, request: HttpRequest) -> dict[str, Any]:
        """The arguments of the route's function, after calling what it depends on. Raises what
        that raises, and `ValidationFailed`, also for a field of the query that nothing reads.
        """
        for each in self._before:
            request.solved[each.call] = each.call(**each.arguments(request, []))
        unknown = [
            FieldFault(part="query", at=f"/{name}", code="unknown", message="It is not known here.")
            for name in request.fields
            if name not in self.query
        ]
        return self.route.arguments(request, unknown)
