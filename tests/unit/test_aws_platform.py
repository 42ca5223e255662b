"""The AWS platform: each port from its settings, made when it is used, and not before."""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from moto import mock_aws

from promptpilot.adapters.aws.clients import Clients
from promptpilot.adapters.aws.platform import AwsPlatform
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.table.rate_limiter import TableRateLimiter
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.errors import Invalid
from promptpilot.ports.rate_limiter import Take
from promptpilot.settings import Deployed, Settings

REGION = "eu-central-1"
EVERYTHING = {each.value: f"value-of-{each.name.lower()}" for each in Deployed} | {
    "AWS_REGION": REGION,
    "PROMPTPILOT_SECRETS_PREFIX": "/promptpilot/test",
    "PROMPTPILOT_LIVE_ENDPOINT": "https://live.example/dev",
    "PROMPTPILOT_MACHINES": f"arn:aws:states:{REGION}:123456789012:stateMachine:promptpilot-test-",
}
NOWHERE = "valkey://127.0.0.1:1"
PORTS = (
    "table",
    "blobs",
    "orchestrator",
    "step_queue",
    "event_bus",
    "waiter",
    "identity",
    "secrets",
    "scheduler",
    "live",
    "models",
    "cache",
    "rate_limiter",
)
NEEDED = {
    "table": "PROMPTPILOT_TABLE",
    "blobs": "PROMPTPILOT_BLOBS_BUCKET",
    "orchestrator": "PROMPTPILOT_MACHINES",
    "step_queue": "PROMPTPILOT_STEP_QUEUE_URL",
    "event_bus": "PROMPTPILOT_EVENT_BUS",
    "identity": "PROMPTPILOT_USER_POOL_ID",
    "secrets": "PROMPTPILOT_SECRETS_PREFIX",
    "scheduler": "PROMPTPILOT_SCHEDULE_GROUP",
    "live": "PROMPTPILOT_LIVE_ENDPOINT",
    "cache": "PROMPTPILOT_TABLE",
    "rate_limiter": "PROMPTPILOT_TABLE",
}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def run_alone(script: str, environment: Mapping[str, str]) -> None:
    """In a fresh process that has this environment and no other."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("port", PORTS)
def test_a_port_is_made_once_and_kept(port: str) -> None:
    platform = AwsPlatform(Settings.read(EVERYTHING))
    assert getattr(platform, port) is getattr(platform, port)


@pytest.mark.parametrize("port", sorted(NEEDED))
def test_a_port_without_its_settings_says_which_variable_is_missing(port: str) -> None:
    platform = AwsPlatform(Settings.read({"AWS_REGION": REGION}))
    with pytest.raises(Invalid, match=NEEDED[port]):
        getattr(platform, port)


def test_everybody_signs_cursors_with_the_same_key() -> None:
    settings = Settings.read(EVERYTHING)
    one, two = AwsPlatform(settings).cursor_key, AwsPlatform(settings).cursor_key
    assert one == two
    assert len(one) == 32


def test_prepare_makes_what_is_configured_and_leaves_out_the_rest() -> None:
    settings = Settings.read({"AWS_REGION": REGION, "PROMPTPILOT_TABLE": "t"})
    platform = AwsPlatform(settings)
    platform.prepare()
    made = vars(platform)
    assert "table" in made
    assert "orchestrator" not in made


def test_the_cache_and_the_limits_are_in_the_table_unless_a_valkey_server_is_told() -> None:
    in_table = AwsPlatform(Settings.read(EVERYTHING))
    assert isinstance(in_table.cache, TableCache)
    assert isinstance(in_table.rate_limiter, TableRateLimiter)

    told = AwsPlatform(Settings.read(EVERYTHING | {"PROMPTPILOT_VALKEY_URL": NOWHERE}))
    assert isinstance(told.cache, ValkeyCache)
    assert isinstance(told.rate_limiter, ValkeyRateLimiter)


async def test_what_is_out_of_reach_is_told_once_it_was_used() -> None:
    platform = AwsPlatform(Settings.read(EVERYTHING | {"PROMPTPILOT_VALKEY_URL": NOWHERE}))
    assert platform.degraded == ()

    await platform.cache.get("key")
    assert platform.degraded == ("cache",)
    await platform.rate_limiter.take([Take("key", 1, 1, 1)], 0)
    assert platform.degraded == ("cache", "rate_limiter")


@pytest.mark.parametrize(("url", "loaded"), [("", False), (NOWHERE, True)])
def test_the_library_of_valkey_is_loaded_only_where_it_is_used(url: str, loaded: bool) -> None:
    script = (
        "import sys\n"
        "import functions.step_worker.entry\n"
        f"assert ('valkey' in sys.modules) is {loaded}\n"
    )
    run_alone(script, EVERYTHING | {"PROMPTPILOT_VALKEY_URL": url})


def test_clients_are_patient_for_less_than_a_request_may_take() -> None:
    config = Clients(REGION).dynamodb.meta.config
    assert config.retries["mode"] == "standard"
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 30
    assert config.tcp_keepalive is True


def test_a_service_has_one_client() -> None:
    clients = Clients(REGION)
    assert clients.sqs is clients.sqs
    assert clients.websocket("https://live.example/dev").meta.endpoint_url.endswith("/dev")


@pytest.mark.parametrize(
    "name",
    [
        "api",
        "authorizer",
        "step_worker",
        "execution_events",
        "abandoned_steps",
        "machine_collector",
        "outbox",
        "live",
    ],
)
def test_importing_a_functions_entry_makes_no_client(name: str) -> None:
    """In a process of its own, where making a client is forbidden."""
    script = (
        "import botocore.session, botocore.client\n"
        "def refuse(*a, **k): raise SystemExit('a client was made at import')\n"
        "botocore.session.Session.create_client = refuse\n"
        f"import functions.{name}.entry as entry\n"
        "from promptpilot import platform\n"
        "assert callable(entry.handler)\n"
        "assert type(platform.current()).__name__ == 'AwsPlatform'\n"
    )
    run_alone(script, EVERYTHING)


def test_a_snapshot_holds_ready_clients_and_no_shared_chance() -> None:
    script = (
        "import random, snapshot_restore_py as snap\n"
        "import functions.api.entry\n"
        "from promptpilot import platform\n"
        "[(prepare, *_)] = snap._before_snapshot_registry\n"
        "[(restored, *_)] = snap._after_restore_registry\n"
        "prepare()\n"
        "assert 'table' in vars(platform.current())\n"
        "state = random.getstate()\n"
        "restored()\n"
        "assert random.getstate() != state\n"
    )
    environment = {
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        "AWS_REGION": REGION,
        "PROMPTPILOT_TABLE": "t",
    }
    run_alone(script, environment)
