"""Beginning to record traces, or going on without."""

import logging
import sys
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from promptpilot.adapters.otlp_headers import read_headers
from promptpilot.adapters.tracing import start_tracing
from promptpilot.errors import Invalid, StoreUnavailable
from promptpilot.settings import Settings
from promptpilot.telemetry.spans import install, span, tracer
from tests.embedded.collector import Collector, collecting

TOKEN = "canary-token"


@pytest.fixture(autouse=True)
def nobody_records() -> Iterator[None]:
    yield
    install(None)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as serving:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", serving.url)
        yield serving


def test_headers_are_pairs_with_commas_between_and_their_percents_undone() -> None:
    assert read_headers("Authorization=Bearer%20one, x-team = two,") == {
        "authorization": "Bearer one",
        "x-team": "two",
    }
    assert read_headers("x-key=a=b==") == {"x-key": "a=b=="}


@pytest.mark.parametrize(
    "text",
    [TOKEN, f"={TOKEN}", "x-key=", f"x key={TOKEN}", f"x-key={TOKEN}%0d%0aother:1", "x-key=é"],
)
def test_what_is_no_header_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_headers(text)
    assert TOKEN not in str(refused.value)


def test_nobody_is_asked_for_headers_where_nobody_collects() -> None:
    def asked() -> SecretStr:
        raise AssertionError

    assert start_tracing(Settings.read({}), asked) is None
    assert tracer() is None


def test_spans_come_with_the_headers_that_are_kept_apart(collector: Collector) -> None:
    tracing = start_tracing(Settings.read(), lambda: SecretStr(f"x-collector-key={TOKEN}"))
    assert tracing is not None
    with span("told"):
        pass
    tracing.close()

    [told] = collector.spans
    assert told.name == "told"
    assert collector.headers[0]["x-collector-key"] == TOKEN


def test_a_collector_that_wants_no_headers_gets_none(collector: Collector) -> None:
    tracing = start_tracing(Settings.read(), lambda: None)
    assert tracing is not None
    with span("told"):
        pass
    tracing.close()

    assert len(collector.spans) == 1


def test_without_their_headers_there_are_no_traces_and_a_warning(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    def lost() -> SecretStr:
        raise StoreUnavailable(reason="The secrets cannot be read (AccessDeniedException).")

    with caplog.at_level(logging.WARNING):
        assert start_tracing(Settings.read(), lost) is None
        assert start_tracing(Settings.read(), lambda: SecretStr(TOKEN)) is None

    assert tracer() is None
    assert "AccessDeniedException" in caplog.records[0].getMessage()
    assert len(caplog.records) == 2
    assert TOKEN not in caplog.text
    assert collector.raw == []


def test_without_the_library_there_are_no_traces_and_a_warning(
    collector: Collector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "promptpilot.adapters.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with caplog.at_level(logging.WARNING):
        assert start_tracing(Settings.read()) is None

    assert "opentelemetry.sdk.trace is not installed" in caplog.text
    assert collector.raw == []
