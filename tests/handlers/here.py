"""A platform in memory, and people who call the API's handler on it with API Gateway's events."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from functions.api.handler import handler
from functions.step_worker.handler import handle
from promptpilot.adapters.memory.cache import MemoryCache
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.nobody_follows import NobodyFollows
from promptpilot.adapters.partial_texts import TablePartialTexts
from promptpilot.clock import now
from promptpilot.domain.execution import machine_name
from promptpilot.domain.identity import Claims, Member, Registration, Tokens, User, Workspace
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.schedule import Schedule
from promptpilot.errors import AlreadyExists, CodeRejected, CredentialsRejected, Unauthenticated
from promptpilot.keys import member, user_workspaces
from promptpilot.keys import user as user_key
from promptpilot.keys import workspace as workspace_key
from promptpilot.platform import AssembledPlatform, Platform, current
from promptpilot.ports.table import Create, Item, Put
from promptpilot.services.executions.status import StatusChange, apply_status
from promptpilot.services.principals import personal_workspace
from tests.fakes import MemoryTable, ScriptedEgress, ScriptedModels
from tests.unit.world import MemoryBlobs, NoWaiting, RecordingOrchestrator

PROMPT = {
    "name": "Summarize Meeting Notes",
    "content": "Summarize the following notes: {{notes}}",
    "variables": ["notes"],
    "metadata": {"category": "summarization", "tags": ["meeting", "summary"]},
    "model": "fake/echo",
}


class WorkAtOnce:
    """A `StepQueue` whose worker has done the job when `send` returns."""

    def send(self, body: str) -> None:
        record = {
            "messageId": "1",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
        }
        failures = asyncio.run(handle({"Records": [record]}))
        assert failures == {"batchItemFailures": []}

    def release(self, receipt: str, seconds: int) -> None:
        raise AssertionError(receipt)


class KnowsNobody:
    """An `Identity` without credentials."""

    def sign_up(self, email: str, password: str) -> Registration:
        raise AlreadyExists(kind="account", id=email)

    def confirm(self, email: str, code: str) -> None:
        raise CodeRejected

    def resend_code(self, email: str) -> None:
        pass

    def log_in(self, email: str, password: str) -> Tokens:
        raise CredentialsRejected

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        raise Unauthenticated

    def refresh(self, refresh_token: str) -> Tokens:
        raise Unauthenticated

    def forgot_password(self, email: str) -> None:
        pass

    def reset_password(self, email: str, code: str, password: str) -> None:
        raise CodeRejected

    def verify(self, access_token: str) -> Claims:
        raise Unauthenticated

    def email_of(self, access_token: str) -> str:
        raise Unauthenticated


class NoBus:
    """An `EventBus` that nobody listens to."""

    def publish(self, events: Any) -> None:
        pass


class MemorySecrets:
    """A `Secrets` that keeps them in memory."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], SecretStr] = {}

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        self.values[workspace, name] = value

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        return self.values.setdefault((workspace, name), value)

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        return self.values.get((workspace, name))

    def delete(self, workspace: str, name: str) -> None:
        self.values.pop((workspace, name), None)


class NoSchedules:
    """A `Scheduler` that never fires."""

    def put(self, schedule: Schedule) -> None:
        pass

    def delete(self, workspace: str, id: str) -> None:
        pass


class NobodyLives:
    """A `Live` whose every connection is gone."""

    def send(self, connection: str, message: str) -> bool:
        return False

    def close(self, connection: str) -> None:
        pass


async def in_place(call: Any, /, *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


def memory_platform(**ports: Any) -> Platform:
    """A platform that keeps everything in memory; `ports` replaces some of it."""
    table = ports.get("table") or MemoryTable()
    chosen: dict[str, Any] = {
        "table": table,
        "blobs": MemoryBlobs(),
        "orchestrator": RecordingOrchestrator(),
        "step_queue": WorkAtOnce(),
        "event_bus": NoBus(),
        "waiter": NoWaiting(),
        "identity": KnowsNobody(),
        "secrets": MemorySecrets(),
        "scheduler": NoSchedules(),
        "live": NobodyLives(),
        "models": ScriptedModels(),
        "cache": MemoryCache(),
        "rate_limiter": MemoryRateLimiter(),
        "egress": ScriptedEgress(),
        "partial_texts": TablePartialTexts(table),
        "followers": NobodyFollows(),
        "offload": in_place,
        "cursor_key": b"a key of thirty-two bytes in all",
        **ports,
    }
    return AssembledPlatform(**chosen)


@dataclass(frozen=True)
class Answer:
    """What the handler answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API; without a user, nobody in particular."""

    user: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> str:
        assert self.user is not None
        return personal_workspace(self.user)

    def within(self, workspace: str) -> "Caller":
        return Caller(self.user, {"x-workspace-id": workspace})

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("PATCH", path, body, headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, headers=headers)

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; a body that is no text is sent as JSON. `if_match` means `If-Match`."""
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        if text is not None:
            sent.setdefault("content-type", "application/json")
        event = event_of(method, path, text, {**self.headers, **sent}, self.user)
        response = handler(event, None)
        return Answer(response["statusCode"], response["headers"], response["body"])


def event_of(
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    user: str | None = None,
) -> dict[str, Any]:
    """An event of API Gateway's HTTP API."""
    bare, _, query = path.partition("?")
    context: dict[str, Any] = {
        "http": {"method": method, "path": bare, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        "requestId": new_id("request"),
        "stage": "$default",
    }
    if user is not None:
        context["authorizer"] = {"lambda": {"user": user}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": bare,
        "rawQueryString": query,
        "headers": dict(headers or {}),
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = body
    return event


def make_user(name: str = "One") -> Caller:
    """A new user with a personal workspace, as signing up makes one."""
    user = new_id("user")
    workspace = personal_workspace(user)
    person = User(
        id=user,
        email=f"{user.lower()}@example.com",
        name=name,
        personal_workspace=workspace,
        created_at=now(),
    )
    place = Workspace(id=workspace, name=f"{name}'s workspace", created_at=now())
    current().table.write(
        [
            Create(Item(user_key(user), "user", person.model_dump_json())),
            Create(Item(workspace_key(workspace), "workspace", place.model_dump_json())),
        ]
    )
    set_role(user, workspace, Role.OWNER)
    return Caller(user)


def set_role(user: str, workspace: str, role: Role) -> None:
    """Make a user a member of a workspace with that role."""
    body = Member(user=user, workspace=workspace, role=role).model_dump_json()
    item = Item(member(workspace, user), "member", body, gsi1=user_workspaces(user, workspace))
    current().table.write([Put(item)])


def make_prompt(caller: Caller, **changes: Any) -> dict[str, Any]:
    """A new prompt of the caller's, as the API answers it."""
    answer = caller.post("/prompts", {**PROMPT, **changes})
    assert answer.status == 201, answer.text
    return answer.json


def workflow_document(prompt: str) -> dict[str, Any]:
    """A workflow of one step."""
    step = {
        "id": "summarize",
        "kind": "prompt",
        "prompt": {"id": prompt},
        "with": {"notes": "{% $input.notes %}"},
    }
    return {
        "name": "Follow-up",
        "input": {
            "type": "object",
            "properties": {"notes": {"type": "string"}},
            "required": ["notes"],
        },
        "steps": [step],
        "output": "{% $summarize.text %}",
    }


def make_workflow(caller: Caller) -> dict[str, Any]:
    """A new workflow of the caller's, as the API answers it."""
    answer = caller.post("/workflows", workflow_document(make_prompt(caller)["id"]))
    assert answer.status == 201, answer.text
    return answer.json


def make_execution(caller: Caller) -> dict[str, Any]:
    """A new execution of a new workflow, as the API answers it."""
    workflow = make_workflow(caller)
    answer = caller.post(f"/workflows/{workflow['id']}/execute", {"input": {"notes": "Hi."}})
    assert answer.status == 202, answer.text
    return answer.json


def end_execution(execution: Mapping[str, Any], output: Any = "Done.") -> None:
    """What the state machine's end makes of an execution."""
    tell(execution, "SUCCEEDED", stopDate=2_000, output=json.dumps(output))


def tell(execution: Mapping[str, Any], status: str, **detail: Any) -> None:
    """What the state machine of an execution tells."""
    ports = current()
    name = machine_name(execution["workspace"], execution["id"])
    change = {"name": name, "status": status, "startDate": 1_000, **detail}
    apply_status(
        StatusChange.model_validate(change),
        table=ports.table,
        blobs=ports.blobs,
        waiter=ports.waiter,
        orchestrator=ports.orchestrator,
    )
