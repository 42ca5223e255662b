"""Files that are sent reach models, byte for byte, out of prompts and out of workflows."""

import json
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from embedded.demo.client import Client
from tests.embedded.loopback import JsonHandler, LoopbackServer, completion
from tests.embedded.running import Server, ended
from tests.handlers.sample_files import FILES, PNG

SLOT = {"variable": "photo"}
LOOK = {
    "name": "Look",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is on it?", "attachments": [SLOT]},
    ],
    "variables": [{"name": "photo", "type": "file"}],
    "model": "custom/fake/m",
}


class Seeing(LoopbackServer):
    """A model that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[Any] = []


class _Handler(JsonHandler):
    server: Seeing

    def post(self, body: Any) -> None:
        self.server.asked.append(body)
        self.answer(200, completion("A dot.", "m"))


@pytest.fixture(scope="module")
def model() -> Iterator[Seeing]:
    with Seeing() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Seeing) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("files")
    running = Server(folder, model.url).start()
    yield running
    running.kill()


def call(client: Client, path: str, data: bytes | None = None, **headers: str) -> Any:
    """Send what is no JSON, and see the whole answer."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        client.url + path, data, {"Authorization": f"Bearer {client.token}", **sent}
    )
    return urllib.request.urlopen(request, timeout=30)


def send(client: Client, data: bytes, media_type: str, name: str = "a") -> dict[str, Any]:
    with call(client, f"/files?name={name}", data, Content_Type=media_type) as answer:
        file: dict[str, Any] = json.load(answer)["file"]
        return file


def seen(asked: Any) -> list[bytes]:
    """The images of a request in Chat Completions."""
    parts = [part for each in asked["messages"] for part in each["content"] if "type" in part]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [b64decode(url.removeprefix("data:image/png;base64,"), validate=True) for url in urls]


@pytest.mark.parametrize(("media_type", "data"), FILES.items(), ids=list(FILES))
def test_a_file_is_given_back_byte_for_byte(server: Server, media_type: str, data: bytes) -> None:
    client = server.sign_up(f"{media_type.replace('/', '-')}@example.com")
    file = send(client, data, media_type, "x")
    with call(client, f"/files/{file['blob']}") as answer:
        assert answer.read() == data
        assert answer.headers["Content-Type"].startswith(media_type)
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="x"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_image_of_a_prompt_that_is_run_reaches_the_model(server: Server, model: Seeing) -> None:
    client = server.sign_up("prompt@example.com")
    file = send(client, PNG, "image/png", "dot.png")
    prompt = client.post("/prompts", LOOK)
    run = client.post(f"/prompts/{prompt['id']}/run", {"variables": {"photo": file}})
    assert run["output"] == "A dot."
    assert seen(model.asked[-1]) == [PNG]
    attached = run["log"]["input"]["messages"][1]["attachments"]
    assert attached == [{"blob": file["blob"], "media_type": "image/png", "name": "dot.png"}]


def test_the_image_that_a_workflow_is_given_reaches_the_model(
    server: Server, model: Seeing
) -> None:
    client = server.sign_up("workflow@example.com")
    file = send(client, PNG, "image/png", "dot.png")
    prompt = client.post("/prompts", LOOK)
    step = {
        "id": "look",
        "kind": "prompt",
        "prompt": {"id": prompt["id"]},
        "with": {"photo": "{% $input.photo %}"},
    }
    document = {"name": "Look", "steps": [step], "output": "{% $look.text %}"}
    workflow = client.post("/workflows", document)["id"]
    started = client.post(f"/workflows/{workflow}/execute", {"input": {"photo": file}})
    execution = ended(client, started["id"])
    assert (execution["status"], execution["output"]) == ("succeeded", "A dot.")
    assert seen(model.asked[-1]) == [PNG]


def test_a_file_of_another_workspace_is_not_there_and_no_model_is_asked(
    server: Server, model: Seeing
) -> None:
    one, two = server.sign_up("one@example.com"), server.sign_up("two@example.com")
    file = send(one, PNG + b"one's own", "image/png", "dot.png")
    assert _refused(two, f"/files/{file['blob']}")[0] == 404
    prompt = two.post("/prompts", LOOK)
    before = len(model.asked)
    given = json.dumps({"variables": {"photo": file}}).encode()
    status, problem = _refused(two, f"/prompts/{prompt['id']}/run", given)
    assert (status, problem["code"]) == (422, "step_invalid")
    assert "'dot.png'" in problem["detail"]
    assert "is not in the workspace" in problem["detail"]
    assert len(model.asked) == before


def _refused(client: Client, path: str, body: bytes | None = None) -> tuple[int, Any]:
    with pytest.raises(HTTPError) as error:
        call(client, path, body, Content_Type="application/json")
    with error.value:
        return error.value.code, json.load(error.value)
