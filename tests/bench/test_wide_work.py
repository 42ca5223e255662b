"""The wide work of the benchmarks is the same with and without the product."""

import asyncio

import pytest

from bench.wide_work import approval, fan_out, ideal_seconds, mapped, run_bare, texts
from promptpilot.compiler.draft import read_draft

PROMPT = "prompt_01M87W8A6J7DJ5DWA804CZDZF3"


@pytest.mark.parametrize(
    ("calls", "at_once", "latency_ms", "seconds"),
    [(20, 20, 200, 0.2), (1000, 100, 50, 0.5), (101, 100, 50, 0.1), (1, 100, 50, 0.05)],
)
def test_the_ideal_is_full_waves_of_calls(
    calls: int, at_once: int, latency_ms: float, seconds: float
) -> None:
    assert ideal_seconds(calls, at_once, latency_ms) == pytest.approx(seconds)


def test_no_two_runs_send_the_same_texts() -> None:
    assert not set(texts(1, 50)) & set(texts(2, 50))
    assert len(set(texts(1, 50))) == 50


async def test_the_bare_loop_answers_in_order_with_so_many_calls_at_once() -> None:
    running, most = 0, 0

    async def ask(prompt: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return f"answer to {prompt}"

    answers = await run_bare(ask, texts(1, 30), at_once=7)

    assert [each.splitlines()[-1] for each in answers] == texts(1, 30)
    assert most == 7


@pytest.mark.parametrize(
    "document",
    [fan_out(PROMPT, "custom/slow/echo"), mapped(PROMPT, "custom/slow/echo"), approval()],
    ids=["fan-out", "map", "approval"],
)
def test_the_workflows_are_documents_of_the_language(document: dict[str, object]) -> None:
    draft = read_draft(document)

    assert draft.document is not None, draft


def test_every_branch_asks_about_a_text_of_its_own() -> None:
    branches = fan_out("prompt_1", "custom/slow/echo", branches=3)["steps"][0]["branches"]

    asked = [steps[0]["with"]["text"] for steps in branches.values()]

    assert asked == [f"{{% $input.texts[{number}] %}}" for number in range(3)]
