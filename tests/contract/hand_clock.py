"""A clock whose hands are moved by the test."""


class HandClock:
    """Stands in for the `time` module in `promptpilot.clock`."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def time_ns(self) -> int:
        return self.seconds * 1_000_000_000

    def let_pass(self, seconds: int) -> None:
        self.seconds += seconds
