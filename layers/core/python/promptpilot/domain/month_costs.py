"""What the models of a workspace have cost in a month."""

from promptpilot.domain.base import Model
from promptpilot.domain.budget import Month


class Cost(Model):
    """A sum in micro-US-dollars. The cost of `unknown_calls` is unknown and in no sum."""

    cost_micro_usd: int
    unknown_calls: int


class ModelCost(Cost):
    """What a model has cost."""

    model: str


class WorkflowCost(Cost):
    """What executions of a workflow have cost, those that their steps began counted as those of
    their own workflows; None is what was run outside of workflows.
    """

    workflow_id: str | None


class PromptCost(Cost):
    """What answers to a prompt have cost; None is what was asked without one."""

    prompt_id: str | None


class MonthCosts(Cost):
    """The sums of a month, and what they consist of, the largest first.

    An execution counts when it ends, and once more with what it has cost since when it is resumed.
    """

    month: Month
    by_model: tuple[ModelCost, ...] = ()
    by_workflow: tuple[WorkflowCost, ...] = ()
    by_prompt: tuple[PromptCost, ...] = ()
