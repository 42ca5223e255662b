"""Every route of `/auth` over HTTP, on the embedded server."""

from collections.abc import Iterator

import pytest

from embedded.gateway import Gateway
from embedded.identity import LocalIdentity
from tests.handlers.served import fetch, serving

EMAIL, PASSWORD = "one@example.com", "correct horse battery staple"
ACCOUNT = {"email": EMAIL, "password": PASSWORD, "name": "One"}
CODE = "482913"


@pytest.fixture
def url(identity: LocalIdentity) -> Iterator[str]:
    gateway = Gateway()
    with serving(gateway) as server:
        yield server.url
    gateway.close()


def test_somebody_signs_up_logs_in_and_stays_logged_in(url: str) -> None:
    account = fetch(url, "POST", "/auth/signup", ACCOUNT)
    assert account.status == 201
    tokens = fetch(url, "POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}).json
    spent = {"refresh_token": tokens["refresh_token"]}
    new = fetch(url, "POST", "/auth/refresh", spent).json
    me = fetch(url, "GET", "/me", Authorization=f"Bearer {new['access_token']}")
    assert me.json["user"] == account.json["user"]


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/auth/confirm", {"code": CODE}, 422),
        ("/auth/resend", {}, 202),
        ("/auth/forgot", {}, 202),
        ("/auth/reset", {"code": CODE, "password": "another horse altogether"}, 422),
        ("/auth/challenge", {"session": "s", "code": CODE}, 401),
    ],
)
def test_what_needs_mail_or_a_second_factor_is_answered_in_order(
    url: str, path: str, sent: dict[str, str], status: int
) -> None:
    fetch(url, "POST", "/auth/signup", ACCOUNT)
    answer = fetch(url, "POST", path, {"email": EMAIL, **sent})
    assert answer.status == status
    assert answer.json["detail"]
    # Nothing of it needs a token, and a bad one is no hindrance.
    assert fetch(url, "POST", path, {"email": EMAIL, **sent}, Authorization="Bearer x").status == (
        status
    )
