"""The OpenAI-compatible server of the benchmarks, called by OpenAI's own client."""

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import openai
import pytest

from bench.processes import ServerFailedError, module


async def test_the_same_messages_get_the_same_answer_and_others_another(tmp_path: Path) -> None:
    with module("bench.fake_openai", tmp_path / "log") as server:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/l0/v1", api_key="x") as client:

            async def ask(text: str) -> str:
                answer = await client.chat.completions.create(
                    model="echo", messages=[{"role": "user", "content": text}]
                )
                assert answer.usage is not None
                assert answer.usage.prompt_tokens == len(text.split())
                return str(answer.choices[0].message.content)

            first, again, other = await ask("one two"), await ask("one two"), await ask("three")

    assert first == again
    assert first.startswith("r:")
    assert other != first


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/l0/v1/chat/completions", b"{", 400),
        ("/l0/v1/chat/completions", b"{}", 400),
        ("/x", b"", 404),
    ],
)
def test_a_wrong_request_is_refused(path: str, body: bytes, status: int, tmp_path: Path) -> None:
    with module("bench.fake_openai", tmp_path / "log") as server:
        with pytest.raises(HTTPError) as refused:
            urlopen(server.url + path, data=body, timeout=10)
        with refused.value as answer:
            assert answer.status == status
            assert "error" in json.load(answer)


def test_a_server_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailedError, match="No module named"),
        module("bench.no", tmp_path / "log"),
    ):
        pass
