"""The `Followers` of the embedded platform: a thread that tells live connections what happens in
the executions that they follow.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.live import LocalLive
from promptpilot.domain.live import Subscription
from promptpilot.domain.progress import progress_subject
from promptpilot.errors import NotFound, Unauthenticated, Unavailable
from promptpilot.services.principals import principal_of
from promptpilot.services.progress.cursor import Told, open_told
from promptpilot.services.progress.following import Ports, answer, look

PAUSE_SECONDS = 0.05
"""Between two rounds, so that what happens at once is told in one message."""

LOOK_AGAIN_SECONDS = 2.0
"""Announcements are hints, and not every change of an execution has one."""

ITEMS = 200
"""The most of one message; its size is bounded by bytes as well."""

MAX_WAITING_BYTES = 256 * 1024
"""With so much on its way to a client, it is told no more for now: a long history comes as fast as
the client reads.
"""

PREFIX = progress_subject("")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Follower:
    subscription: Subscription
    told: Told

    @property
    def knows_end(self) -> bool:
        """Whether it has been told the end. Who resumes the execution gives a hint."""
        return self.told.status is not None and self.told.status.final


class LocalFollowers:
    """Told of hints by `hint`, from any thread; tells the followers from its own."""

    def __init__(
        self,
        live: LocalLive,
        ports: Callable[[], Ports],
        *,
        look_again_seconds: float = LOOK_AGAIN_SECONDS,
    ) -> None:
        """`ports` is asked once it is started."""
        self._look_again_seconds = look_again_seconds
        self._look_again_at = 0.0
        self._live = live
        self._ports = ports
        self._changed = threading.Condition()
        self._followers: dict[str, dict[tuple[str, str], _Follower]] = {}
        """By execution; then by connection and workspace."""
        self._hinted: set[str] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="followers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is being told and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def follows(self, execution: str) -> bool:
        """Whether anybody follows this execution."""
        return execution in self._followers

    def hint(self, subject: str) -> None:
        """There may be something new of what a `Waiter` calls so. Costs next to nothing where
        nobody follows it.
        """
        if not self._followers:
            return
        execution = subject.removeprefix(PREFIX)
        if execution in self._followers:
            with self._changed:
                self._hinted.add(execution)
                self._changed.notify()

    @property
    def told(self) -> bool:
        """See `Followers.told`."""
        return True

    def check(self, workspace: str, execution: str, cursor: str | None) -> None:
        """See `Followers.check`."""
        key = self._ports().cursor_key
        open_told(cursor, workspace=workspace, execution=execution, key=key)

    def follow(self, subscription: Subscription, cursor: str | None) -> None:
        """See `Followers.follow`."""
        execution = subscription.execution
        if execution is None:
            return
        key = self._ports().cursor_key
        told = open_told(cursor, workspace=subscription.workspace, execution=execution, key=key)
        with self._changed:
            followers = dict(self._followers.get(execution, {}))
            followers[_name(subscription)] = _Follower(subscription, told)
            self._followers[execution] = followers
            self._hinted.add(execution)
            self._changed.notify()

    def leave(self, subscription: Subscription) -> None:
        """See `Followers.leave`."""
        if subscription.execution is not None:
            with self._changed:
                self._remove(subscription.execution, _name(subscription))

    def _remove(self, execution: str, name: tuple[str, str]) -> None:
        followers = dict(self._followers.get(execution, {}))
        followers.pop(name, None)
        if followers:
            self._followers[execution] = followers
        else:
            self._followers.pop(execution, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._hinted and not self._stopped:
                    self._changed.wait(self._look_again_seconds if self._followers else None)
                if self._stopped:
                    return
                news = self._take_news()
            for execution, followers in news:
                self._tell_all(execution, followers)
            time.sleep(PAUSE_SECONDS)

    def _take_news(self) -> list[tuple[str, Sequence[_Follower]]]:
        """Those who follow what was hinted at, and now and then all who do not know an end."""
        hinted, self._hinted = self._hinted, set()
        look_again = time.monotonic() >= self._look_again_at
        if look_again:
            self._look_again_at = time.monotonic() + self._look_again_seconds
        return [
            (execution, found)
            for execution, followers in self._followers.items()
            if (
                found := [
                    each
                    for each in followers.values()
                    if execution in hinted or (look_again and not each.knows_end)
                ]
            )
        ]

    def _tell_all(self, execution: str, followers: Sequence[_Follower]) -> None:
        for follower in followers:
            try:
                stays = self._tell(execution, follower)
            except (NotFound, Unauthenticated):  # the user is no member any more
                stays = False
            except Unavailable as error:
                logger.warning("progress is told later: %s", error, extra={"execution": execution})
                stays = True
            except Exception:
                # A mistake about one execution must not end the thread for all.
                logger.exception("progress not told", extra={"execution": execution})
                stays = False
            if not stays:
                self._drop(execution, follower)

    def _drop(self, execution: str, follower: _Follower) -> None:
        with self._changed:
            name = _name(follower.subscription)
            if self._followers.get(execution, {}).get(name) is follower:
                self._remove(execution, name)

    def _tell(self, execution: str, follower: _Follower) -> bool:
        """False where the connection is gone."""
        for message, told in self._messages(execution, follower):
            if not self._live.send(follower.subscription.connection, message):
                return False
            follower.told = told
        return True

    def _messages(self, execution: str, follower: _Follower) -> Iterator[tuple[str, Told]]:
        """What the follower does not know, as long as it takes it in."""
        subscription, ports = follower.subscription, self._ports()
        principal = principal_of(subscription.user, subscription.workspace, table=ports.table)
        while True:
            if self._live.waiting_bytes(subscription.connection) > MAX_WAITING_BYTES:
                self.hint(execution)
                return
            found = look(principal, execution, follower.told, ITEMS, with_texts=True, ports=ports)
            if found.page.told == follower.told:
                return
            yield _message(execution, answer(found, ports).model_dump(mode="json")), found.page.told


def _message(execution: str, progress: dict[str, Any]) -> str:
    cursor = progress.pop("next_cursor")
    told = {"type": "execution.progress", "execution": execution, **progress, "cursor": cursor}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _name(subscription: Subscription) -> tuple[str, str]:
    return subscription.connection, subscription.workspace
