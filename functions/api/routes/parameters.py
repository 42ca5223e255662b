"""Query parameters that several routes have."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

VersionAsked = Annotated[str | None, Query(max_length=100, description='This version: "1.2.0".')]
LabelAsked = Annotated[
    str | None,
    Query(max_length=100, description="The version that this label points to; `latest` is one."),
]
