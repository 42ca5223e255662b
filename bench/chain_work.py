"""The work of the chain benchmark: five prompts, each fed with the answer before."""

from collections.abc import Awaitable, Callable
from typing import Any

FIXED = {"audience": "the board", "style": "plain", "language": "Spanish"}
NOTES = "The pilot ran for six weeks in two branches and cost less than planned. " * 8
TEMPLATES = (
    "Write a {{style}} summary for {{audience}} of these notes:\n{{text}}",
    "List what {{audience}} must decide, from:\n{{text}}",
    "Translate into {{language}}, keeping the {{style}} style:\n{{text}}",
    "Find a {{style}} headline for:\n{{text}}",
    "Check the following in {{language}} for {{audience}} and write the final version:\n{{text}}",
)

Ask = Callable[[str], Awaitable[str]]
"""A model call: prompt -> answer."""


def variables(template: str) -> list[str]:
    """The names of the variables that the template uses."""
    return [name for name in (*FIXED, "text") if f"{{{{{name}}}}}" in template]


def notes(number: int) -> str:
    """The notes of run `number`: no two runs send the same request."""
    return f"{NOTES}Report {number}."


async def run_bare(ask: Ask, text: str) -> str:
    """The whole chain without any product: fill in, ask, and again."""
    for template in TEMPLATES:
        prompt = template
        for name, value in {**FIXED, "text": text}.items():
            prompt = prompt.replace(f"{{{{{name}}}}}", value)
        text = await ask(prompt)
    return text


def workflow(name: str, prompts: list[str], model: str) -> dict[str, Any]:
    """The document of the same chain; `prompts` are the ids of the templates in order."""
    steps, text = [], "{% $input.text %}"
    for number, prompt in enumerate(prompts):
        values = {each: FIXED.get(each, text) for each in variables(TEMPLATES[number])}
        step_id = f"step_{number + 1}"
        steps.append(
            {
                "id": step_id,
                "kind": "prompt",
                "prompt": {"id": prompt, "version": "1.0.0"},
                "model": model,
                "with": values,
            }
        )
        text = f"{{% ${step_id}.output %}}"
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return {"name": name, "input": schema, "steps": steps, "output": text}
