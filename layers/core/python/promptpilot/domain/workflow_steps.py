"""The steps of a workflow document, one model for each kind.

Kinds that hold steps are in here too, since all kinds refer to each other through `AnyStep`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from promptpilot.domain.duration import Duration, between, seconds_of
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.message import ToolName
from promptpilot.domain.model import ModelName, Settings
from promptpilot.domain.model_profile import ReasoningEffort
from promptpilot.domain.permissions import Role
from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.retry import Retry
from promptpilot.domain.step_fields import (
    MAX_STEPS,
    ExpressionText,
    JobTimeout,
    LongTimeout,
    StepId,
    WorkflowRef,
)
from promptpilot.domain.written import Written

MAX_ITEMS = 10_000
MAX_ITERATIONS = 1_000
MAX_CONCURRENCY = 1_000

Steps = Annotated[tuple["AnyStep", ...], Field(max_length=MAX_STEPS)]
"""A path that may be empty."""

SomeSteps = Annotated[tuple["AnyStep", ...], Field(min_length=1, max_length=MAX_STEPS)]

Variables = Annotated[Mapping[str, JsonValue], Field(alias="with")]
NONE: Mapping[str, JsonValue] = {}


W = TypeVar("W", bound=Written)


def _just_one(step: W, **fields: Any) -> W:
    """The step, where one of the two fields is given."""
    if sum(value is not None for value in fields.values()) == 1:
        return step
    first, second = (name.rstrip("_") for name in fields)
    raise PydanticCustomError(
        "not_just_one",
        "Has either `{first}` or `{second}`.",
        {"first": first, "second": second},
    )


class StepPrompt(PromptRef, Written):
    """Which prompt a step renders, as its author wrote it."""


class StepSettings(Settings, Written):
    """The settings that a step overrides, as its author wrote them.

    The base leaves these out where they are nothing; here that takes back what the prompt sets.
    """

    reasoning_effort: ReasoningEffort | None = None
    reasoning_tokens: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    drop_unsupported: bool = False


class StepTool(Written):
    """A tool that a model may use in a step: an action, by a name that the model knows it by.

    `with` are arguments that the author gives; the model gives the others, and never sees these.
    `parameters` is the JSON Schema of what it gives; without it that of the action. Where the
    prompt declares a tool of that name, description and parameters are the prompt's.
    """

    name: ToolName
    action: Annotated[str, Field(max_length=200)]
    description: Annotated[str, Field(max_length=4_000)] | None = None
    variables: Variables = NONE
    parameters: Mapping[str, JsonValue] | None = None


class CaughtValue(Written):
    """The value that a failed step has instead of a result."""

    value: JsonValue


class CaughtSteps(Written):
    """The steps that run where a step has failed; the last one's result is the step's."""

    steps: SomeSteps


def _catch_tag(value: Any) -> str:
    if isinstance(value, CaughtSteps) or (isinstance(value, Mapping) and "steps" in value):
        return "<steps>"
    return "<value>" if isinstance(value, Mapping | CaughtValue) else "<fail>"


OnError = Annotated[
    Annotated[Literal["fail"], Tag("<fail>")]
    | Annotated[CaughtValue, Tag("<value>")]
    | Annotated[CaughtSteps, Tag("<steps>")],
    Discriminator(_catch_tag),
]
"""What becomes of an execution whose step failed for good."""


class PromptStep(Written):
    """Render a prompt, call a model. The result is {output, text, model, usage, cost, log}.

    `with` gives the prompt's variables. `settings` override those of the prompt version one by one.
    `fallbacks` are models that are asked in turn where the model fails. `cache` is how long the
    answer to a request stands for equal ones. `select` is an expression on `$output` that takes the
    output's place. `timeout` is for one try. `tools` are used by the model, in at most `max_rounds`
    rounds, before it answers.
    """

    id: StepId
    kind: Literal["prompt"]
    prompt: StepPrompt
    variables: Variables = NONE
    model: ExpressionText | None = None
    fallbacks: Annotated[tuple[ModelName, ...], Field(max_length=5)] = ()
    settings: StepSettings | None = None
    tools: Annotated[tuple[StepTool, ...], Field(max_length=20)] = ()
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 5
    cache: LongTimeout | None = None
    select: ExpressionText | None = None
    timeout: JobTimeout = "60s"
    retry: Retry = Retry()
    on_error: OnError = "fail"

    @property
    def named_model(self) -> str | None:
        """The model that the step names; None for one that is computed, and where it names none."""
        return None if (self.model or "{%").startswith("{%") else self.model

    def settings_over(self, settings: Settings) -> Settings:
        """A prompt's settings with the step's own in their place."""
        own = self.settings
        if own is None:
            return settings
        return settings.model_copy(
            update={name: getattr(own, name) for name in own.model_fields_set}
        )

    @model_validator(mode="after")
    def _asked_anew(self) -> Self:
        if self.cache is not None and self.tools:
            raise PydanticCustomError(
                "cached_tools", "An answer that tools had a part in cannot stand for another."
            )
        return self

    @property
    def timeout_seconds(self) -> int:
        """The longest that one try of this step may take."""
        return seconds_of(self.timeout)


class ActionStep(Written):
    """Have something done elsewhere, by a plugin; `http.request` is built in. The result is what
    the action gives.
    """

    id: StepId
    kind: Literal["action"]
    action: Annotated[str, Field(max_length=200)]
    connection: Annotated[str, Field(max_length=200)] | None = None
    variables: Variables = NONE
    timeout: JobTimeout = "60s"
    retry: Retry = Retry()
    on_error: OnError = "fail"

    @property
    def timeout_seconds(self) -> int:
        """The longest that one try of this step may take."""
        return seconds_of(self.timeout)


class ApprovalStep(Written):
    """Wait until somebody decides. The result is {decision, comment, form, by, at}.

    Whoever is named in `users` (emails or ids), or else has the role or a higher one, may decide.
    `form` is the JSON Schema of what is filled in with the decision.
    """

    id: StepId
    kind: Literal["approval"]
    message: ExpressionText = ""
    role: Role | None = None
    users: Annotated[tuple[Annotated[str, Field(max_length=320)], ...], Field(max_length=50)] = ()
    form: Mapping[str, JsonValue] | None = None
    timeout: Annotated[Duration, between("1s", "30d")] = "7d"
    on_timeout: Literal["fail", "approve", "reject"] = "fail"
    on_error: OnError = "fail"

    @property
    def timeout_seconds(self) -> int:
        """How long somebody may take to decide."""
        return seconds_of(self.timeout)


class WorkflowStep(Written):
    """Run another workflow, as an execution of its own. The result is its output."""

    id: StepId
    kind: Literal["workflow"]
    workflow: WorkflowRef
    variables: Variables = NONE
    timeout: LongTimeout = "1h"
    retry: Retry = Retry(attempts=1)
    on_error: OnError = "fail"

    @property
    def timeout_seconds(self) -> int:
        """How long the execution may take."""
        return seconds_of(self.timeout)


class TransformStep(Written):
    """Reshape values. The result is `value`, with the expressions in it evaluated."""

    id: StepId
    kind: Literal["transform"]
    value: JsonValue


class WaitStep(Written):
    """Go on after some time, or at a time. The result is null."""

    id: StepId
    kind: Literal["wait"]
    for_: Annotated[Annotated[Duration, between("1s", "365d")] | None, Field(alias="for")] = None
    until: ExpressionText | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        return _just_one(self, for_=self.for_, until=self.until)


class FailStep(Written):
    """End the execution as failed, with that error and message (text or expressions)."""

    id: StepId
    kind: Literal["fail"]
    error: Annotated[ExpressionText, Field(min_length=1)] = "WorkflowFailed"
    message: ExpressionText = ""


class Case(Written):
    """A path of a branch, and the condition for taking it."""

    when: ExpressionText
    steps: Steps = ()


class BranchStep(Written):
    """Take the first case whose condition holds, or else `otherwise`. The result is that of the
    last step of the path taken, null where the path is empty.
    """

    id: StepId
    kind: Literal["branch"]
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=50)]
    otherwise: Steps = ()


BranchName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class ParallelStep(Written):
    """Run branches at the same time. The result is {name: result of the branch's last step}."""

    id: StepId
    kind: Literal["parallel"]
    branches: Annotated[Mapping[BranchName, SomeSteps], Field(min_length=1, max_length=50)]
    on_error: OnError = "fail"


class MapStep(Written):
    """Run steps once for every item, `concurrency` items at the same time. The result is the list
    of the last step's results, in the order of the items.

    `as` names the variable that holds the item; the same with `_index` holds its place from 0.
    """

    id: StepId
    kind: Literal["map"]
    items: JsonValue
    as_: Annotated[StepId, Field(alias="as")] = "item"
    steps: SomeSteps
    concurrency: Annotated[int, Field(ge=1, le=MAX_CONCURRENCY)] = 10
    max_items: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = 1_000
    on_error: OnError = "fail"


class LoopStep(Written):
    """Run steps again and again: while a condition tested before each round holds, or until one
    tested after each does, `max_iterations` times at most. The result is {iterations, last}.
    """

    id: StepId
    kind: Literal["loop"]
    steps: SomeSteps
    while_: Annotated[ExpressionText | None, Field(alias="while")] = None
    until: ExpressionText | None = None
    max_iterations: Annotated[int, Field(ge=1, le=MAX_ITERATIONS)]

    @model_validator(mode="after")
    def _either(self) -> Self:
        return _just_one(self, while_=self.while_, until=self.until)


Step = (
    PromptStep
    | ActionStep
    | ApprovalStep
    | WorkflowStep
    | TransformStep
    | WaitStep
    | FailStep
    | BranchStep
    | ParallelStep
    | MapStep
    | LoopStep
)

JobStep = PromptStep | ActionStep | ApprovalStep | WorkflowStep
"""What leaves the state machine: a worker gets a job."""

STEP_MODELS: Mapping[str, type[Step]] = {
    "prompt": PromptStep,
    "transform": TransformStep,
    "branch": BranchStep,
    "parallel": ParallelStep,
    "map": MapStep,
    "loop": LoopStep,
    "wait": WaitStep,
    "approval": ApprovalStep,
    "workflow": WorkflowStep,
    "action": ActionStep,
    "fail": FailStep,
}
"""By `kind`, the model of its steps."""

AnyStep = Annotated[Step, Field(discriminator="kind")]
