"""Logs are lines of JSON, and whoever reads them slowly holds up nobody."""

import io
import json
import logging
import threading

import pytest

from embedded.log_lines import LogLines, json_logs


class Stuck(io.StringIO):
    """A stream that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.began.set()
        assert self.go.wait(30)
        return super().write(text)


def test_a_record_is_one_line_with_its_fields() -> None:
    stream = io.StringIO()
    with json_logs(stream):
        logging.getLogger("a.b").info("it %s", "happened", extra={"request_id": "r1", "n": 2})
    [line] = stream.getvalue().splitlines()
    logged = json.loads(line)
    assert logged["message"] == "it happened"
    assert (logged["level"], logged["logger"], logged["service"]) == ("INFO", "a.b", "promptpilot")
    assert (logged["request_id"], logged["n"]) == ("r1", 2)
    assert logged["timestamp"].endswith("Z")
    assert set(logged) == {
        "level",
        "timestamp",
        "service",
        "logger",
        "message",
        "request_id",
        "n",
    }


def test_an_exception_is_told_in_the_same_line() -> None:
    stream = io.StringIO()
    with json_logs(stream):
        try:
            int("first\nsecond")
        except ValueError:
            logging.getLogger("a").exception("it failed")
    [line] = stream.getvalue().splitlines()
    logged = json.loads(line)
    assert logged["exception_name"] == "ValueError"
    assert "first" in logged["exception"]


def test_a_value_that_is_not_json_is_written_as_text() -> None:
    stream = io.StringIO()
    with json_logs(stream):
        logging.getLogger("a").warning("x", extra={"thing": {1, 2}})
    assert json.loads(stream.getvalue())["thing"] == "{1, 2}"


def test_a_reader_who_is_stuck_holds_up_nobody_and_what_was_dropped_is_counted() -> None:
    stream = Stuck()
    lines = LogLines(stream, max_lines=3)
    lines.write("first\n")
    assert stream.began.wait(30)
    for number in range(5):
        lines.write(f"{number}\n")
    stream.go.set()
    lines.close()
    written = stream.getvalue().splitlines()
    assert written[0] == "first"
    assert json.loads(written[1])["message"] == "log lines dropped: 2"
    assert written[2:] == ["2", "3", "4"]


def test_a_reader_who_is_gone_is_no_reason_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    stream.close()
    lines = LogLines(stream)
    lines.write("x\n")
    lines.close()
    assert not lines._thread.is_alive()


def test_a_thread_that_is_interrupted_while_it_takes_a_line_may_log_meanwhile() -> None:
    stream = io.StringIO()
    lines = LogLines(stream)

    def interrupted() -> None:
        with lines._lock:  # as the handler of a signal may find it
            lines.write("x\n")

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    lines.close()
    assert stream.getvalue() == "x\n"
