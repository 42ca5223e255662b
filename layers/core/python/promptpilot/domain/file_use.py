"""Where a prompt uses files: in the attachments of messages, and in nothing that is printed."""

from collections.abc import Iterator, Sequence

from promptpilot.domain.prompt import PromptContent
from promptpilot.domain.prompt_message import FileVariable
from promptpilot.domain.template import Template
from promptpilot.domain.variables import VariableType
from promptpilot.errors import Problem


def place_of(template: Template) -> str:
    """Where a text is in the document, as a JSON pointer."""
    name = template.text.name
    return f"/{name}/content" if name.startswith("messages/") else f"/{name}"


def attached_names(content: PromptContent) -> dict[str, str]:
    """The variables that attachments name, each with the place of its first use."""
    names: dict[str, str] = {}
    for at, name in _uses(content):
        names.setdefault(name, at)
    return names


def file_problems(content: PromptContent, templates: Sequence[Template]) -> Iterator[Problem]:
    """Variables that are attached and are no files, and files that texts do more with than to ask
    whether they are there. What is not declared is told elsewhere.
    """
    types = {variable.name: variable.type for variable in content.variables}
    for at, name in _uses(content):
        if types.get(name, VariableType.FILE) is not VariableType.FILE:
            message = f"Only a file can be attached, and {name!r} is of the type {types[name]}."
            yield Problem(at=at, code="variable_not_file", message=message)
    for template in templates:
        for name in sorted(template.printed):
            if types.get(name) is VariableType.FILE:
                message = (
                    f"{name!r} is a file: attach it to a message. A text can only test whether it "
                    f"is there: {{% if {name} %}}."
                )
                yield Problem(at=place_of(template), code="file_printed", message=message)


def _uses(content: PromptContent) -> Iterator[tuple[str, str]]:
    for number, message in enumerate(content.messages or ()):
        for place, slot in enumerate(message.attachments):
            if isinstance(slot, FileVariable):
                yield f"/messages/{number}/attachments/{place}/variable", slot.variable
