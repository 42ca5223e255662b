"""Where a module of routes registers them."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter


class Routes(APIGatewayHttpRouter):
    """Powertools' router, for strict type checking: its own constructor has no annotations."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
