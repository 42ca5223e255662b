"""Prompt steps whose model has actions done before it answers."""

import asyncio
import json
from typing import Any

import pytest

from promptpilot.domain.message import CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.errors import DocumentInvalid
from promptpilot.ports.egress import OutboundAnswer
from promptpilot.services.asking.tool_rounds import MOST_AT_ONCE, with_tools
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.runs.step_tools import CUT_OFF, RESULT_CHARACTERS
from promptpilot.step_errors import (
    ActionUnavailable,
    EgressRefused,
    ModelOverloaded,
    StepError,
    StepTimedOut,
)
from tests.fakes import MODELS, ScriptedEgress, ScriptedModel
from tests.unit.kinds_world import KindsWorld
from tests.unit.prompt_steps import PRICE, asking, first

FETCH = {"name": "fetch", "action": "http.request", "description": "Reads a page."}
USAGE = Usage(input_tokens=10, output_tokens=5)


def asks(*calls: ToolCall, text: str = "", opaque: Any = None) -> Completion:
    return Completion(
        text=text,
        model="fake/echo",
        tool_calls=calls,
        finish_reason="tool_calls",
        usage=USAGE,
        opaque=opaque,
    )


def fetch(url: str = "https://a.example/", id: str = "call 1", **more: Any) -> ToolCall:
    return ToolCall(id=id, name="fetch", arguments={"url": url, **more})


def fine(text: str = "Fine.") -> Completion:
    return Completion(text=text, model="fake/echo", usage=USAGE)


def answers(body: Any, status: int = 200) -> OutboundAnswer:
    data = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return OutboundAnswer(status=status, headers=headers, body=data, url="https://a.example/")


def using(script: list[Any], *answered: OutboundAnswer | StepError, **step: Any) -> KindsWorld:
    """A world whose one step has the tool `fetch`; `answered` is what requests get."""
    fields = {"tools": [FETCH], **step}
    world = asking(first(**fields), model=ScriptedModel(script, price=PRICE))
    world.egress = ScriptedEgress(answered)
    world.ports = world.ports_with(egress=world.egress, models=world.ports.models)
    return world


async def run(world: KindsWorld, **job: Any) -> Any:
    execution = world.run()
    await world.do(execution, "first", **job)
    [log] = world.logs(execution)
    return log


async def test_a_tool_is_used_and_its_result_told_to_the_model() -> None:
    world = using([asks(fetch(), text="Let me see.", opaque={"sig": 1}), fine()], answers({"n": 3}))
    log = await run(world)
    assert log.text == "Fine."
    [request] = [sent for sent, _ in world.egress.sent]
    assert request.url == "https://a.example/"
    said, asked, result = world.model.requests[1].messages
    assert isinstance(said, Message)
    assert asked == CallTurn(content="Let me see.", tool_calls=(fetch(),), opaque={"sig": 1})
    assert isinstance(result, ResultTurn)
    assert (result.call_id, result.name, result.failed) == ("call 1", "fetch", False)
    assert json.loads(result.content)["body"] == {"n": 3}


async def test_the_model_is_told_what_the_action_takes() -> None:
    world = using([fine()])
    await run(world)
    [tool] = world.model.requests[0].tools
    assert (tool.name, tool.description) == ("fetch", "Reads a page.")
    assert "url" in tool.parameters["properties"]
    assert tool.parameters["required"] == ["url"]


async def test_all_rounds_are_in_the_log_and_paid_for() -> None:
    world = using(
        [asks(fetch("https://a.example/?token=abc")), asks(fetch(id="call 2")), fine()],
        answers("one"),
        answers("two"),
    )
    log = await run(world)
    assert [(use.round, use.name, use.action) for use in log.tool_uses] == [
        (1, "fetch", "http.request"),
        (2, "fetch", "http.request"),
    ]
    assert log.tool_uses[0].arguments == {"url": "https://a.example/?token=***"}
    assert '"one"' in log.tool_uses[0].result
    assert [each.purpose for each in log.calls] == ["answer", "tools", "tools"]
    assert log.usage == USAGE + USAGE + USAGE
    assert log.cost_micro_usd == 60


async def test_several_tools_are_used_at_once_and_told_in_order() -> None:
    calls = asks(fetch("https://a.example/1", "x"), fetch("https://a.example/2", "y"))
    world = using([calls, fine()], answers(1), answers(2))
    await run(world)
    results = world.model.requests[1].messages[2:]
    assert [each.call_id for each in results] == ["x", "y"]


@pytest.mark.parametrize(
    ("call", "answered", "told"),
    [
        (fetch(), answers({}, status=503), "ActionUnavailable"),
        (fetch(), EgressRefused(), "EgressRefused"),
        (ToolCall(id="call 1", name="fetch", arguments={}), None, "url"),
        (ToolCall(id="call 1", name="fetch", malformed="{oops"), None, "not a JSON object"),
        (fetch(nonsense=1), None, "nonsense"),
    ],
    ids=["status", "refused", "missing", "malformed", "unknown"],
)
async def test_what_goes_wrong_is_told_to_the_model(
    call: ToolCall, answered: Any, told: str
) -> None:
    world = using([asks(call), fine()], *([answered] if answered else []))
    log = await run(world)
    result = world.model.requests[1].messages[2]
    assert result.failed
    assert told in result.content
    assert log.text == "Fine."
    assert log.tool_uses[0].failed


async def test_after_the_last_round_the_model_has_to_answer() -> None:
    world = using([asks(fetch()), asks(fetch()), fine()], answers(1), answers(2), max_rounds=2)
    log = await run(world)
    assert [each.tool_choice for each in world.model.requests] == [None, None, "none"]
    assert log.text == "Fine."


async def test_a_model_that_only_asks_for_tools_fails_the_step() -> None:
    world = using([asks(fetch()), asks(fetch())], answers(1), max_rounds=1)
    log = await run(world)
    assert log.error.name == "OutputInvalid"
    assert "asked for tools 1 times" in log.error.message
    assert len(log.tool_uses) == 1
    assert log.cost_micro_usd == 40


async def test_what_the_author_gives_the_model_neither_sees_nor_changes() -> None:
    tool = {**FETCH, "with": {"method": "POST", "headers": {"Authorization": "canary"}}}
    world = using([asks(fetch(method="DELETE")), fine()], answers(1), tools=[tool])
    log = await run(world, tools={"fetch": tool["with"]})
    [declared] = world.model.requests[0].tools
    assert not {"method", "headers"} & set(declared.parameters["properties"])
    [(request, _)] = world.egress.sent
    assert (request.method, request.headers["Authorization"]) == ("POST", "canary")
    assert "canary" not in log.model_dump_json()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"headers": {"X-Admin": "1"}}, "headers"),
        ({"body": "x"}, "body"),
        ({"url": "https://elsewhere.example/"}, "/url"),
    ],
    ids=["headers", "body", "another url"],
)
async def test_the_model_may_give_no_more_than_the_parameters_let_it(
    given: dict[str, Any], told: str
) -> None:
    parameters = {
        "type": "object",
        "properties": {"url": {"enum": ["https://a.example/"]}, "query": {"type": "object"}},
        "required": ["url"],
    }
    calls = [fetch(**{"url": "https://a.example/", **given}), fetch(query={"a": 1})]
    world = using(
        [*map(asks, calls), fine()], answers(1), tools=[{**FETCH, "parameters": parameters}]
    )
    log = await run(world)
    assert [use.failed for use in log.tool_uses] == [True, False]
    assert told in log.tool_uses[0].result
    [(request, _)] = world.egress.sent
    assert request.url == "https://a.example/?a=1"


async def test_what_a_tool_of_the_prompt_needs_and_the_author_gives_is_the_authors() -> None:
    world = using([asks(fetch(method="DELETE")), fine()], answers(1))
    parameters = {
        "type": "object",
        "properties": {"url": {"type": "string"}, "method": {"type": "string"}},
        "required": ["url", "method"],
    }
    with_tool(world, Tool(name="fetch", parameters=parameters), with_={"method": "POST"})
    log = await run(world, tools={"fetch": {"method": "POST"}})
    assert not log.tool_uses[0].failed
    assert world.egress.sent[0][0].method == "POST"


def with_tool(world: KindsWorld, *tools: Tool, with_: Any = None, **version: Any) -> None:
    """The world's prompt declares these, and its step has the tool `fetch`."""
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(tools=tools, **version),
        table=world.ports.table,
        models=MODELS,
    )
    given = {} if with_ is None else {"with": with_}
    world.workflow = world.made(first(tools=[{**FETCH, **given}]))


async def test_an_answer_is_repaired_without_tools() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    world = using([fine("no JSON"), asks(fetch())])
    with_tool(world, output_schema=schema, bump="major")
    log = await run(world)
    assert [each.tool_choice for each in world.model.requests] == [None, "none"]
    assert (log.error.name, log.tool_uses) == ("OutputInvalid", ())


async def test_more_tools_than_a_request_may_have_fail_the_step() -> None:
    world = using([])
    with_tool(world, *(Tool(name=f"tool_{number}") for number in range(64)))
    log = await run(world)
    assert (log.error.name, "64" in log.error.message) == ("StepInvalid", True)


async def test_more_tools_at_once_than_allowed_are_not_used() -> None:
    calls = [fetch(id=f"call {number}") for number in range(MOST_AT_ONCE + 1)]
    world = using([asks(*calls)])
    log = await run(world)
    assert (log.error.name, world.egress.sent) == ("OutputInvalid", [])
    assert "65 tools at once" in log.error.message


async def test_no_tool_is_used_once_the_time_is_up() -> None:
    class Untouched:
        names, max_rounds, uses = ("fetch",), 5, ()

        async def use(self, *_: Any) -> Any:
            pytest.fail("used")

    async def ask(*_: Any) -> Completion:
        return asks(fetch())

    request = ModelRequest(model="fake/echo", messages=(Message(role="user", content="x"),))
    with pytest.raises(StepTimedOut):
        await with_tools(request, ask, Untouched(), asyncio.get_running_loop().time())


async def test_a_log_of_much_that_tools_were_given_is_kept_whole() -> None:
    texts = [str(number) * 150_000 for number in range(3)]
    calls = [asks(fetch(text=text, method="POST")) for text in texts]
    world = using([*calls, fine()], *([answers(1)] * 3))
    log = await run(world)
    assert [use.arguments["text"] for use in log.tool_uses] == texts
    assert world.orchestrator.succeeded["token first"]["text"] == "Fine."


async def test_large_calls_of_a_callers_own_tools_stay_out_of_the_state() -> None:
    call = ToolCall(id="call 1", name="other", arguments={"a": "x" * 500_000})
    world = using([asks(call, text="Let me see.")])
    log = await run(world)
    assert log.tool_calls == (call,)
    result = world.orchestrator.succeeded["token first"]
    assert result["text"] == "Let me see."
    kept = world.ports.blobs.get(world.principal.workspace, result["tool_calls"]["blob"])
    assert json.loads(kept)[0]["arguments"] == call.arguments


async def test_a_tool_that_the_prompt_declares_is_told_as_the_prompt_has_it() -> None:
    world = using([asks(fetch()), fine()], answers(1))
    declared = Tool(
        name="fetch",
        description="Only for the news.",
        parameters={"type": "object", "properties": {"url": {"type": "string"}}},
    )
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(tools=(declared,)),
        table=world.ports.table,
        models=MODELS,
    )
    world.workflow = world.made(first(tools=[FETCH]))
    await run(world)
    assert world.model.requests[0].tools == (declared,)


async def test_a_tool_that_no_step_has_is_for_the_caller_to_use() -> None:
    call = ToolCall(id="call 1", name="other", arguments={"a": 1})
    world = using([asks(call)])
    log = await run(world)
    assert (log.tool_calls, log.output) == ((call,), "")
    told = world.orchestrator.succeeded["token first"]["tool_calls"]
    assert told == [{"id": "call 1", "name": "other", "arguments": {"a": 1}, "malformed": None}]


async def test_a_long_result_is_cut_off_and_says_so() -> None:
    world = using([asks(fetch()), fine()], answers("x" * (RESULT_CHARACTERS + 1)))
    log = await run(world)
    result = world.model.requests[1].messages[2].content
    assert len(result) == RESULT_CHARACTERS + len(CUT_OFF)
    assert result.endswith(CUT_OFF)
    assert len(log.tool_uses[0].result) == 2_000


async def test_a_fallback_begins_the_conversation_anew() -> None:
    world = using([asks(fetch())], ActionUnavailable(), max_rounds=3, fallbacks=["fake/second"])
    second = ScriptedModel([fine("Second.")])
    world.ports.models.models["fake/second"] = second
    world.model._answer = _then_overloaded(world.model._answer)
    log = await run(world)
    assert log.text == "Second."
    assert [each.role for each in second.requests[0].messages] == ["user"]


def _then_overloaded(before: Any) -> Any:
    asked = []

    def answer(request: Any) -> Any:
        asked.append(request)
        return before(request) if len(asked) == 1 else ModelOverloaded()

    return answer


@pytest.mark.parametrize(
    ("tools", "code", "at"),
    [
        ([{"name": "a", "action": "http.reqest"}], "action_unknown", "/steps/0/tools/0/action"),
        ([FETCH, FETCH], "tool_duplicate", "/steps/0/tools/1/name"),
        (
            [{**FETCH, "with": {"nonsense": 1}}],
            "action_argument_unknown",
            "/steps/0/tools/0/with/nonsense",
        ),
        (
            [{**FETCH, "parameters": {"type": "nothing"}}],
            "tool_parameters_invalid",
            "/steps/0/tools/0/parameters/type",
        ),
        (
            [{**FETCH, "with": {"url": "{% $later.output %}"}}],
            "variable_unknown",
            "/steps/0/tools/0/with/url",
        ),
    ],
)
def test_what_is_wrong_with_tools_is_told_on_saving(
    tools: list[dict[str, Any]], code: str, at: str
) -> None:
    world = asking()
    with pytest.raises(DocumentInvalid) as caught:
        world.made(first(tools=tools))
    assert [(each.code, each.at) for each in caught.value.problems] == [(code, at)]


def test_an_answer_that_tools_had_a_part_in_is_not_cached() -> None:
    with pytest.raises(DocumentInvalid, match="problems") as caught:
        asking().made(first(tools=[FETCH], cache="1h"))
    assert "cannot stand for another" in caught.value.problems[0].message


def test_rounds_of_tools_count_in_the_bounds() -> None:
    world = asking(first(tools=[FETCH], max_rounds=4, retry={"attempts": 2}))
    assert world.workflow.bounds.model_calls == 2 * 5
