"""Traces of a real server, as a collector gets them by OTLP."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from embedded.demo.client import Client
from tests.embedded.collector import Collector, attributes, collecting
from tests.embedded.gated_model import GatedModel
from tests.embedded.running import Server, ended, make_chain

SECRET = "xyzzy-canary-contents"
CALLERS_TRACE, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def model() -> Iterator[GatedModel]:
    with GatedModel() as model:
        model.allow(100)
        yield model


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def serve(tmp_path: Path, model: GatedModel, collector: Collector, **environ: str) -> Server:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-collector-key=canary",
        **environ,
    }
    return Server(tmp_path, model.url, variables).start()


def run_chain(client: Client, steps: int = 2, model: str = "custom/fake/m") -> str:
    workflow = make_chain(client, steps, model)
    execution = str(
        client.post(f"/workflows/{workflow}/execute", {"input": {"text": SECRET}})["id"]
    )
    ended(client, execution)
    return execution


def only(spans: list[Span]) -> Span:
    [span] = spans
    return span


def test_an_execution_is_one_trace_from_the_request_to_the_calls_of_models(
    tmp_path: Path, model: GatedModel, collector: Collector
) -> None:
    server = serve(tmp_path, model, collector)
    client = server.sign_up("one@example.com")
    execution = run_chain(client)
    server.stop()

    request = only(collector.named("POST /workflows/{id}/execute"))
    invoked = only(collector.named("invoke_workflow"))
    steps = collector.named("step prompt")
    calls = collector.named("chat fake/m")
    assert (len(steps), len(calls)) == (2, 2)
    spans = [request, invoked, *steps, *calls]
    assert {each.trace_id for each in spans} == {request.trace_id}
    assert invoked.parent_span_id == request.span_id
    assert {each.parent_span_id for each in steps} == {invoked.span_id}
    assert {each.parent_span_id for each in calls} == {each.span_id for each in steps}
    for step in steps:
        assert invoked.start_time_unix_nano <= step.start_time_unix_nano + 10**6
        assert step.end_time_unix_nano <= invoked.end_time_unix_nano + 10**6
    told = attributes(invoked)
    assert (told["promptpilot.execution"], told["promptpilot.status"]) == (execution, "succeeded")


def test_a_call_is_told_in_the_terms_of_the_conventions(
    tmp_path: Path, model: GatedModel, collector: Collector
) -> None:
    server = serve(tmp_path, model, collector)
    run_chain(server.sign_up("one@example.com"), steps=1)
    server.stop()

    call = only(collector.named("chat fake/m"))
    told = attributes(call)
    assert call.kind == Span.SPAN_KIND_CLIENT
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "custom"
    assert told["gen_ai.request.model"] == "fake/m"
    assert told["gen_ai.response.model"].startswith("custom/fake/")
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert isinstance(told["gen_ai.usage.input_tokens"], int)


def test_what_fails_is_marked_with_the_name_of_its_error(
    tmp_path: Path, model: GatedModel, collector: Collector
) -> None:
    server = serve(tmp_path, model, collector)
    run_chain(server.sign_up("one@example.com"), steps=1, model="custom/nobody/m")
    server.stop()
    for name in ("step prompt", "invoke_workflow"):
        span = only(collector.named(name))
        assert attributes(span)["error.type"] == "ModelUnknown"
        assert span.status.code == Status.STATUS_CODE_ERROR


def test_the_trace_of_whoever_calls_goes_on(
    tmp_path: Path, model: GatedModel, collector: Collector
) -> None:
    server = serve(tmp_path, model, collector)
    client = server.sign_up("one@example.com")
    workflow = make_chain(client, 1)
    request = urllib.request.Request(
        f"{server.url}/workflows/{workflow}/execute",
        json.dumps({"input": {"text": "x"}}).encode(),
        {
            "Authorization": f"Bearer {client.token}",
            "Content-Type": "application/json",
            "traceparent": f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-01",
        },
    )
    with urllib.request.urlopen(request) as reply:
        ended(client, json.load(reply)["id"])
    server.stop()
    own = only(collector.named("POST /workflows/{id}/execute"))
    assert own.parent_span_id.hex() == CALLERS_SPAN
    assert only(collector.named("invoke_workflow")).trace_id.hex() == CALLERS_TRACE


@pytest.mark.parametrize("captured", [False, True])
def test_contents_are_told_only_where_an_operator_wants_that(
    tmp_path: Path, model: GatedModel, collector: Collector, captured: bool
) -> None:
    variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    server = serve(tmp_path, model, collector, **{variable: str(captured).lower()})
    run_chain(server.sign_up("one@example.com"), steps=1)
    server.stop()
    assert collector.spans
    assert (SECRET.encode() in b"".join(collector.raw)) is captured
    call = attributes(only(collector.named("chat fake/m")))
    if captured:
        [message] = json.loads(str(call["gen_ai.input.messages"]))
        assert message["parts"] == [{"type": "text", "content": f"Say: {SECRET}"}]
        assert SECRET in str(call["gen_ai.output.messages"])


def test_no_tokens_or_ids_are_in_the_names_and_no_credentials_anywhere(
    tmp_path: Path, model: GatedModel, collector: Collector
) -> None:
    server = serve(tmp_path, model, collector)
    client = server.sign_up("one@example.com")
    execution = run_chain(client, steps=1)
    server.stop()
    assert not [span.name for span in collector.spans if execution in span.name]
    sent = b"".join(collector.raw)
    assert client.token.encode() not in sent
    assert b"correct horse" not in sent
    assert all(each.get("x-collector-key") == "canary" for each in collector.headers)


def test_a_collector_that_is_not_there_disturbs_nobody(tmp_path: Path, model: GatedModel) -> None:
    with collecting() as gone:
        url = gone.url
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    server = Server(tmp_path, model.url, environ).start()
    execution = run_chain(server.sign_up("one@example.com"), steps=1)
    assert execution
    assert server.stop() == 0
