"""Whether what a step gives a prompt fits the variables that the prompt declares."""

from collections.abc import Mapping
from typing import Any

from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import is_expression
from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.templates import has_expressions
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.variables import Variable, VariableType, type_of


def check_variables(
    given: Mapping[str, Any], prompt: PromptVersion, at: str, checks: Checks
) -> None:
    """Note required variables that are missing, names that the prompt does not have, and literals
    of a wrong type. What expressions give is checked when the step runs.
    """
    declared = {variable.name: variable for variable in prompt.variables}
    for name, value in given.items():
        place = pointer(at, name)
        if name not in declared:
            hint = suggestion(name, declared)
            message = f"Prompt version {prompt.version} has no variable `{name[:80]}`.{hint}"
            checks.problem(place, "prompt_variable_unknown", message)
        elif misfit := _misfit(declared[name], value):
            checks.problem(place, "prompt_variable_wrong", f"{misfit[:1].upper()}{misfit[1:]}.")
    for name, variable in declared.items():
        if variable.required and name not in given:
            message = f"The prompt needs the variable `{name}`."
            checks.problem(pointer(at, name), "prompt_variable_missing", message)


def _misfit(variable: Variable, value: Any) -> str | None:
    if is_expression(value) or (value is None and not variable.required):
        return None
    if not has_expressions(value):
        return variable.misfit(value)
    shape = VariableType.OBJECT if isinstance(value, Mapping) else VariableType.ARRAY
    fits = variable.type is shape or (
        variable.type is VariableType.FILE and shape is VariableType.OBJECT
    )
    return None if fits else f"must be of the type {variable.type}, not {type_of(value)}"
