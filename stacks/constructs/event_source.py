"""How the product's events are told from others."""

SOURCE = "promptpilot"
"""Of every event of the product; `promptpilot.bus_event` says the same."""
