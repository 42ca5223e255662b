"""Steps that call a model: a Task state that hands a job to a worker and waits for its token."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from promptpilot.compiler.checks import Checks
from promptpilot.compiler.expressions import is_expression, source_of, wrapped
from promptpilot.compiler.load import PASS, Load
from promptpilot.compiler.nesting import portable
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.prompt_variables import check_variables
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, States, leave
from promptpilot.compiler.templates import INPUT, Binding, bound, rendered
from promptpilot.domain.model import ModelName
from promptpilot.domain.retry import Retry
from promptpilot.domain.workflow_steps import CaughtValue, PromptStep

RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"

QUEUE_URL = "${StepQueueUrl}"
"""Filled in when the machine is published."""

HEARTBEAT_SECONDS = 300
"""A worker that gives no sign of life for so long is dead. They give one every minute.

On Step Functions this clock starts when the job is queued, so it is also how long a job may wait
for a worker.
"""

GRACE_SECONDS = HEARTBEAT_SECONDS + 30
"""How much longer the state waits than the step's own timeout. A job that is taken at all is taken
within a heartbeat; then the worker's own error, which says more, arrives first.
"""

EVENTS_OF_AN_ATTEMPT = 4
"""Scheduled, started, submitted, and succeeded or failed."""

_ERROR_OUTPUT = {
    "name": "{% $states.errorOutput.Error %}",
    "message": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}",
}
_ERROR = Binding("error", "$states.input")
"""In the state that a failed step is caught in: what the catcher gave it."""

_CONTEXT_INPUT = "$states.context.Execution.Input"
_ENVELOPE = {
    name: wrapped(f"{_CONTEXT_INPUT}.{name}")
    for name in ("workspace", "execution", "workflow", "version")
}

_model_name: TypeAdapter[str] = TypeAdapter(ModelName)


def check(node: Node[PromptStep], scope: Scope, checks: Checks) -> Scope:
    """Expressions see what ran before; `select` also `$output`, a caught value also `$error`."""
    step = node.step
    at = pointer(node.at, "with")
    checks.value(step.variables, at, scope)
    prompt = checks.prompts.get(step.id)
    if prompt is not None:
        check_variables(step.variables, prompt, at, checks)
    if step.model is not None:
        _check_model(step.model, pointer(node.at, "model"), scope, checks)
    if step.select is not None:
        checks.expression(step.select, pointer(node.at, "select"), scope.with_names("output"))
    if isinstance(step.on_error, CaughtValue):
        caught = pointer(node.at, "on_error", "value")
        checks.value(step.on_error.value, caught, scope.with_names("error"))
    return scope.with_names(step.id)


def _check_model(model: str, at: str, scope: Scope, checks: Checks) -> None:
    checks.value(model, at, scope)
    if is_expression(model):
        return
    try:
        _model_name.validate_python(model)
    except ValidationError:
        message = "Must be `vendor/model`, such as `local/smollm2-135m`, or an expression."
        checks.problem(at, "model_invalid", message)


def states(node: Node[PromptStep], after: After) -> States:
    """One Task state, and one Pass state more where a failure is caught."""
    step = node.step
    task: dict[str, Any] = {
        "Type": "Task",
        "Resource": RESOURCE,
        "Arguments": {"QueueUrl": QUEUE_URL, "MessageBody": _job(node)},
        "TimeoutSeconds": step.timeout_seconds + GRACE_SECONDS,
        "HeartbeatSeconds": HEARTBEAT_SECONDS,
    }
    if step.retry.attempts > 1:
        task["Retry"] = [_retrier(step.retry)]
    if not isinstance(step.on_error, CaughtValue):
        return {step.id: {**task, **leave(step.id, _result(step), after)}}
    caught = f"{step.id}.on_error"
    output = {**_ERROR_OUTPUT, "step": step.id}
    task["Catch"] = [{"ErrorEquals": ["States.ALL"], "Output": output, "Next": caught}]
    value = rendered(step.on_error.value, (_ERROR, INPUT))
    return {
        step.id: {**task, **leave(step.id, _result(step), after)},
        caught: {"Type": "Pass", **leave(step.id, value, after)},
    }


def _job(node: Node[PromptStep]) -> Mapping[str, Any]:
    """The `WorkflowStepJob` that the worker gets."""
    step = node.step
    model = {} if step.model is None else {"model": rendered(step.model, (INPUT,))}
    return {
        "kind": step.kind,
        "token": "{% $states.context.Task.Token %}",
        **_ENVELOPE,
        "step": step.id,
        "path": node.path,
        "ordinal": node.ordinal,
        "attempt": "{% $states.context.State.RetryCount %}",
        "variables": portable(rendered(step.variables, (INPUT,))),
        **model,
    }


def _result(step: PromptStep) -> str:
    """What the step's variable holds: the worker's answer, its output as `select` has it."""
    if step.select is None:
        return TASK_RESULT
    selected = bound(source_of(step.select), (Binding("output", "$states.result.output"), INPUT))
    nothing = f"The select of step {step.id} gives nothing."
    return wrapped(
        f"( $Selected := ( {selected} ); $assert($exists($Selected), '{nothing}'); "
        "$merge([$states.result, {'output': $Selected}]) )"
    )


def _retrier(retry: Retry) -> Mapping[str, Any]:
    grows = retry.max_interval_seconds > retry.interval_seconds
    return {
        "ErrorEquals": list(retry.errors),
        "IntervalSeconds": retry.interval_seconds,
        "MaxAttempts": retry.attempts - 1,
        "BackoffRate": retry.backoff if grows else 1.0,
        **({"MaxDelaySeconds": retry.max_interval_seconds} if grows else {}),
        "JitterStrategy": retry.jitter.upper(),
    }


def load(node: Node[PromptStep]) -> Load:
    """Every attempt calls a model; a caught failure enters one state more."""
    attempts = node.step.retry.attempts
    task = Load(attempts, attempts, 2 + EVENTS_OF_AN_ATTEMPT * attempts)
    return task + PASS if isinstance(node.step.on_error, CaughtValue) else task
