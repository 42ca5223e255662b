"""Workflow documents to try, and what comes of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from promptpilot.compiler.compile import Compiled, compile_draft
from promptpilot.compiler.draft import read_draft
from promptpilot.domain.prompt import PromptVersion
from promptpilot.errors import DocumentInvalid, Problem
from tests.unit.prompt_world import version

Step = dict[str, Any]


def prompt_step(id: str, /, **fields: Any) -> Step:
    """A prompt step that gives no variables; `with_` stands for `with`."""
    if "with_" in fields:
        fields["with"] = fields.pop("with_")
    return {"id": id, "kind": "prompt", "prompt": {"name": "Say"}, **fields}


def transform(id: str, value: Any) -> Step:
    return {"id": id, "kind": "transform", "value": value}


def fail(id: str, **fields: Any) -> Step:
    return {"id": id, "kind": "fail", **fields}


def workflow(*steps: Any, **fields: Any) -> dict[str, Any]:
    """The document of a workflow with these steps."""
    return {"name": "Sample", "steps": list(steps), **fields}


def compiled(document: Any, prompts: Mapping[str, PromptVersion] | None = None) -> Compiled:
    """The document compiled, with the prompts of its steps by step id."""
    return compile_draft(read_draft(document), prompts or {})


def states(document: Any) -> dict[str, Any]:
    """The states of the compiled document."""
    return dict(compiled(document).asl["States"])


def problems(document: Any, prompts: Mapping[str, PromptVersion] | None = None) -> list[Problem]:
    """Everything that is wrong with the document."""
    with pytest.raises(DocumentInvalid) as refused:
        compiled(document, prompts)
    return list(refused.value.problems)


def places(
    document: Any, prompts: Mapping[str, PromptVersion] | None = None
) -> list[tuple[str, str]]:
    """Where what is wrong with the document, by code."""
    return [(problem.at, problem.code) for problem in problems(document, prompts)]


def prompt_with(*variables: Any, **fields: Any) -> PromptVersion:
    """A prompt version that declares these variables."""
    return version(content="x", variables=list(variables), **fields)
