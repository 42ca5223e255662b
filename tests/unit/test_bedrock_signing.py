"""Where credentials of AWS come from, and when."""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    MetadataRetrievalError,
    PartialCredentialsError,
    ProfileNotFound,
)
from pydantic import SecretStr

from promptpilot.adapters.models.bedrock import signing
from promptpilot.adapters.models.bedrock.signing import api_key, default_credentials, sigv4
from promptpilot.adapters.models.http.wire import Call
from promptpilot.step_errors import ModelAuthFailed, ModelError, ModelUnavailable

URL = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"
CALL = Call("model/m/converse", b"{}", {"Content-Type": "application/json"})
REGION = "eu-central-1"


class Source:
    """Gives credentials, and keeps in which threads it was asked."""

    def __init__(self, *given: Credentials | Exception | None) -> None:
        self.given = list(given)
        self.threads: list[int] = []

    def __call__(self) -> Credentials | None:
        self.threads.append(threading.get_ident())
        given = self.given.pop(0)
        if isinstance(given, Exception):
            raise given
        return given


async def test_credentials_are_looked_for_once_and_not_by_the_event_loop() -> None:
    source = Source(Credentials("AKIACANARY", "canary-secret"))
    authorize = sigv4(source, REGION)
    assert not source.threads

    told = await asyncio.gather(*(authorize(URL, CALL) for _ in range(20)))

    assert len(source.threads) == 1
    assert source.threads[0] != threading.get_ident()
    assert all("Credential=AKIACANARY/" in each["Authorization"] for each in told)
    assert not any("canary-secret" in str(each) for each in told)


async def test_a_large_body_is_signed_as_a_small_one_is() -> None:
    authorize = sigv4(lambda: Credentials("AKIACANARY", "s"), REGION)
    told = await authorize(URL, Call(CALL.path, b"x" * 2_000_000, CALL.headers))
    assert set(told) >= {"Authorization", "X-Amz-Date"}


async def test_credentials_that_expire_are_renewed_and_not_by_the_event_loop() -> None:
    threads: list[int] = []

    def renew() -> dict[str, str]:
        threads.append(threading.get_ident())
        return _expiring(f"AKIA{len(threads)}", minutes=1 if len(threads) == 1 else 60)

    renewable = RefreshableCredentials.create_from_metadata(
        _expiring("AKIA0", minutes=60), refresh_using=renew, method="a test"
    )
    authorize = sigv4(lambda: renewable, REGION)
    assert "AKIA0" in (await authorize(URL, CALL))["Authorization"]
    assert not threads

    renewable._expiry_time = datetime.now(UTC)
    assert "AKIA1" in (await authorize(URL, CALL))["Authorization"]
    assert "AKIA2" in (await authorize(URL, CALL))["Authorization"]
    told = await authorize(URL, CALL)

    assert "AKIA2" in told["Authorization"]
    assert told["X-Amz-Security-Token"] == "canary-token"
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_the_token_of_a_session_goes_along() -> None:
    authorize = sigv4(Source(Credentials("AKIACANARY", "s", "canary-token")), REGION)
    assert (await authorize(URL, CALL))["X-Amz-Security-Token"] == "canary-token"


async def test_without_credentials_nobody_is_called_and_nobody_looks_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 100.0
    monkeypatch.setattr(signing.time, "monotonic", lambda: seconds)
    source = Source(None, Credentials("AKIACANARY", "s"))
    authorize = sigv4(source, REGION)
    for _ in range(3):
        with pytest.raises(ModelAuthFailed):
            await authorize(URL, CALL)
    assert len(source.threads) == 1

    seconds += signing.NOTHING_FOUND_SECONDS
    assert "AKIACANARY" in (await authorize(URL, CALL))["Authorization"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET"), ModelAuthFailed),
        (ProfileNotFound(profile="canary-profile"), ModelAuthFailed),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole"), ModelAuthFailed),
        (MetadataRetrievalError(error_msg="canary-words"), ModelUnavailable),
        (CredentialRetrievalError(provider="x", error_msg="canary-words"), ModelUnavailable),
    ],
)
async def test_why_there_are_no_credentials_decides_whether_to_try_again(
    error: BotoCoreError | ClientError, expected: type[ModelError]
) -> None:
    authorize = sigv4(Source(error, Credentials("AKIACANARY", "s")), REGION)

    with pytest.raises(expected) as raised:
        await authorize(URL, CALL)

    assert type(error).__name__ in raised.value.reason
    assert "canary" not in raised.value.reason
    assert "AKIACANARY" in (await authorize(URL, CALL))["Authorization"]


async def test_signing_and_reading_need_no_description_of_any_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Lambda they are left out of the layers."""
    monkeypatch.setattr("botocore.loaders.Loader.BUILTIN_DATA_PATH", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    authorize = sigv4(default_credentials, REGION)
    assert "Credential=AKIACANARY/" in (await authorize(URL, CALL))["Authorization"]


async def test_a_key_is_a_bearer_token_and_none_is_no_header() -> None:
    assert await api_key(SecretStr("canary-key"))(URL, CALL) == {
        "Authorization": "Bearer canary-key"
    }
    assert await api_key(SecretStr(""))(URL, CALL) == {}


def test_making_a_client_imports_nothing_of_aws() -> None:
    code = (
        "import sys; from promptpilot.adapters.models.bedrock.wire import bedrock;"
        "bedrock('eu-central-1'); print([each for each in sys.modules if 'boto' in each])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def _expiring(key: str, *, minutes: int) -> dict[str, str]:
    expiry = datetime.now(UTC) + timedelta(minutes=minutes)
    return {
        "access_key": key,
        "secret_key": "canary-secret",
        "token": "canary-token",
        "expiry_time": expiry.isoformat(),
    }
