"""What surrounds a call of a model: tools, aliases, keys, limits, budgets."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloud.running import Cloud
from embedded.demo.client import Client, RequestRefusedError
from tests.cloud.deployed import secret_names
from tests.cloud.scripted_models import PRICED, model
from tests.cloud.stock import Stock
from tests.cloud.users import status_of
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.echoing_vendor import EchoingVendor
from tests.embedded.running import ended, until

KEY, REFUSED_KEY = "sk-canary-workspace-7d1f", "sk-canary-refused-does-status401-5b3a"
TOKENS_OF_A_CALL = 15
"""What the scripted models say; as many micro-dollars."""
BUDGET = 100
"""Room for the most that a few calls may cost, which is more than they do."""


def run(client: Client, prompt: str, text: str = "hello", **more: str) -> dict[str, object]:
    """The log of a run of a prompt by itself."""
    body = {"variables": {"text": text}, **more}
    log: dict[str, object] = client.post(f"/prompts/{prompt}/run", body)["log"]
    return log


def test_a_model_uses_a_tool_before_it_answers(one: Client, stock: Stock) -> None:
    parameters = {
        "type": "object",
        "properties": {
            "query": {
                "type": "object",
                "properties": {"article": {"type": "string"}},
                "required": ["article"],
            }
        },
        "required": ["query"],
    }
    tool = {
        "name": "stock",
        "action": "http.request",
        "description": "How many pieces of an article there are.",
        "with": {"method": "GET", "url": f"http://{stock.host}/stock"},
        "parameters": parameters,
    }
    prompt = make_prompt(one, "Stock", calls="looks-up")
    step = prompt_step("answer", prompt, "How many?", tools=[tool])
    workflow = make_workflow(one, "Stock", [step], output="{% $answer.text %}")

    execution = start(one, workflow)
    done = ended(one, execution, WAIT_SECONDS)

    assert done["status"] == "succeeded", done["error"]
    assert '"pieces":7' in done["output"].replace(" ", "")
    assert stock.asked == ["A7"]
    [log] = one.get(f"/executions/{execution}/logs")["items"]
    [use] = one.get(f"/logs/{log['id']}")["tool_uses"]
    assert (use["name"], use["action"], use["round"]) == ("stock", "http.request", 1)


def test_an_alias_stands_for_a_model_and_those_after_it(newcomer: Client) -> None:
    chain = [model("refuses"), model("echo")]
    newcomer.put("/workspace/model-aliases", {"aliases": {"cheap": chain}})
    prompt = make_prompt(newcomer, "By alias")

    log = run(newcomer, prompt, model="alias/cheap")

    assert (log["status"], log["text"]) == ("succeeded", "Say: hello")
    assert log["model"] == model("echo")


def test_a_workspace_s_key_is_checked_by_the_worker_used_and_deleted(
    newcomer: Client, cloud: Cloud, vendor: EchoingVendor
) -> None:
    before = secret_names(cloud)
    kept = newcomer.put("/workspace/model-keys/openai", {"key": KEY})
    assert (kept["source"], kept["masked"], kept["verified"]) == ("workspace", "…7d1f", True)
    assert (KEY, "ok") in vendor.seen
    [name] = secret_names(cloud) - before
    assert name.startswith("ws_")
    assert name.endswith("/models/openai")

    vendor.seen.clear()
    log = run(newcomer, make_prompt(newcomer, "With a key"), model="openai/gpt-test")
    assert (log["status"], log["text"]) == ("succeeded", "Hello.")
    assert vendor.seen == {(KEY, "ok")}

    headers = {"Authorization": f"Bearer {newcomer.token}"}
    assert status_of(cloud, "DELETE", "/workspace/model-keys/openai", headers=headers) == 200
    assert secret_names(cloud) == before
    [listed] = [
        each
        for each in newcomer.get("/workspace/model-keys")["items"]
        if each["vendor"] == "openai"
    ]
    assert listed["source"] == "none"


def test_a_key_that_the_vendor_refuses_is_not_kept(newcomer: Client, cloud: Cloud) -> None:
    before = secret_names(cloud)
    with pytest.raises(RequestRefusedError, match="model_key_refused"):
        newcomer.put("/workspace/model-keys/openai", {"key": REFUSED_KEY})
    assert secret_names(cloud) == before


def test_a_call_over_the_workspace_s_rate_limit_is_not_made(newcomer: Client) -> None:
    newcomer.put("/workspace/limits", {"models": {"custom": {"requests_per_minute": 1}}})
    prompt = make_prompt(newcomer, "Limited")
    assert run(newcomer, prompt)["status"] == "succeeded"

    with pytest.raises(RequestRefusedError, match="model_rate_limited") as refused:
        run(newcomer, prompt)

    assert refused.value.status == 429


def test_a_budget_stops_what_could_cost_more_than_is_left_and_costs_are_told(
    newcomer: Client,
) -> None:
    fields = {"name": "Paid", "content": "Say: {{text}}", "variables": ["text"]}
    paid = {**fields, "model": model("echo", PRICED), "settings": {"max_tokens": 5}}
    prompt = newcomer.post("/prompts", paid)["id"]
    newcomer.put("/workspace/budget", {"monthly_micro_usd": BUDGET})
    workflow = make_workflow(newcomer, "Paid", [prompt_step("only", prompt, "x")])

    *done, stopped = _until_one_fails(newcomer, workflow)

    assert done
    assert all(each["cost_micro_usd"] == TOKENS_OF_A_CALL for each in done)
    assert stopped["error"]["name"] == "BudgetExceeded"
    spent = len(done) * TOKENS_OF_A_CALL
    assert spent <= BUDGET
    costs = until(
        lambda: newcomer.get("/workspace/costs"),
        lambda each: each["cost_micro_usd"] == spent,
        WAIT_SECONDS,
    )
    [by_model] = costs["by_model"]
    assert (by_model["model"], by_model["cost_micro_usd"]) == (model("echo", PRICED), spent)
    assert [each["workflow_id"] for each in costs["by_workflow"]] == [workflow]
    state = newcomer.get("/workspace/budget")
    assert (state["spent_micro_usd"], state["reserved_micro_usd"]) == (spent, 0)


def _until_one_fails(client: Client, workflow: str) -> Iterator[dict[str, Any]]:
    for _ in range(BUDGET // TOKENS_OF_A_CALL + 1):
        done = ended(client, start(client, workflow), WAIT_SECONDS)
        yield done
        if done["status"] == "failed":
            return
