"""The names of spans' attributes: OpenTelemetry's semantic conventions for HTTP, and for generative
AI (in development; as of version 1.42 of the conventions), and our own under `promptpilot.`.

This is the only module that knows them.
"""

HTTP_METHOD = "http.request.method"
HTTP_ROUTE = "http.route"
HTTP_STATUS = "http.response.status_code"
ERROR_TYPE = "error.type"

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_STOP = "gen_ai.request.stop_sequences"
REQUEST_SEED = "gen_ai.request.seed"
REQUEST_STREAM = "gen_ai.request.stream"
OUTPUT_TYPE = "gen_ai.output.type"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_TYPE = "gen_ai.tool.type"
WORKFLOW_NAME = "gen_ai.workflow.name"

CHAT, EXECUTE_TOOL, INVOKE_WORKFLOW = "chat", "execute_tool", "invoke_workflow"
"""Values of `OPERATION`."""

PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gcp.gemini",
    "bedrock": "aws.bedrock",
}
"""The conventions' names of vendors; others are called what we call them."""

WORKSPACE = "promptpilot.workspace"
EXECUTION = "promptpilot.execution"
WORKFLOW = "promptpilot.workflow"
STEP = "promptpilot.step"
STEP_KIND = "promptpilot.step.kind"
ATTEMPT = "promptpilot.step.attempt"
LOG = "promptpilot.log"
STATUS = "promptpilot.status"
COST = "promptpilot.cost_micro_usd"
CACHED = "promptpilot.cached"
FAILED_MODELS = "promptpilot.failed_models"
"""The models that were asked before the one that answered, with the errors they failed with."""
