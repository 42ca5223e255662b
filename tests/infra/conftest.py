import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.templates import Deployment

PATIENCE_SECONDS = 180

EVERY_OPTION: Mapping[str, Any] = {
    "stage": "prod",
    "account": "123456789012",
    "region": "eu-central-1",
    "snap_start": True,
    "threat_protection": True,
    "domain": {
        "name": "prompts.example.com",
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/one",
    },
    "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/one/two",
    "custom_models": {"lab": {"base_url": "https://models.example.com/v1", "models": ["one"]}},
    "vendor_keys": ["openai"],
    "bedrock": [
        "arn:aws:bedrock:*::foundation-model/anthropic.claude-*",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-*",
    ],
    "egress_allow": ["tools.example.net:8443", "10.1.0.0/16"],
    "valkey": {
        "url": "valkeys://cache-1.serverless.euc1.cache.amazonaws.com:6379",
        "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "security_groups": ["sg-0123456789abcdef2"],
    },
    "traces": {"endpoint": "https://traces.example.com:4318", "sampled": 0.1},
    "alarms": {"email": "alarms@example.com"},
    "functions": {"step_worker": {"memory_mb": 1024, "reserved_concurrency": 50}},
}


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Deployment]:
    """`dev`: the defaults, without an account. `prod`: in an account, with every option."""
    folder = tmp_path_factory.mktemp("infra")
    settings = folder / "settings.json"
    settings.write_text(json.dumps(EVERY_OPTION))
    chosen = {"dev": "stage=dev", "prod": f"settings={settings}"}
    arguments = [["-c", context, "-o", str(folder / stage)] for stage, context in chosen.items()]
    run([sys.executable, "-m", "tests.infra.synth", json.dumps(arguments)])
    return {stage: Deployment.read(folder / stage, stage) for stage in chosen}


@pytest.fixture(scope="session")
def dev(deployments: Mapping[str, Deployment]) -> Deployment:
    return deployments["dev"]


@pytest.fixture(scope="session")
def prod(deployments: Mapping[str, Deployment]) -> Deployment:
    return deployments["prod"]


@pytest.fixture(scope="session", params=["dev", "prod"])
def deployment(request: pytest.FixtureRequest, deployments: Mapping[str, Deployment]) -> Deployment:
    """One after the other."""
    return deployments[request.param]


def run(command: list[str]) -> None:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
