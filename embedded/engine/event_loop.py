"""An event loop that runs in a thread of its own."""

import asyncio
import importlib.util
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class EventLoop:
    """The loop is there from the beginning; it runs between `start` and `stop`."""

    def __init__(self, name: str) -> None:
        self.loop = _new_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Run the loop."""
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def inside(self) -> bool:
        """Whether the caller is on the loop's thread."""
        return threading.current_thread() is self._thread

    def call(self, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Call on the loop's thread: at once when inside, else soon. False where none runs."""
        if self.inside():
            call(*args, **kwargs)
            return True
        if not self.running:
            return False
        try:
            self.loop.call_soon_threadsafe(lambda: call(*args, **kwargs))
        except RuntimeError:  # closed since we asked
            return False
        return True

    def run(self, coroutine: Coroutine[Any, Any, T], seconds: float | None) -> T:
        """The coroutine's result, from outside. Raises `TimeoutError` after `seconds`, if any."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def stop(self) -> None:
        """Stop and close the loop."""
        if self.running:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        self.loop.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop  # not on every system  # noqa: PLC0415

    return uvloop.new_event_loop()
