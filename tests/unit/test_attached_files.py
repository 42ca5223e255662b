"""Files are read out of the workspace before a model is asked, within limits."""

import re

import pytest

from promptpilot.domain.message import Attachment, Message
from promptpilot.domain.model import ModelRequest
from promptpilot.services.asking.attachments import (
    MAX_ATTACHED,
    MAX_ATTACHED_BYTES,
    load_attachments,
)
from promptpilot.services.asking.question import Question
from promptpilot.step_errors import StepInvalid
from tests.unit.world import MemoryBlobs

PNG = b"\x89PNG\r\n\x1a\n"
OURS, THEIRS = "ws_ours", "ws_theirs"


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


def question(*messages: tuple[Attachment, ...]) -> Question:
    turns = tuple(Message(role="user", content="Look.", attachments=each) for each in messages)
    return Question(OURS, ModelRequest(model="fake/m", messages=turns))


def kept(blobs: MemoryBlobs, data: bytes, workspace: str = OURS, **fields: str) -> Attachment:
    blob = blobs.put(workspace, data)
    return Attachment.model_validate({"blob": blob, "media_type": "image/png", **fields})


def refused(asked: Question, blobs: MemoryBlobs, words: str) -> None:
    with pytest.raises(StepInvalid, match=re.escape(words)):
        load_attachments(asked, blobs=blobs)


def test_each_file_is_there_once_by_its_digest(blobs: MemoryBlobs) -> None:
    one, two = kept(blobs, PNG + b"1"), kept(blobs, b"two", media_type="text/plain")
    loaded = load_attachments(question((one, two), (one,)), blobs=blobs)
    assert loaded == {one.blob: PNG + b"1", two.blob: b"two"}


def test_a_file_that_is_not_there_is_named(blobs: MemoryBlobs) -> None:
    missing = Attachment(blob="0" * 64, media_type="image/png")
    refused(question((missing,)), blobs, f"{'0' * 64!r} that is attached to a message is not in")
    named = missing.model_copy(update={"name": "board.png"})
    refused(question((named,)), blobs, "The file 'board.png' that is attached")


def test_a_file_of_another_workspace_is_not_there(blobs: MemoryBlobs) -> None:
    refused(question((kept(blobs, PNG, THEIRS),)), blobs, "is not in the workspace")


def test_a_file_must_be_what_it_is_said_to_be(blobs: MemoryBlobs) -> None:
    one = kept(blobs, b"%PDF-1.7")
    refused(question((one,)), blobs, "is not the image/png that it is said to be")
    right = one.model_copy(update={"media_type": "application/pdf"})
    refused(question((right,), (one,)), blobs, "is not the image/png that it is said to be")


def test_a_request_has_a_bounded_number_of_files(blobs: MemoryBlobs) -> None:
    one = kept(blobs, PNG)
    full = [(one,) * 10] * (MAX_ATTACHED // 10)
    assert len(load_attachments(question(*full), blobs=blobs)) == 1
    refused(question(*full, (one,)), blobs, f"and this one has {MAX_ATTACHED + 1}")


def test_a_request_has_a_bounded_size_of_files(blobs: MemoryBlobs) -> None:
    half = kept(blobs, PNG.ljust(MAX_ATTACHED_BYTES // 2, b"0"))
    small = kept(blobs, PNG)
    assert load_attachments(question((half, half)), blobs=blobs)
    refused(question((half, small), (half,)), blobs, f"may have {MAX_ATTACHED_BYTES} bytes")
