"""Which ports of the platform the progress of executions is told from."""

from promptpilot.platform import Platform
from promptpilot.services.progress.following import Ports


def progress_ports(here: Platform) -> Ports:
    """Those of this platform."""
    return Ports(
        table=here.table,
        blobs=here.blobs,
        orchestrator=here.orchestrator,
        texts=here.partial_texts,
        waiter=here.waiter,
        cursor_key=here.cursor_key,
    )
