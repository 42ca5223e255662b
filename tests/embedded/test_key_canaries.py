"""No key is in anything that the system writes or tells, whatever a vendor does with it."""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client as Api
from promptpilot.adapters.models.vendors import VENDORS
from tests.embedded.canaries import files, found
from tests.embedded.echoing_vendor import BEHAVIOURS, EchoingVendor
from tests.embedded.running import ENDED, Server, until
from tests.live.clients import Client as LiveClient

# Among letters and digits, characters that are spelled otherwise in a URL, in base64 and in JSON.
# The second kind looks like the name of a field or a code, which errors may name.
CANARIES: Mapping[str, str] = {
    **{f"platform {name}": f"sk-{name}/canary+platform=7d1f" for name in VENDORS},
    **{f"workspace {name}": f"sk_{name}_canary_workspace_9e2c" for name in VENDORS},
    "platform custom": "canarycustomkey",
    "refused": "sk-canary-refused-does-status401-5b3a",
    "unreachable": "sk-canary-unreachable-does-status500-6c4b",
    "hung up": "sk-canary-hung-up-does-hangup-8d5e",
    "untested": "sk-canary-untested-does-status401-1f6a",
    "malformed": "sk canary with spaces 2a7b",
    "misplaced": "sk-canary-in-another-field-3c8d",
    "aws": "canary/of/an+aws/secret=4d9e",
}
CALLED = [*VENDORS, "custom"]
FEW = ("ok", "status401", "status429", "broken", "badstream")
"""What everybody's keys meet, which then go the way that a workspace's own go."""

KEYS = "/workspace/model-keys"


def test_every_format_of_a_vendor_is_there() -> None:
    for vendor in VENDORS.values():
        assert find_spec(f"promptpilot.adapters.models.{vendor.format.partition(':')[0]}")


@dataclass
class Told:
    """All that a user was told, and what a vendor saw meanwhile."""

    answers: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    statuses: set[str] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)

    def ask(self, api: Api, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and keep the answer with its headers."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {api.token}",
            "Content-Type": "application/json",
            "Prefer": "wait=25",
        }
        request = urllib.request.Request(
            api.url + path, None if body is None else data, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                told, more = response.read(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                told, more = error.read(), error.headers
        self.answers.append(f"{more}\n{told.decode()}")
        return json.loads(told)


def environ(url: str) -> dict[str, str]:
    custom = {"base_url": url, "api_key": CANARIES["platform custom"], "models": ["m"]}
    return {
        "OPENAI_API_KEY": CANARIES["platform openai"],
        "OPENAI_BASE_URL": url,
        "ANTHROPIC_API_KEY": CANARIES["platform anthropic"],
        "ANTHROPIC_BASE_URL": url,
        "GEMINI_API_KEY": CANARIES["platform google"],
        "GEMINI_BASE_URL": url,
        "AWS_BEARER_TOKEN_BEDROCK": CANARIES["platform bedrock"],
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": CANARIES["aws"],
        "PROMPTPILOT_CUSTOM_MODELS": json.dumps({"fake": custom}),
    }


def names(behaviours: Sequence[str], who: str) -> list[tuple[str, str]]:
    """For every vendor and behaviour two models, since one that fails often is not asked again: for
    a whole answer and for a stream.
    """
    places = ["custom/fake" if vendor == "custom" else vendor for vendor in CALLED]
    asked = [f"{place}/{{}}-{who}-does-{does}" for place in places for does in behaviours]
    return [(name.format("whole"), name.format("stream")) for name in asked]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What is known after two users, one with keys of their own, have met all that can happen."""
    folder, told = tmp_path_factory.mktemp("canaries"), Told()
    with EchoingVendor() as vendor:
        server = Server(folder, environ=environ(vendor.url)).start()
        try:
            one, two = server.sign_up("one@example.com"), server.sign_up("two@example.com")
            with hearing(told, one, "workspace.model_key.changed"):
                set_keys(told, one)
            with hearing(told, one, "execution.step.failed"):
                run_everything(told, one, names(BEHAVIOURS, "one"))
            run_everything(told, two, names(FEW, "two"))
            told.seen |= vendor.seen
            told.kept = {f"while it ran: {name}": data for name, data in files(folder).items()}
            assert server.stop() == 0
        finally:
            server.kill()
    told.kept |= files(folder)
    return told


def set_keys(told: Told, api: Api) -> None:
    """Keys that are kept, and keys that are not, for each reason there is."""
    for name in VENDORS:
        for kind in ("refused", "unreachable", "hung up"):
            if name != "bedrock":  # whose key is tested on a model, which does what its name says
                answer = told.ask(api, "PUT", f"{KEYS}/{name}", {"key": CANARIES[kind]})
                told.statuses.add(answer["code"])
        untested = {"key": CANARIES["untested"], "verify": False}
        told.ask(api, "PUT", f"{KEYS}/{name}", untested)
        for body in (
            {"key": CANARIES["malformed"]},
            {"kee": CANARIES["misplaced"]},
            {"key": [CANARIES["misplaced"]], "verify": CANARIES["misplaced"]},
            f'{{"key": "{CANARIES["misplaced"]}'.encode(),
        ):
            told.statuses.add(told.ask(api, "PUT", f"{KEYS}/{name}", body)["code"])
        own = told.ask(api, "PUT", f"{KEYS}/{name}", {"key": CANARIES[f"workspace {name}"]})
        assert (own["source"], own["verified"]) == ("workspace", True), own
    told.ask(api, "GET", KEYS)
    told.ask(api, "GET", "/models")


def run_everything(told: Told, api: Api, models: list[tuple[str, str]]) -> None:
    """Ask every first model for a whole answer, every second one for a stream."""
    prompt = told.ask(api, "POST", "/prompts", {"name": "Hi", "content": "Hi."})["id"]
    step = {
        "id": "ask",
        "kind": "prompt",
        "prompt": {"id": prompt},
        "model": "{% $input.model %}",
        "timeout": "5s",
    }
    made = told.ask(api, "POST", "/workflows", {"name": "Hi", "steps": [step]})
    assert "id" in made, made
    workflow = made["id"]

    def run(pair: tuple[str, str]) -> None:
        whole, name = pair
        told.ask(api, "POST", f"/prompts/{prompt}/run", {"model": whole})
        started = told.ask(
            api,
            "POST",
            f"/workflows/{workflow}/execute",
            {"input": {"model": name}, "stream": True},
        )
        assert "id" in started, started
        place = f"/executions/{started['id']}"
        ended = until(lambda: told.ask(api, "GET", place), lambda each: each["status"] in ENDED, 60)
        told.statuses.add(ended["status"])
        for path in (f"{place}/events?limit=100", f"{place}/logs"):
            told.ask(api, "GET", path)

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(run, models))


@contextmanager
def hearing(told: Told, api: Api, wanted: str) -> Iterator[None]:
    """Everything that is pushed meanwhile is kept. Events come a moment later, and the one that is
    wanted is waited for.
    """
    with LiveClient(api.url, api.token) as live:
        told.live.append(json.dumps(live.ask({"action": "subscribe"})))

        def hear() -> None:
            while told.live[-1] != '{"type": "pong"}':
                told.live.append(json.dumps(live.receive()))

        with ThreadPoolExecutor(1) as thread:
            heard = thread.submit(hear)
            try:
                yield
                until(lambda: any(wanted in each for each in told.live), bool)
            finally:
                live.send({"action": "ping"})
            heard.result()


def test_the_vendor_has_seen_the_keys_and_done_everything_with_each(told: Told) -> None:
    used = {name: key for name, key in CANARIES.items() if name.startswith(("plat", "work"))}
    for name, key in used.items():
        done = {behaviour for seen, behaviour in told.seen if seen == key}
        expected = FEW if name.startswith("platform") else BEHAVIOURS
        assert done >= set(expected), name
    for name in ("refused", "unreachable", "hung up"):
        assert CANARIES[name] in {key for key, _ in told.seen}, name


def test_calls_have_succeeded_and_failed_and_keys_were_refused(told: Told) -> None:
    assert told.statuses >= {
        "succeeded",
        "failed",
        "model_key_refused",
        "model_key_unchecked",
        "validation_failed",
        "json_invalid",
    }


def test_no_key_is_in_an_answer_over_http(told: Told) -> None:
    assert len(told.answers) > 500
    assert found(CANARIES, {"answers": "\n".join(told.answers).encode()}) == set()


def test_no_key_is_in_what_is_pushed_live(told: Told) -> None:
    assert any("execution.step.failed" in each for each in told.live)
    assert any("workspace.model_key.changed" in each for each in told.live)
    assert found(CANARIES, {"live": "\n".join(told.live).encode()}) == set()


def test_no_key_is_in_the_log(told: Told) -> None:
    logs = {name: data for name, data in told.kept.items() if name.endswith("server.log")}
    assert all(len(data) > 1_000 for data in logs.values())
    assert found(CANARIES, logs) == set()


def test_no_key_is_in_the_data_folder(told: Told) -> None:
    names = {Path(name).name for name in told.kept}
    assert {"promptpilot.db", "secrets.key"} <= names
    assert found(CANARIES, told.kept) == set()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_key_that_was_written_would_be_found(before: str) -> None:
    for name, canary in CANARIES.items():
        hidden = b64encode(f"{before}{canary}and more".encode())
        for place in (canary.encode(), b"..." + hidden):
            assert found({name: canary}, {"here": place}) == {(name, "here")}
