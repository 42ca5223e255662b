"""Traces of what the product does, in OpenTelemetry's terms; nothing unless somebody collects."""
