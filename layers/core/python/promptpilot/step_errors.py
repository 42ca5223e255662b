"""Why steps of workflows fail. Class names are the names that state machines know.

StepError                   why a step of a workflow failed; the names appear in ASL
├── StepTimedOut            the step's own time limit
├── StepInvalid             a step's configuration or input that cannot work (unknown prompt,
bad variables)
├── StepAbandoned           no worker could do the job, however often it was delivered
├── StepCancelled           its execution ended while the step waited
├── OutputInvalid           the model's answer does not fit the prompt's output schema
├── BudgetExceeded          the call of a model could cost more than the budget has left
├── ApprovalTimedOut        nobody decided in time
├── ChildFailed             the workflow that a step runs did not succeed
├── WorkflowTooDeep         workflows that run workflows, more levels deep than allowed
├── ActionError             an action that failed
│   ├── ActionUnavailable   unreachable, or out of order for now
│   ├── ActionRateLimited   asked to slow down; `retry_after` seconds where it was said
│   ├── ActionRejected      the other side calls the request wrong
│   └── EgressRefused       an address that workflows may not reach
└── ModelError              a model call that failed
    ├── ModelRateLimited    asked to slow down; `retry_after` seconds where the vendor said so
    ├── ModelOverloaded     the vendor is over capacity
    ├── ModelTimeout        no answer in time
    ├── ModelUnavailable    unreachable, or answered with something that is not an answer
    ├── ModelAuthFailed     the key is missing or refused
    ├── ModelUnknown        no such model is configured
    ├── ModelRefused        the model declined
    ├── ContextTooLong      the request does not fit the model
    └── ModelRejectedRequest the vendor calls the request wrong
"""

from dataclasses import dataclass
from typing import ClassVar

from promptpilot.errors import PromptPilotError


@dataclass(eq=False)
class StepError(PromptPilotError):
    """Why a step failed: the class name is the error's name in a state machine, `reason` its cause.

    `log` is the id of the step's log where there is one.
    """

    reason: str = "The step failed."
    log: str | None = None
    code: ClassVar[str] = "step_failed"
    detail: ClassVar[str] = "{reason}"


@dataclass(eq=False)
class StepTimedOut(StepError):
    """The step's own time limit passed."""

    reason: str = "The step's time limit passed."
    code: ClassVar[str] = "step_timed_out"


@dataclass(eq=False)
class StepInvalid(StepError):
    """The step cannot work as configured, or with this input."""

    code: ClassVar[str] = "step_invalid"


@dataclass(eq=False)
class StepAbandoned(StepError):
    """No worker could do the step's job, however often it was delivered."""

    reason: str = "The step's job was given up after several deliveries."
    code: ClassVar[str] = "step_abandoned"


@dataclass(eq=False)
class StepCancelled(StepError):
    """The execution ended while the step waited for somebody or something."""

    reason: str = "The execution ended while the step waited."
    code: ClassVar[str] = "step_cancelled"


@dataclass(eq=False)
class OutputInvalid(StepError):
    """The answer does not fit the prompt's output schema."""

    code: ClassVar[str] = "output_invalid"


@dataclass(eq=False)
class BudgetExceeded(StepError):
    """The call could cost more than a budget has left, in micro-dollars; it was not made."""

    reason: str = "The budget is exceeded."
    limit: int | None = None
    code: ClassVar[str] = "budget_exceeded"


@dataclass(eq=False)
class ApprovalTimedOut(StepError):
    """Nobody decided in time."""

    reason: str = "Nobody decided in time."
    code: ClassVar[str] = "approval_timed_out"


@dataclass(eq=False)
class ChildFailed(StepError):
    """The execution that a workflow step began did not succeed; `child` is its id."""

    reason: str = "The workflow that the step runs did not succeed."
    child: str | None = None
    code: ClassVar[str] = "child_failed"


@dataclass(eq=False)
class WorkflowTooDeep(StepError):
    """Workflows that run workflows that run workflows, more levels deep than allowed."""

    reason: str = "Too many workflows run each other."
    code: ClassVar[str] = "workflow_too_deep"


@dataclass(eq=False)
class ActionError(StepError):
    """An action failed."""

    reason: str = "The action failed."
    code: ClassVar[str] = "action_failed"


@dataclass(eq=False)
class ActionUnavailable(ActionError):
    """The other side is unreachable, or out of order for now."""

    reason: str = "The other side cannot be reached."
    code: ClassVar[str] = "action_unavailable"


@dataclass(eq=False)
class ActionRateLimited(ActionError):
    """The other side asks to slow down; `retry_after` in seconds where it said so."""

    reason: str = "The other side's rate limit was reached."
    retry_after: float | None = None
    code: ClassVar[str] = "action_rate_limited"


@dataclass(eq=False)
class ActionRejected(ActionError):
    """The other side calls the request wrong."""

    reason: str = "The other side rejected the request."
    code: ClassVar[str] = "action_rejected"


@dataclass(eq=False)
class EgressRefused(ActionError):
    """An address that workflows may not reach."""

    reason: str = "Workflows may not reach this address."
    code: ClassVar[str] = "egress_refused"


@dataclass(eq=False)
class ModelError(StepError):
    """A model call failed."""

    reason: str = "The model call failed."
    code: ClassVar[str] = "model_failed"


@dataclass(eq=False)
class ModelRateLimited(ModelError):
    """The vendor asks to slow down; `retry_after` in seconds where it said so."""

    reason: str = "The vendor's rate limit was reached."
    retry_after: float | None = None
    code: ClassVar[str] = "model_rate_limited"


@dataclass(eq=False)
class ModelOverloaded(ModelError):
    """The vendor is over capacity; `retry_after` in seconds where it said so."""

    reason: str = "The model is overloaded."
    retry_after: float | None = None
    code: ClassVar[str] = "model_overloaded"


@dataclass(eq=False)
class ModelTimeout(ModelError):
    """No answer in time."""

    reason: str = "The model did not answer in time."
    code: ClassVar[str] = "model_timeout"


@dataclass(eq=False)
class ModelUnavailable(ModelError):
    """Unreachable, or what it answered is no answer."""

    reason: str = "The model cannot be reached."
    code: ClassVar[str] = "model_unavailable"


@dataclass(eq=False)
class ModelAuthFailed(ModelError):
    """The key is missing or was refused."""

    reason: str = "The vendor refused the key."
    code: ClassVar[str] = "model_auth_failed"


@dataclass(eq=False)
class ModelUnknown(ModelError):
    """No such model is configured."""

    model: str = ""
    reason: str = "No such model is configured."
    code: ClassVar[str] = "model_unknown"


@dataclass(eq=False)
class ModelRefused(ModelError):
    """The model declined to answer."""

    reason: str = "The model declined to answer."
    code: ClassVar[str] = "model_refused"


@dataclass(eq=False)
class ContextTooLong(ModelError):
    """The request does not fit the model's context."""

    reason: str = "The request does not fit the model's context."
    code: ClassVar[str] = "context_too_long"


@dataclass(eq=False)
class ModelRejectedRequest(ModelError):
    """The vendor calls the request wrong."""

    reason: str = "The vendor rejected the request."
    code: ClassVar[str] = "model_rejected_request"


def step_error(name: str, reason: str, log: str | None = None) -> StepError:
    """The step error of that class name, as it was recorded; an unknown name gives a plain
    `StepError`.
    """
    found: type[StepError] = _STEP_ERRORS.get(name, StepError)
    return found(reason=reason, log=log)


def step_error_names(name: str = "StepError") -> tuple[str, ...]:
    """The class names of that step error and of all that derive from it; none for an unknown
    name.
    """
    if name not in _STEP_ERRORS:
        return ()
    return tuple(error.__name__ for error in _with_subclasses(_STEP_ERRORS[name]))


def _with_subclasses(error: type[StepError]) -> list[type[StepError]]:
    return [error, *(each for child in error.__subclasses__() for each in _with_subclasses(child))]


_STEP_ERRORS = {error.__name__: error for error in _with_subclasses(StepError)}
