"""From a checked workflow document to a state machine in the Amazon States Language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import MAX_PROBLEMS, Checks
from promptpilot.compiler.draft import Draft
from promptpilot.compiler.inputs import schema_problems
from promptpilot.compiler.kinds import check_step, step_load, step_states
from promptpilot.compiler.load import Estimate
from promptpilot.compiler.pointers import reading_order
from promptpilot.compiler.quotas import bounds_within_quotas
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import After, Around
from promptpilot.domain.base import digest_of
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.prompt import PromptVersion
from promptpilot.errors import DocumentInvalid, Problem

NO_CHILDREN: Mapping[str, Bounds] = {}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A state machine, the SHA-256 of its canonical JSON, and what an execution can do at most."""

    asl: Mapping[str, Any]
    digest: str
    bounds: Bounds


def compile_draft(
    draft: Draft,
    prompts: Mapping[str, PromptVersion],
    found: Sequence[Problem] = (),
    children: Mapping[str, Bounds] = NO_CHILDREN,
) -> Compiled:
    """Compile what was read of a document. `found` are problems that others have found already,
    `children` the bounds of the workflows that steps run, by step id.

    Raises `DocumentInvalid` with every problem, in the order of their places.
    """
    problems = [*draft.problems, *found, *_checked(draft, prompts)]
    if problems or draft.document is None:
        raise _invalid(problems)
    document = draft.document
    assembly = Assembly(step_states)
    after = After(None, has_output=document.has_output, output=document.output)
    asl = {
        "Comment": document.name,
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": document.timeout_seconds,
        **assembly.machine(draft.steps, after, Around()),
    }
    problems += assembly.problems
    if problems:
        raise _invalid(problems)
    estimate = Estimate(step_load, children)
    bounds = bounds_within_quotas(draft.steps, assembly.by_step, asl, estimate, problems)
    if problems:
        raise _invalid(problems)
    return Compiled(asl=asl, digest=digest_of(asl), bounds=bounds)


def _checked(draft: Draft, prompts: Mapping[str, PromptVersion]) -> Iterator[Problem]:
    checks = Checks(draft.holders, prompts, check_step)
    scope = checks.block(draft.steps, Scope())
    heading = draft.heading
    if heading is not None:
        checks.problems += schema_problems(heading.input)
    if heading is not None and heading.has_output:
        checks.value(heading.output, "/output", scope)
        if not scope.reachable:
            checks.problem("/output", "unreachable", "Never answered: the last step always fails.")
    return (problem for problem in checks.problems if not draft.hides(problem))


def _invalid(problems: Sequence[Problem]) -> DocumentInvalid:
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: reading_order(problem.at))
    return DocumentInvalid(problems=tuple(ordered[:MAX_PROBLEMS]))
