"""The content of a version about to be saved: drafted from what was sent, and checked whole."""

from collections.abc import Iterator, Sequence

from promptpilot.domain.agreement import agreement
from promptpilot.domain.file_use import attached_names, file_problems, place_of
from promptpilot.domain.model import Settings
from promptpilot.domain.output_schema import pointer, schema_problem
from promptpilot.domain.prompt import PromptContent
from promptpilot.domain.prompt_document import ContentDraft
from promptpilot.domain.template import Template, parse_template
from promptpilot.domain.template_syntax import TemplateText
from promptpilot.errors import DocumentInvalid, NotFound, Problem
from promptpilot.ports.models import Models
from promptpilot.ports.table import Table
from promptpilot.services.prompts.includes import Included, levels, load_included
from promptpilot.services.prompts.model_checks import model_problems

MAX_INCLUDE_DEPTH = 8
MAX_INCLUDED = 50
"""How many prompts one may include in all, those of the included ones counted too."""


def drafted_content(draft: ContentDraft, base: PromptContent) -> PromptContent:
    """`base` with what the draft names in its place; null clears, but there always is a text."""
    sent = draft.model_fields_set
    has_text = draft.content is not None or draft.messages is not None
    content, messages = (
        (draft.content, draft.messages) if has_text else (base.content, base.messages)
    )
    return PromptContent.model_construct(
        content=content,
        messages=messages,
        variables=draft.variables or () if "variables" in sent else base.variables,
        output_schema=draft.output_schema if "output_schema" in sent else base.output_schema,
        model=draft.model if "model" in sent else base.model,
        settings=draft.settings or Settings() if "settings" in sent else base.settings,
        tools=draft.tools or () if "tools" in sent else base.tools,
        includes={},
    )


def checked_content(
    workspace: str, content: PromptContent, *, table: Table, models: Models
) -> PromptContent:
    """The content with its includes resolved, when all of it can be saved.

    Raises `TemplateInvalid` for a broken template, else `DocumentInvalid` with every problem:
    variables used but not declared and declared but not used, files that are printed and what is no
    file but attached, includes that are missing, of
    messages, too deep or too many, an output schema or a tool's parameters that are none, what the
    model that is named does not take.
    """
    templates = [parse_template(TemplateText(*text)) for text in content.texts]
    included, problems = _resolved(workspace, templates, table)
    problems += _include_problems(workspace, included, table)
    agreed = agreement(
        content.variables,
        frozenset().union(*(template.variables for template in templates)),
        {ref: version.variables for ref, version in included.items()},
        attached_names(content),
    )
    problems += file_problems(content, templates)
    problems += agreed.problems(content.variables)
    if content.output_schema is not None:
        problems += filter(None, [schema_problem(content.output_schema)])
    problems += _tool_problems(content)
    problems += model_problems(content, models=models)
    if problems:
        reason = agreed.summary() or DocumentInvalid.reason
        raise DocumentInvalid(reason=reason, problems=tuple(problems))
    includes = {ref: version.digest for ref, version in sorted(included.items())}
    return content.model_copy(update={"includes": includes})


def _tool_problems(content: PromptContent) -> Iterator[Problem]:
    for place, tool in enumerate(content.tools):
        at = ("tools", place, "parameters")
        problem = schema_problem(tool.parameters, at, "tool_parameters_invalid")
        if problem is not None:
            yield problem
        elif tool.parameters.get("type") != "object":
            message = "The parameters of a tool are an object: they need the type object."
            yield Problem(pointer(at), "tool_parameters_invalid", message)


def _resolved(
    workspace: str, templates: Sequence[Template], table: Table
) -> tuple[Included, list[Problem]]:
    included: Included = {}
    problems = []
    for template in templates:
        at = place_of(template)
        for ref in template.includes:
            try:
                included[ref] = load_included(workspace, ref, table=table)
            except NotFound:
                message = f"There is no prompt {ref!r} here."
                problems.append(Problem(at=at, code="include_not_found", message=message))
    return included, problems


def _include_problems(workspace: str, included: Included, table: Table) -> Iterator[Problem]:
    for ref, version in included.items():
        if version.messages is not None:
            message = f"{ref!r} has messages; only a text can be included."
            yield Problem(at="", code="include_not_text", message=message)
    total = 0
    for depth, level in enumerate(levels(workspace, included, table=table), start=1):
        total += len(level)
        if depth > MAX_INCLUDE_DEPTH:
            message = f"Includes can be nested {MAX_INCLUDE_DEPTH} deep."
            yield Problem(at="", code="includes_too_deep", message=message)
            return
        if total > MAX_INCLUDED:
            message = f"A prompt can include {MAX_INCLUDED} prompts, nested ones counted too."
            yield Problem(at="", code="too_many_includes", message=message)
            return
