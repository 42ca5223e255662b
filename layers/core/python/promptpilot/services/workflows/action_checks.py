"""The actions that a document's steps have done: whether there are such, and whether they take what
they are given.
"""

from collections.abc import Iterator

from promptpilot.compiler.draft import Draft
from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.output_schema import schema_problem
from promptpilot.domain.workflow_steps import ActionStep, PromptStep, StepTool
from promptpilot.errors import Problem
from promptpilot.services.actions.registry import ACTIONS
from promptpilot.services.workflows.given import given_problems


def action_problems(draft: Draft) -> Iterator[Problem]:
    """What is wrong with the action steps, and with the tools of prompt steps, as far as it is
    certain before the run.
    """
    for node in draft.nodes(ActionStep):
        action = ACTIONS.get(node.step.action)
        if action is None:
            yield _unknown(node.step.action, pointer(node.at, "action"))
            continue
        yield from given_problems(
            action.arguments,
            node.step.variables,
            pointer(node.at, "with"),
            taker=f"The action `{action.name}`",
            codes="action_argument",
        )
    for prompt in draft.nodes(PromptStep):
        for place, tool in enumerate(prompt.step.tools):
            yield from _tool_problems(tool, pointer(prompt.at, "tools", place))


def _unknown(name: str, at: str) -> Problem:
    known = ", ".join(f"`{each}`" for each in ACTIONS)
    message = f"There is no action `{name}`; there is {known}.{suggestion(name, ACTIONS)}"
    return Problem(at, "action_unknown", message)


def _tool_problems(tool: StepTool, at: str) -> Iterator[Problem]:
    action = ACTIONS.get(tool.action)
    if action is None:
        yield _unknown(tool.action, pointer(at, "action"))
        return
    # What the model gives is missing here.
    schema = {**action.arguments, "required": []}
    yield from given_problems(
        schema,
        tool.variables,
        pointer(at, "with"),
        taker=f"The action `{action.name}`",
        codes="action_argument",
    )
    if tool.parameters is not None:
        problem = schema_problem(tool.parameters, (), "tool_parameters_invalid")
        if problem is not None:
            yield Problem(f"{at}/parameters{problem.at}", problem.code, problem.message)
