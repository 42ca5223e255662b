"""People who use the deployed product over HTTP."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from cloud.running import Cloud
from embedded.demo.client import Client
from tests.embedded.running import until

PASSWORD = "correct horse battery staple"


def sign_up(cloud: Cloud, email: str) -> dict[str, Any]:
    """A new account, confirmed with the code that was mailed."""
    client = Client(cloud.api_url)
    account = client.post("/auth/signup", {"email": email, "password": PASSWORD, "name": "Tester"})
    code = until(lambda: mailed_code(cloud, email), bool, seconds=10)
    assert status_of(cloud, "POST", "/auth/confirm", {"email": email, "code": code}) in {
        200,
        204,
    }
    return account


def mailed_code(cloud: Cloud, email: str) -> str | None:
    """The code in the last mail to that address."""
    with urllib.request.urlopen(f"{cloud.emulator.url}/_ministack/ses/messages", timeout=10) as got:
        mails = [each for some in json.load(got)["messages"].values() for each in some]
    texts = [mail["BodyText"] or mail["BodyHtml"] for mail in mails if email in mail["To"]]
    codes = re.findall(r"\b\d{6}\b", texts[-1]) if texts else []
    return codes[0] if codes else None


def log_in(cloud: Cloud, email: str) -> dict[str, Any]:
    """Tokens."""
    return Client(cloud.api_url).post("/auth/login", {"email": email, "password": PASSWORD})


def status_of(
    cloud: Cloud,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> int:
    """Only the status of a request."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(cloud.api_url + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code
