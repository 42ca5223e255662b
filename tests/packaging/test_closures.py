"""What a function imports is in its layers, and what it must not import is not."""

import pytest

from stacks.packaging.parts import LAYERS
from tests.infra.templates import FUNCTIONS, Deployment
from tests.packaging.conftest import AloneWith

pytestmark = pytest.mark.packages

WITHOUT_VENDORS = ("core", "runtime")
VENDOR_SDKS = (
    "anthropic",
    "cohere",
    "google.genai",
    "google.generativeai",
    "groq",
    "litellm",
    "mistralai",
    "openai",
    "vertexai",
)

FIND = "from importlib.util import find_spec\nfrom contextlib import suppress\n"
FOUND = """
found = []
for name in {names!r}:
    with suppress(ModuleNotFoundError):  # of a package around it
        if find_spec(name):
            found.append(name)
print(*found)
"""

EVERY_MODULE = """
import importlib, pkgutil
import functions, promptpilot
for package in (functions, promptpilot):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
print("done")
"""

BEGIN_TRACING = """
import os
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
from promptpilot.adapters.aws.platform import AwsPlatform
from promptpilot.telemetry.spans import tracer
AwsPlatform.otlp_headers = lambda self: None
"""

WORK = """
import jwt
import minijinja
from pydantic import EmailStr, TypeAdapter
from cryptography.hazmat.primitives.asymmetric import rsa
from promptpilot.compiler.compile import compile_draft
from promptpilot.compiler.draft import read_draft
from promptpilot.compiler.reading import read_document
from promptpilot.domain.json_schema import value_faults
from promptpilot.domain.output_schema import schema_problem

WORKFLOW = '''
name: double
version: 1.0.0
steps:
  - id: doubled
    kind: transform
    value: "{% $input.number * 2 %}"
'''
draft = read_draft(read_document(WORKFLOW, yaml=True))
assert draft.document, draft
assert compile_draft(draft, {}, ()).asl
assert schema_problem({"type": "object"}) is None
assert value_faults({"type": "integer"}, "three")
private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
token = jwt.encode({"sub": "one"}, private, "RS256")
assert jwt.decode(token, private.public_key(), ["RS256"]) == {"sub": "one"}
assert TypeAdapter(EmailStr).validate_python("one@example.com")
assert minijinja.Environment().render_str("{{ one }}", one=1) == "1"
print("done")
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_starts_with_its_own_layers_alone(
    name: str, dev: Deployment, alone: AloneWith
) -> None:
    code = f"from functions.{name}.entry import handler\nprint(callable(handler))"

    assert alone(dev.layers(name)).run(code) == "True"


@pytest.mark.parametrize("name", [each for each in FUNCTIONS if each != "step_worker"])
def test_no_function_but_the_worker_could_import_a_vendor_sdk(
    name: str, dev: Deployment, alone: AloneWith
) -> None:
    code = FIND + f"import functions.{name}.entry" + FOUND.format(names=VENDOR_SDKS)

    assert alone(dev.layers(name)).run(code) == ""


def test_the_worker_calls_models_without_a_vendor_sdk_and_loads_its_client_when_lambda_starts_it(
    dev: Deployment, alone: AloneWith
) -> None:
    worker = alone(dev.layers("step_worker"))
    loaded = "print('aiohttp' in sys.modules)"
    found = FIND + "import functions.step_worker.entry\n" + FOUND.format(names=VENDOR_SDKS)

    assert worker.run(found) == ""
    assert worker.run(f"import sys\nimport functions.step_worker.handler\n{loaded}") == "False"
    assert worker.run(f"import sys\nimport functions.step_worker.entry\n{loaded}") == "True"


@pytest.mark.parametrize("name", ["api", "execution_events", "step_worker"])
def test_a_function_that_records_spans_begins_to_with_the_layer_of_traces(
    name: str, dev: Deployment, alone: AloneWith
) -> None:
    code = f"{BEGIN_TRACING}import functions.{name}.entry\nprint(tracer() is not None)"

    assert alone({*dev.layers(name), "traces"}).run(code) == "True"


def test_without_that_layer_a_function_starts_all_the_same(
    dev: Deployment, alone: AloneWith
) -> None:
    code = f"{BEGIN_TRACING}import functions.api.entry\nprint(tracer())"

    warning, tracer = alone(dev.layers("api")).run(code).splitlines()
    assert "opentelemetry is not installed" in warning
    assert tracer == "None"


def test_with_all_layers_every_module_of_the_product_can_be_imported(alone: AloneWith) -> None:
    assert alone(LAYERS).run(EVERY_MODULE) == "done"


def test_what_is_imported_when_it_is_first_needed_is_in_the_layers_of_the_api(
    alone: AloneWith,
) -> None:
    assert alone(WITHOUT_VENDORS).run(WORK) == "done"


def test_the_documentation_of_the_api_comes_along(alone: AloneWith) -> None:
    code = """
from functions.api.app import api
from functions.api.openapi import openapi_document
from functions.api.docs_page import _assets
print(len(openapi_document(api)) > 10_000 and all(data for _, data in _assets().values()))
"""

    assert alone(WITHOUT_VENDORS).run(code) == "True"
