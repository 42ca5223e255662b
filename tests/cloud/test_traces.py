"""Functions send their spans before they are frozen, with the headers of an operator's secret."""

from embedded.demo.client import Client
from promptpilot.telemetry import names
from tests.cloud.conftest import COLLECTOR_HEADERS
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.collector import Collector, attributes
from tests.embedded.running import ended, until


def test_an_execution_is_one_trace_across_the_functions(one: Client, collector: Collector) -> None:
    prompt = make_prompt(one, "Traced")
    workflow = make_workflow(one, "Traced", [prompt_step("only", prompt, "x")])
    execution = start(one, workflow)
    ended(one, execution, WAIT_SECONDS)

    def told() -> dict[str, bytes]:
        return {
            span.name: span.trace_id
            for span in collector.spans
            if attributes(span).get(names.EXECUTION) == execution
        }

    spans = until(told, lambda found: len(found) == 2, WAIT_SECONDS)

    assert set(spans) == {"step prompt", names.INVOKE_WORKFLOW}
    [trace] = set(spans.values())
    whole = {span.name for span in collector.spans if span.trace_id == trace}
    assert whole == {"POST /workflows/{id}/execute", f"{names.CHAT} scripted/echo", *spans}
    name, _, value = COLLECTOR_HEADERS.partition("=")
    assert all(headers[name] == value for headers in collector.headers)
