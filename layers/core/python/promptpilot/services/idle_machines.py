"""Forgetting the state machines of workflow versions that nobody executes any more."""

import logging
from datetime import timedelta

from promptpilot.clock import now
from promptpilot.ports.orchestrator import Orchestrator

IDLE = timedelta(days=30)
"""Longer than an execution can be resumed, which is 14 days on Step Functions."""

logger = logging.getLogger(__name__)


def forget_idle_machines(*, orchestrator: Orchestrator) -> int:
    """Forget the machines that were idle for `IDLE`; how many. The next start of one of them makes
    it known again, from the version's record.
    """
    forgotten = orchestrator.forget_idle(now() - IDLE)
    logger.info("idle state machines forgotten", extra={"machines": forgotten})
    return forgotten
