"""Requests that run at the same time never see each other's state."""

import secrets
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded.database import Database
from embedded.gateway import Gateway
from embedded.identity import LocalIdentity
from embedded.table import SqliteTable
from functions.api.app import api
from functions.api.resolver import Resolver
from functions.api.router import Routes
from promptpilot import platform
from promptpilot.platform import current
from tests.handlers.here import Caller, event_of, make_user, memory_platform
from tests.handlers.served import Connection, serving

USERS = 24
ROUNDS = 30
"""Each round is four requests, so there are some three thousand of them."""


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[LocalIdentity]:
    database = Database(tmp_path / "all.db")
    issuer = LocalIdentity(database, tmp_path)
    platform.install(memory_platform(identity=issuer, table=SqliteTable(database)))
    yield issuer
    platform.install(None)
    database.close()


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads take turns a hundred times as often as usual, so that races show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.00005)
    yield
    sys.setswitchinterval(before)


def test_every_answer_belongs_to_who_asked(identity: LocalIdentity, often_switching: None) -> None:
    people = [make_user(f"Person {number}") for number in range(USERS)]
    tokens = [identity._keys.sign(str(person.user), 600, "t") for person in people]
    together = threading.Barrier(USERS)

    with serving(Gateway()) as server, ThreadPoolExecutor(USERS) as threads:
        results = threads.map(
            lambda pair: _live(server.url, *pair, together), zip(people, tokens, strict=True)
        )
        ids = [each for person in results for each in person]
    assert len(set(ids)) == USERS * ROUNDS


def _live(url: str, person: Caller, token: str, together: threading.Barrier) -> list[str]:
    """One person's requests, one after the other, each with a secret of its own."""
    connection = Connection(url, token)
    nobody = Connection(url)
    made = []
    together.wait(30)
    for number in range(ROUNDS):
        secret = f"{person.user} {number} {secrets.token_hex(4)}"
        created = connection.call(
            "POST", "/prompts", {"name": secret, "content": secret, "variables": []}
        )
        assert created.status == 201, created.body
        assert created.json["name"] == secret
        assert created.json["author"] == person.user
        made.append(created.json["id"])
        assert connection.call("GET", "/me").json["user"]["id"] == person.user
        read = connection.call("GET", created.headers["location"]).json
        assert (read["id"], read["content"]) == (made[-1], secret)
        listed = connection.call("GET", "/prompts?limit=100").json["items"]
        assert [each["id"] for each in listed] == made[::-1]
        assert nobody.call("GET", "/me").status == 401
    connection.close()
    nobody.close()
    return made


def test_a_request_sees_its_own_event_while_another_one_is_answered() -> None:
    resolver, routes = Resolver(), Routes()
    both = threading.Barrier(2)

    @routes.get("/who/<name>")
    def who(name: str) -> str:
        both.wait(30)
        path = resolver.current_event.path
        both.wait(30)
        assert resolver.current_event.path == path
        return f"{name} {path} {resolver.lambda_context}"

    resolver.include_router(routes)
    resolver.prepare()
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(
            lambda name: resolver.resolve(event_of("GET", f"/who/{name}"), f"for {name}")["body"],
            ("one", "two"),
        )
        assert list(answers) == ["one /who/one for one", "two /who/two for two"]


def test_nothing_of_a_request_is_left_behind() -> None:
    platform.install(memory_platform())
    try:
        person = make_user()
        assert person.get("/me").status == 200
        assert current() is not None
        assert api.context == {}
        assert api.lambda_context is None
        assert not hasattr(type(api).__mro__[2], "current_event")
    finally:
        platform.install(None)
