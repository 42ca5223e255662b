"""What is filled in with a decision, by the schema that the approval has."""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.compiler.inputs import value_problems
from promptpilot.domain.approval import Approval, Decision
from promptpilot.errors import DocumentInvalid, Problem

AT = "/form"
REASON = "The form is not filled in as the approval asks; each problem is listed with its place."


def check_form(approval: Approval, decision: Decision) -> Mapping[str, Any] | None:
    """What is filled in; None where nothing is. Whoever rejects may leave the form alone.

    Raises `DocumentInvalid` with every problem, its place being one in the request's body.
    """
    rejected_without = decision.decision == "reject" and decision.form is None
    if rejected_without or (approval.form is None and decision.form is None):
        return None
    values = decision.form or {}
    problems = tuple(_problems(approval, values))
    if problems:
        raise DocumentInvalid(reason=REASON, problems=problems)
    return values


def _problems(approval: Approval, values: Mapping[str, Any]) -> Iterator[Problem]:
    if approval.form is None:
        yield Problem(AT, "unknown_field", "This approval has no form.")
        return
    for problem in value_problems(approval.form, values):
        yield Problem(f"{AT}{problem.at}", problem.code, problem.message)
