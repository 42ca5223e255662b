"""Steps that call a model."""

from pydantic import TypeAdapter, ValidationError

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import is_expression, source_of, wrapped
from promptpilot.compiler.jobs import job_load, job_states, worked
from promptpilot.compiler.load import Estimate, Load
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.prompt_variables import check_variables
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, Around, States
from promptpilot.compiler.templates import Binding, bound
from promptpilot.domain.model import ModelName
from promptpilot.domain.workflow_steps import PromptStep

_model_name: TypeAdapter[str] = TypeAdapter(ModelName)


def check(node: Node[PromptStep], scope: Scope, checks: Checks) -> Scope:
    """Expressions see what ran before; `select` also `$output`."""
    step = node.step
    at = pointer(node.at, "with")
    checks.value(step.variables, at, scope)
    prompt = checks.prompts.get(step.id)
    if prompt is not None:
        check_variables(step.variables, prompt, at, checks)
    _check_tools(step, node.at, scope, checks)
    if step.model is not None:
        _check_model(step.model, pointer(node.at, "model"), scope, checks)
    if step.select is not None:
        checks.expression(step.select, pointer(node.at, "select"), scope.with_names("output"))
    return caught.check(node, scope, scope.with_names(step.id), checks)


def _check_tools(step: PromptStep, at: str, scope: Scope, checks: Checks) -> None:
    """Whether there are such actions is not the compiler's to know."""
    known: set[str] = set()
    for place, tool in enumerate(step.tools):
        checks.value(tool.variables, pointer(at, "tools", place, "with"), scope)
        if tool.name in known:
            message = f"There is another tool `{tool.name}` before this one."
            checks.problem(pointer(at, "tools", place, "name"), "tool_duplicate", message)
        known.add(tool.name)


def _check_model(model: str, at: str, scope: Scope, checks: Checks) -> None:
    checks.value(model, at, scope)
    if is_expression(model):
        return
    try:
        _model_name.validate_python(model)
    except ValidationError:
        message = "Must be `vendor/model`, such as `local/smollm2-135m`, or an expression."
        checks.problem(at, "model_invalid", message)


def states(node: Node[PromptStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Task state; the worker renders the prompt and calls the model."""
    step = node.step
    model = {} if step.model is None else {"model": step.model}
    given = {tool.name: tool.variables for tool in step.tools if tool.variables}
    tools = {"tools": given} if given else {}
    return job_states(
        node,
        after,
        around,
        assembly,
        job={"variables": step.variables, **model, **tools},
        limits=worked(step.timeout_seconds),
        result=_result(step, around),
        retry=step.retry,
    )


def _result(step: PromptStep, around: Around) -> str:
    """What the step's variable holds: the worker's answer, its output as `select` has it.

    The selection stands twice instead of being bound: such expressions are evaluated in place by
    the embedded engine, and a binding of what may be anything is not.
    """
    if step.select is None:
        return TASK_RESULT
    with_output = around.binding(Binding("output", "$states.result.output"))
    selected = bound(source_of(step.select), with_output.bindings)
    nothing = f"$error('The select of step {step.id} gives nothing.')"
    return wrapped(
        f"$exists({selected}) ? $merge([$states.result, {{'output': {selected}}}]) : {nothing}"
    )


def load(node: Node[PromptStep], estimate: Estimate) -> Load:
    """Every attempt calls the step's model, and may call each of its fallbacks; with tools, once
    more for each round of them.
    """
    rounds = node.step.max_rounds if node.step.tools else 0
    models = (1 + len(node.step.fallbacks)) * (1 + rounds)
    return job_load(node, estimate, attempts=node.step.retry.attempts, model_calls=models)
