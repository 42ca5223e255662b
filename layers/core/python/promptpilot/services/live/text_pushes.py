"""Telling live connections what a model says, on a platform where the worker itself does that."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from promptpilot.domain.base import Model
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.progress import TextEvent
from promptpilot.domain.run import RunTextEvent
from promptpilot.ports.live import Live
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.live.push import push_to_followers
from promptpilot.services.progress.page import pieces

Piece = Callable[[int, str], Model]
"""The event that tells a piece of a text, which begins at that offset."""


class TextPushes:
    """A `Tell` for one answer, for who listens to `watched`, an execution or a run. Its messages
    have items and no cursor: one who needs to be sure of all asks for the events.
    """

    def __init__(
        self,
        workspace: str,
        watched: str,
        piece: Piece,
        *,
        table: Table,
        live: Live,
        offload: Offload,
    ) -> None:
        self._workspace = workspace
        self._watched = watched
        self._piece = piece
        self._table = table
        self._live = live
        self._offload = offload
        self._told = ""

    async def __call__(self, text: str) -> None:
        """Push what was not pushed yet; from the beginning where another model speaks now."""
        start = len(self._told) if text.startswith(self._told) else 0
        self._told = text  # what may have been sent is not sent again
        for message in self._messages(text, start):
            await push_to_followers(
                self._workspace,
                self._watched,
                message,
                table=self._table,
                live=self._live,
                offload=self._offload,
            )

    def _messages(self, text: str, start: int) -> Iterator[str]:
        for offset, piece in pieces(text, start):
            yield progress_message(self._watched, self._piece(offset, piece))


def progress_message(watched: str, item: Model) -> str:
    """What is told of an execution or a run, as a live message."""
    kind = watched.partition("_")[0]
    told: dict[str, Any] = {"type": f"{kind}.progress", kind: watched}
    return json.dumps({**told, "items": [item.model_dump(mode="json")]}, ensure_ascii=False)


def step_piece(log: ExecutionLog) -> Piece:
    """Pieces of what a model says in a step."""

    def piece(offset: int, text: str) -> TextEvent:
        return TextEvent(
            log=log.id,
            step=log.step,
            path=log.path,
            iteration=log.iteration,
            offset=offset,
            text=text,
        )

    return piece


def run_piece(log: str, model: str) -> Piece:
    """Pieces of what a model says in a run."""

    def piece(offset: int, text: str) -> RunTextEvent:
        return RunTextEvent(log=log, model=model, offset=offset, text=text)

    return piece
