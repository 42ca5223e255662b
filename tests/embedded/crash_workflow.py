"""A workflow with every kind of step, made on a platform in this process."""

from typing import Any

from tests.embedded.crash_servers import DOWN
from tests.handlers.here import Caller

MODEL = "custom/fake/m"
PAST = "2020-02-29T00:00:00Z"
RETRY = {"attempts": 3, "interval": "1s", "jitter": "none"}


def make_workflow(caller: Caller) -> str:
    """Its id. The input is {host, run}: where to call what."""
    draft = {"name": "Say", "content": "Say: {{text}}", "variables": ["text"], "model": MODEL}
    prompt = _made(caller, "/prompts", draft)

    def say(id: str, text: str, **fields: Any) -> dict[str, Any]:
        step = {"id": id, "kind": "prompt", "prompt": {"id": prompt}, "with": {"text": text}}
        return {**step, "retry": RETRY, **fields}

    child = _made(caller, "/workflows", {"name": "Child", "steps": [say("within", "child")]})
    return _made(caller, "/workflows", {"name": "All", **_document(say, child)})


def _made(caller: Caller, path: str, body: Any) -> str:
    answer = caller.post(path, body)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def transform(id: str, value: Any) -> dict[str, Any]:
    return {"id": id, "kind": "transform", "value": value}


def _document(say: Any, child: str) -> dict[str, Any]:
    """Nothing calls a model while another call is under way: a crash cuts off one at most."""
    steps = [
        say("again", "flaky"),
        say("instead", "fallback", model=f"custom/fake/{DOWN}", fallbacks=[MODEL]),
        say("selected", "select", select="{% $output & '!' %}"),
        say("valued", "refused", on_error={"value": "{% $error.name %}"}),
        say("stepped", "refused", on_error={"steps": [transform("told", "{% $error.step %}")]}),
        transform("shaped", {"said": "{% $selected.output %}", "is": "{% $again.text %}"}),
        {
            "id": "way",
            "kind": "branch",
            "cases": [{"when": "{% $valued != '' %}", "steps": [say("taken", "branch")]}],
        },
        {
            "id": "sides",
            "kind": "parallel",
            "branches": {
                "left": [say("beside", "parallel")],
                "right": [
                    {"id": "pause", "kind": "wait", "until": PAST},
                    transform("calm", "{% $stepped %}"),
                ],
            },
        },
        {
            "id": "every",
            "kind": "map",
            "items": ["a", "b"],
            "concurrency": 1,
            "steps": [say("item_said", "{% $item %}"), transform("kept", "{% $item_said.text %}")],
        },
        {
            "id": "cycle",
            "kind": "loop",
            "max_iterations": 3,
            "until": "{% $cycle.index >= 1 %}",
            "steps": [say("turn", "{% 'round ' & $cycle.index %}")],
        },
        {
            "id": "call",
            "kind": "action",
            "action": "http.request",
            "with": {
                "url": "{% 'http://' & $input.host & '/' & $input.run & '/echo' %}",
                "method": "POST",
                "body": {"said": "{% $shaped.said %}"},
            },
        },
        {"id": "ask", "kind": "approval", "message": "Well?"},
        {"id": "sub", "kind": "workflow", "workflow": {"id": child}, "with": {}},
        {
            "id": "stopped",
            "kind": "parallel",
            "branches": {"only": [{"id": "stop", "kind": "fail", "error": "Mine"}]},
            "on_error": {"value": "{% $error.name %}"},
        },
    ]
    output = {
        "shaped": "{% $shaped %}",
        "instead": "{% $instead.text %}",
        "way": "{% $way.text %}",
        "calm": "{% $sides.right %}",
        "every": "{% $every %}",
        "rounds": "{% $cycle.iterations %}",
        "called": "{% $call.body.sent.said %}",
        "decision": "{% $ask.decision %}",
        "child": "{% $sub.text %}",
        "stopped": "{% $stopped %}",
    }
    return {"steps": steps, "output": output}
