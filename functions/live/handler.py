"""The live connections: WebSocket routes, and the bus events that are pushed over them.

A client says `{"action": "subscribe"}` for its own workspace, or names a `workspace`, an
`execution` of it, or both; `{"action": "unsubscribe", ...}` takes that back, and
`{"action": "ping"}` keeps a quiet connection open. Each is answered on the same connection by an
object whose `type` is `subscribed`, `unsubscribed`, `pong` or `problem`.

Who subscribes to an execution is told its progress as well, in objects of the type
`execution.progress` (see `promptpilot.domain.progress`): from the beginning, or from the `cursor`
in the subscription on. Each object has the cursor that goes on after it. Where `subscribed` has
`"progress": false`, nobody tells states, and they are to be asked for:
`GET /executions/{id}/events`.

Everything else that comes is an event of `promptpilot.domain.event`, whose `type` has a dot in it.
Events come in the order in which they happened, mostly; one may come twice, which its `id` tells,
and one may be missing after a failure: what is true is what the API says.
"""

from collections.abc import Callable, Mapping
from typing import Any

from functions.live import bus_events, routes

Event = Mapping[str, Any]


def handler(event: Event, context: object) -> Event:
    """Lambda's entry: an event of a WebSocket route, a batch of SQS messages that hold one bus
    event each, or one bus event.
    """
    if "requestContext" in event:
        return _ROUTES[event["requestContext"]["routeKey"]](event)
    if "Records" in event:
        return bus_events.push_batch(event["Records"])
    return bus_events.push_one(event)


_ROUTES: Mapping[str, Callable[[Event], Event]] = {
    "$connect": routes.connect,
    "$disconnect": routes.disconnect,
    "$default": routes.message,
}
