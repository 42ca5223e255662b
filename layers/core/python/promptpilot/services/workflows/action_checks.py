"""The actions that a document's steps have done: whether there are such, and whether they take what
they are given.
"""

from collections.abc import Iterator

from promptpilot.compiler.draft import Draft
from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.workflow_steps import ActionStep
from promptpilot.errors import Problem
from promptpilot.services.actions.registry import ACTIONS
from promptpilot.services.workflows.given import given_problems


def action_problems(draft: Draft) -> Iterator[Problem]:
    """What is wrong with the action steps, as far as it is certain before the run."""
    for node in draft.nodes(ActionStep):
        action = ACTIONS.get(node.step.action)
        if action is None:
            known = ", ".join(f"`{name}`" for name in ACTIONS)
            hint = suggestion(node.step.action, ACTIONS)
            message = f"There is no action `{node.step.action}`; there is {known}.{hint}"
            yield Problem(pointer(node.at, "action"), "action_unknown", message)
            continue
        yield from given_problems(
            action.arguments,
            node.step.variables,
            pointer(node.at, "with"),
            taker=f"The action `{action.name}`",
            codes="action_argument",
        )
