"""What every vendor's adapter promises when the vendor fails."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest

from promptpilot.clock import now
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)
from tests.contract.dialects.dialect import Failure, Said
from tests.contract.wire_rig import LONG, Gate, WireRig, in_use, loop_clock
from tests.scripted_openai import hangs, hangs_up, replies

FAILURES: dict[Failure, type[ModelError]] = {
    "rate_limited": ModelRateLimited,
    "overloaded": ModelOverloaded,
    "server_error": ModelUnavailable,
    "wrong_key": ModelAuthFailed,
    "no_such_model": ModelUnknown,
    "context_too_long": ContextTooLong,
    "bad_request": ModelRejectedRequest,
}
TEXT = "One two three four."


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_is_an_error_of_ours_that_quotes_nobody(
    rig: WireRig, failure: Failure
) -> None:
    status, body = rig.dialect.failure(failure)
    rig.server.behave = replies(status, body)
    error = await rig.fails(FAILURES[failure])
    assert str(status) in error.reason
    assert getattr(error, "retry_after", None) is None
    if isinstance(error, ModelUnknown):
        assert error.model == rig.dialect.model
    assert len(rig.server.received) == 1, "the call was repeated"


@pytest.mark.parametrize("failure", ["rate_limited", "overloaded"])
@pytest.mark.parametrize(("header", "seconds"), [("17", 17.0), ("0.5", 0.5), ("soon", None)])
async def test_how_long_to_wait_is_told(
    rig: WireRig, failure: Failure, header: str, seconds: float | None
) -> None:
    rig.server.behave = replies(*rig.dialect.failure(failure), headers={"Retry-After": header})
    error = await rig.fails(FAILURES[failure])
    assert isinstance(error, ModelRateLimited | ModelOverloaded)
    assert error.retry_after == seconds


async def test_a_date_to_wait_for_is_told_in_seconds(rig: WireRig) -> None:
    date = format_datetime(now() + timedelta(seconds=3600), usegmt=True)
    rig.server.behave = replies(*rig.dialect.failure("rate_limited"), headers={"Retry-After": date})
    error = await rig.fails(ModelRateLimited)
    assert isinstance(error, ModelRateLimited)
    assert error.retry_after is not None
    assert 3500 < error.retry_after <= 3600


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ModelRateLimited),
        (503, ModelOverloaded),
        (529, ModelOverloaded),
        (502, ModelUnavailable),
    ],
)
async def test_a_gateway_that_speaks_html_is_understood_by_its_status(
    rig: WireRig, status: int, kind: type[ModelError]
) -> None:
    rig.server.behave = replies(status, b"<html>XYZZY</html>", "text/html")
    assert str(status) in (await rig.fails(kind)).reason


async def test_an_answer_that_is_no_json_is_none(rig: WireRig) -> None:
    rig.server.behave = replies(200, b"<html>XYZZY</html>", "text/html")
    assert "not JSON" in (await rig.fails(ModelUnavailable)).reason


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'"XYZZY"', b'{"XYZZY": [', b"\xff{}"])
async def test_a_body_that_is_no_answer_is_none(rig: WireRig, body: bytes) -> None:
    rig.server.behave = replies(200, body)
    await rig.fails(ModelUnavailable)


async def test_half_an_answer_is_none(whole: WireRig) -> None:
    body = whole.dialect.whole(Said(text=TEXT))
    whole.server.behave = replies(200, body[: len(body) // 2])
    assert "broken JSON" in (await whole.fails(ModelUnavailable)).reason


async def test_a_connection_that_is_closed_without_a_word_is_a_failure(rig: WireRig) -> None:
    rig.server.behave = hangs_up
    await rig.fails(ModelUnavailable)


@pytest.mark.parametrize("count", [0, 1, -2, -1], ids=["none", "first", "most", "all but last"])
@pytest.mark.parametrize("end", [True, False], ids=["ended", "cut off"])
async def test_a_stream_that_lacks_its_end_is_a_failure(
    streaming: WireRig, count: int, end: bool
) -> None:
    frames = streaming.dialect.streamed(Said(text=TEXT), ("One ", "two ", "three ", "four."))
    streaming.server.behave = streaming.streams(*frames[:count], end=end)
    await streaming.fails(ModelUnavailable)


async def test_a_stream_that_breaks_off_within_a_frame_is_a_failure(streaming: WireRig) -> None:
    frames = b"".join(streaming.dialect.streamed(Said(text=TEXT), ("One ", "two three four.")))
    streaming.server.behave = streaming.streams(frames[: len(frames) // 2])
    await streaming.fails(ModelUnavailable)


async def test_a_stream_of_nonsense_is_a_failure(streaming: WireRig) -> None:
    first = streaming.dialect.streamed(Said(text=TEXT), (TEXT,))[0]
    streaming.server.behave = streaming.streams(first, b"data: {XYZZY\n\n")
    await streaming.fails(ModelUnavailable)


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("failure", ["rate_limited", "overloaded", "server_error"])
async def test_a_stream_that_breaks_off_with_an_error_is_that_error(
    streaming: WireRig, failure: Failure, begun: bool
) -> None:
    frames = streaming.dialect.streamed(Said(text=TEXT), ("One ", "two three four."))
    told = streaming.dialect.stream_failure(failure)
    streaming.server.behave = streaming.streams(*(frames[:-1] if begun else ()), told)
    await streaming.fails(FAILURES[failure])
    assert "".join(streaming.told) == (TEXT if begun else "")


async def test_a_model_that_hangs_is_given_up_after_the_timeout(
    rig: WireRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.server.behave = hangs
    with loop_clock(monkeypatch) as clock:
        call = asyncio.create_task(rig.fails(ModelTimeout, rig.request(timeout=500)))
        await asyncio.wait_for(rig.server.arrived.wait(), LONG)
        await clock.let_pass(29)
        assert not call.done()
        await clock.let_pass(472)
        assert "500 seconds" in (await call).reason
    await asyncio.wait_for(rig.server.received[0].disconnected.wait(), LONG)


@pytest.mark.parametrize("with_head", [True, False])
async def test_a_stream_that_does_not_begin_is_given_up_early(
    streaming: WireRig, monkeypatch: pytest.MonkeyPatch, with_head: bool
) -> None:
    gate = Gate(b"", content_type=streaming.dialect.stream_type)
    streaming.server.behave = gate.first_frames if with_head else hangs
    request = streaming.request(timeout=500, first_token_timeout=20)
    with loop_clock(monkeypatch) as clock:
        call = asyncio.create_task(streaming.fails(ModelTimeout, request))
        await asyncio.wait_for(streaming.server.arrived.wait(), LONG)
        await clock.let_pass(21)
        assert "20 seconds" in (await call).reason


async def test_a_stream_that_has_begun_may_take_its_time(
    streaming: WireRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = streaming.dialect.streamed(Said(text=TEXT), ("One ", "two three four."))
    gate = Gate(*frames, content_type=streaming.dialect.stream_type)
    streaming.server.behave = gate.first_frames
    request = streaming.request(timeout=500, first_token_timeout=20)
    come = asyncio.Event()
    with loop_clock(monkeypatch) as clock:
        call = asyncio.create_task(streaming.client.complete(request, on_text=lambda _: come.set()))
        await asyncio.wait_for(come.wait(), LONG)
        await clock.let_pass(400)
        assert not call.done()
        gate.go_on.set()
        assert (await call).text == TEXT


async def test_cancelling_a_call_closes_its_connection(rig: WireRig) -> None:
    rig.server.behave = hangs
    call = asyncio.create_task(rig.ask())
    await asyncio.wait_for(rig.server.arrived.wait(), LONG)
    assert in_use(rig.client) == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert in_use(rig.client) == 0
    await asyncio.wait_for(rig.server.received[0].disconnected.wait(), LONG)
    rig.says(Said())
    assert (await rig.ask()).text == "Hello."


async def test_no_connection_is_kept_out_of_the_pool_by_a_failure(rig: WireRig) -> None:
    frames = rig.dialect.streamed(Said(text=TEXT), ("One ", "two three four."))
    behaviours = [
        *(replies(*rig.dialect.failure(each)) for each in FAILURES),
        replies(200, b"{"),
        replies(200, b"<html>", "text/html"),
        hangs_up,
        rig.streams(*frames[:-1]),
        rig.streams(*frames[:-1], end=False),
        rig.streams(*frames[:-1], rig.dialect.stream_failure("overloaded")),
        rig.answer(Said(refused=True), ()),
    ]
    for behaviour in behaviours * 2:
        rig.server.behave = behaviour
        with pytest.raises(ModelError):
            await asyncio.wait_for(rig.ask(), LONG)
    rig.says(Said())
    assert (await rig.ask()).text == "Hello."
    assert in_use(rig.client) == 0
