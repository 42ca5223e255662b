"""Which hosts the actions of a workspace may call."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes.examples import sent
from promptpilot.domain.egress import EgressRules
from promptpilot.errors import Forbidden
from promptpilot.platform import current
from promptpilot.services import egress_rules

router = Routes()
TAGS = ["workspace"]
EXAMPLE = {"allow": ["api.example.com", "*.example.org", "tools.example.net:8443"]}


@router.get(
    "/workspace/egress",
    summary="Read which hosts may be called",
    description="The hosts that actions may call; null is every public one, on the ports 80 and "
    "443.",
    operation_id="read_egress",
    tags=TAGS,
    responses=answers(
        200, "The rules.", EXAMPLE, refusals=[Forbidden(action="egress:read", role="editor")]
    ),
)
def read_egress(principal: Caller) -> EgressRules:
    """The rules."""
    return egress_rules.get_egress(principal, table=current().table)


@router.put(
    "/workspace/egress",
    summary="Set which hosts may be called",
    description="`api.example.com` is that host on the ports 80 and 443, `*.example.org` every "
    "name below that one, `tools.example.net:8443` that port alone; null is every public host. An "
    "empty list stops all requests. The last change wins. Whatever is allowed, addresses that are "
    "not public stay out of reach, but for what the operator of this server has opened.",
    operation_id="set_egress",
    tags=TAGS,
    responses=answers(
        200, "The rules.", EXAMPLE, refusals=[Forbidden(action="egress:write", role="editor")]
    ),
)
def set_egress(
    rules: Annotated[EgressRules, Body(openapi_examples=sent(EXAMPLE))], principal: Caller
) -> EgressRules:
    """Set the rules."""
    return egress_rules.put_egress(principal, rules, table=current().table)
