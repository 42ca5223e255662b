"""Which model of each vendor is asked: a cheap one that can do all that is asked of it."""

CHEAP_MODELS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "google": "google/gemini-2.5-flash-lite",
    "bedrock": "bedrock/amazon.nova-micro-v1:0",
}

BUDGET_MICRO_USD = 10_000
"""For all of it: one cent."""
