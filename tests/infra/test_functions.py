"""Every function has what all of them need, and nothing of another's."""

from pathlib import Path

from promptpilot.settings import Deployed
from tests.infra.conftest import EVERY_OPTION
from tests.infra.templates import FUNCTIONS, Deployment, ports_of

ORCHESTRATOR = {
    Deployed.MACHINES,
    Deployed.MACHINE_ROLE_ARN,
    Deployed.MACHINE_LOG_GROUP_ARN,
    Deployed.STEP_QUEUE_URL,
}
NEEDED_BY = {
    "table": {Deployed.TABLE},
    "blobs": {Deployed.BLOBS_BUCKET},
    "orchestrator": ORCHESTRATOR,
    "step_queue": {Deployed.STEP_QUEUE_URL},
    "event_bus": {Deployed.EVENT_BUS},
    "identity": {Deployed.USER_POOL_ID, Deployed.USER_POOL_CLIENT_ID},
    "secrets": {Deployed.SECRETS_PREFIX},
    "cursor_key": {Deployed.SECRETS_PREFIX},
    "models": {Deployed.SECRETS_PREFIX},
    "scheduler": {
        Deployed.SCHEDULE_GROUP,
        Deployed.SCHEDULER_ROLE_ARN,
        Deployed.EVENT_BUS_ARN,
    },
    "live": {Deployed.LIVE_ENDPOINT},
    "partial_texts": {Deployed.TABLE},
    "cache": {Deployed.TABLE},
    "rate_limiter": {Deployed.TABLE},
    "degraded": set(),
    "followers": set(),
    "egress": set(),
    "waiter": set(),
    "offload": set(),
    "sole_worker": set(),
    "hears": set(),
}
CUSTOM_MODELS = "PROMPTPILOT_CUSTOM_MODELS"
EGRESS_ALLOW = "PROMPTPILOT_EGRESS_ALLOW"
PLATFORM_KEYS = "PROMPTPILOT_PLATFORM_KEYS"
MODEL_LIMITS = "PROMPTPILOT_MODEL_LIMITS"
VALKEY_URL = "PROMPTPILOT_VALKEY_URL"
OPTIONAL = {CUSTOM_MODELS, EGRESS_ALLOW, MODEL_LIMITS, PLATFORM_KEYS, VALKEY_URL}
TRACES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://traces.example.com:4318/",
    "OTEL_TRACES_SAMPLER": "traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
}
TRACING = {"api", "execution_events", "step_worker"}
"""The functions that record spans."""


def test_there_is_a_function_for_every_folder_with_an_entry() -> None:
    assert sorted(each.parent.name for each in Path("functions").glob("*/entry.py")) == sorted(
        FUNCTIONS
    )


def test_every_folder_is_deployed_once(deployment: Deployment) -> None:
    deployed = {each.properties["Handler"] for each in deployment.all("AWS::Lambda::Function")}

    assert deployed == {f"functions.{name}.entry.handler" for name in FUNCTIONS}


def test_every_function_runs_on_the_same_python_and_processor(deployment: Deployment) -> None:
    for function in deployment.all("AWS::Lambda::Function"):
        assert function.properties["Runtime"] == "python3.13", function
        assert function.properties["Architectures"] == ["arm64"], function


def test_every_function_is_traced(deployment: Deployment) -> None:
    for function in deployment.all("AWS::Lambda::Function"):
        assert function.properties["TracingConfig"] == {"Mode": "Active"}, function


def test_every_function_logs_to_a_group_of_its_own_that_forgets(deployment: Deployment) -> None:
    groups = {
        (each.stack, each.id): each.properties for each in deployment.all("AWS::Logs::LogGroup")
    }
    for function in deployment.all("AWS::Lambda::Function"):
        group = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        name = function.properties["FunctionName"]
        assert groups[function.stack, group]["LogGroupName"] == f"/aws/lambda/{name}"
    assert all(properties["RetentionInDays"] == 30 for properties in groups.values())


def test_no_function_waits_longer_than_who_waits_for_it(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        assert deployment.function(name).properties["Timeout"] <= 900
    assert deployment.function("api").properties["Timeout"] <= 30
    assert deployment.function("live").properties["Timeout"] < 30  # as a WebSocket route does


def test_only_the_worker_has_what_calls_models(deployment: Deployment) -> None:
    having = {name for name in FUNCTIONS if "llm" in deployment.layers(name)}

    assert having == {"step_worker"}
    assert all(deployment.layers(name) >= {"core", "runtime"} for name in FUNCTIONS)


def test_who_records_spans_is_who_sends_them_before_an_invocation_ends() -> None:
    entries = {name: Path(f"functions/{name}/entry.py").read_text() for name in FUNCTIONS}

    assert {name for name, entry in entries.items() if "flushed(" in entry} == TRACING


def test_what_sends_traces_comes_along_only_where_somebody_collects_them(
    dev: Deployment, prod: Deployment
) -> None:
    assert {name for name in FUNCTIONS if "traces" in prod.layers(name)} == TRACING
    for name in FUNCTIONS:
        told = {each: value for each, value in prod.variables(name).items() if "OTEL" in each}
        assert told == (TRACES if name in TRACING else {}), name
        assert dev.layers(name) <= {"core", "runtime", "llm"}
        assert not [each for each in dev.variables(name) if "OTEL" in each]


def test_who_sends_traces_is_told_where_the_headers_of_the_collector_are(prod: Deployment) -> None:
    for name in TRACING:
        assert prod.variables(name)[Deployed.SECRETS_PREFIX] == "/promptpilot/prod"


def test_every_function_is_told_what_its_ports_need_and_no_more(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        needed = {str(each) for port in ports_of(name) for each in NEEDED_BY[port]}
        if deployment.stage == "prod" and name in TRACING:
            needed.add(Deployed.SECRETS_PREFIX)  # for the headers of the collector
        told = set(deployment.variables(name)) - OPTIONAL - set(TRACES)
        assert told == needed, name


def test_every_variable_that_a_function_reads_is_set_once_its_port_is_used(
    deployment: Deployment,
) -> None:
    used = {port for name in FUNCTIONS for port in ports_of(name)}
    told = {variable for name in FUNCTIONS for variable in deployment.variables(name)}

    assert told <= {*Deployed, *OPTIONAL, *TRACES}
    assert set(Deployed) - told == {
        variable
        for port, variables in NEEDED_BY.items()
        if port not in used
        for variable in variables
        if variable not in told
    }


def test_custom_models_are_told_to_whoever_lists_or_calls_them(
    dev: Deployment, prod: Deployment
) -> None:
    told = {name for name in FUNCTIONS if CUSTOM_MODELS in prod.variables(name)}

    assert told == {name for name in FUNCTIONS if "models" in ports_of(name)}
    assert all(CUSTOM_MODELS not in dev.variables(name) for name in FUNCTIONS)


def test_who_lists_or_calls_models_is_told_which_vendors_everybody_may_call(
    dev: Deployment, prod: Deployment
) -> None:
    told = {
        name: prod.variables(name)[PLATFORM_KEYS]
        for name in FUNCTIONS
        if PLATFORM_KEYS in prod.variables(name)
    }

    assert told == {name: "bedrock,openai" for name in FUNCTIONS if "models" in ports_of(name)}
    assert all(PLATFORM_KEYS not in dev.variables(name) for name in FUNCTIONS)


def test_what_workflows_may_reach_besides_is_told_to_whoever_sends_their_requests(
    dev: Deployment, prod: Deployment
) -> None:
    told = {
        name: prod.variables(name)[EGRESS_ALLOW]
        for name in FUNCTIONS
        if EGRESS_ALLOW in prod.variables(name)
    }

    assert told == {
        name: ",".join(EVERY_OPTION["egress_allow"])
        for name in FUNCTIONS
        if "egress" in ports_of(name)
    }
    assert all(EGRESS_ALLOW not in dev.variables(name) for name in FUNCTIONS)


def test_a_valkey_server_is_told_to_whoever_uses_it_in_its_network(
    dev: Deployment, prod: Deployment
) -> None:
    told = {
        name: prod.variables(name)[VALKEY_URL]
        for name in FUNCTIONS
        if VALKEY_URL in prod.variables(name)
    }
    networks = {
        name: prod.function(name).properties["VpcConfig"]
        for name in FUNCTIONS
        if "VpcConfig" in prod.function(name).properties
    }
    users = {name for name in FUNCTIONS if ports_of(name) & {"cache", "rate_limiter"}}

    valkey = EVERY_OPTION["valkey"]
    assert users == {"step_worker"}
    assert told == dict.fromkeys(users, valkey["url"])
    network = {"SubnetIds": valkey["subnets"], "SecurityGroupIds": valkey["security_groups"]}
    assert networks == dict.fromkeys(users, network)
    for name in FUNCTIONS:
        assert VALKEY_URL not in dev.variables(name)
        assert "VpcConfig" not in dev.function(name).properties


def test_a_size_can_be_changed_alone(dev: Deployment, prod: Deployment) -> None:
    worker = prod.function("step_worker").properties

    assert worker["MemorySize"] == EVERY_OPTION["functions"]["step_worker"]["memory_mb"]
    assert worker["ReservedConcurrentExecutions"] == 50
    assert worker["Timeout"] == dev.function("step_worker").properties["Timeout"] == 900


def test_snapshots_are_paid_for_only_where_asked_for(dev: Deployment, prod: Deployment) -> None:
    def snapshots(deployment: Deployment) -> set[str]:
        functions = {name: deployment.function(name).properties for name in FUNCTIONS}
        return {name for name, each in functions.items() if "SnapStart" in each}

    assert snapshots(dev) == set()
    assert snapshots(prod) == {"api", "authorizer"}
    assert len(prod.all("AWS::Lambda::Alias")) == 2
