"""The work of the chain benchmark is the same with and without the product."""

from bench.chain_work import TEMPLATES, notes, run_bare, variables, workflow


async def test_every_call_of_the_bare_chain_carries_the_answer_before_it() -> None:
    asked: list[str] = []

    async def ask(prompt: str) -> str:
        asked.append(prompt)
        return f"answer {len(asked)}"

    last = await run_bare(ask, notes(7))

    assert last == f"answer {len(TEMPLATES)}"
    assert "Report 7." in asked[0]
    assert all(f"answer {place}" in prompt for place, prompt in enumerate(asked) if place)
    assert not any("{{" in prompt for prompt in asked)


def test_each_step_of_the_workflow_fills_exactly_the_variables_of_its_prompt() -> None:
    prompts = [f"prompt_{place}" for place in range(len(TEMPLATES))]

    document = workflow("Chain", prompts, "custom/fast/echo")

    assert [step["prompt"]["id"] for step in document["steps"]] == prompts
    for template, step in zip(TEMPLATES, document["steps"], strict=True):
        assert set(step["with"]) == set(variables(template))
    assert document["output"] == "{% $step_5.output %}"
