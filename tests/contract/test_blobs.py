"""The `Blobs` port."""

import hashlib

import pytest

from promptpilot.errors import Invalid, NotFound
from promptpilot.ports.blobs import Blobs
from tests.contract.threads import in_threads

ABSENT = hashlib.sha256(b"absent").hexdigest()

NOT_WELL_FORMED = [
    ("..", ABSENT),
    ("", ABSENT),
    ("ws/../other", ABSENT),
    ("/etc", ABSENT),
    ("ws\n", ABSENT),
    ("ws", "../../secret"),
    ("ws", ""),
    ("ws", ABSENT.upper()),
    ("ws", ABSENT[:-1]),
    ("ws", ABSENT + "\n"),
    ("ws", f"{ABSENT}/.."),
]


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000, "Grüße".encode()])
def test_a_value_comes_back_as_it_was_stored(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put("ws_1", data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert blobs.get("ws_1", digest) == data


def test_the_same_value_can_be_stored_again(blobs: Blobs) -> None:
    digests = {blobs.put("ws_1", b"same") for _ in range(3)}
    assert len(digests) == 1
    assert blobs.get("ws_1", digests.pop()) == b"same"


def test_many_can_store_the_same_value_at_once(blobs: Blobs) -> None:
    data = b"same" * 10_000
    in_threads(8, lambda _: blobs.put("ws_1", data) and None)
    assert blobs.get("ws_1", hashlib.sha256(data).hexdigest()) == data


def test_a_value_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound) as missing:
        blobs.get("ws_1", ABSENT)
    assert missing.value.id == ABSENT


def test_a_value_of_another_workspace_is_not_found(blobs: Blobs) -> None:
    digest = blobs.put("ws_1", b"mine")
    with pytest.raises(NotFound):
        blobs.get("ws_2", digest)
    blobs.delete("ws_2", digest)
    assert blobs.get("ws_1", digest) == b"mine"


def test_a_deleted_value_is_gone_and_can_be_stored_again(blobs: Blobs) -> None:
    digest = blobs.put("ws_1", b"short-lived")
    blobs.put("ws_2", b"short-lived")
    blobs.delete("ws_1", digest)
    with pytest.raises(NotFound):
        blobs.get("ws_1", digest)
    assert blobs.get("ws_2", digest) == b"short-lived"
    blobs.put("ws_1", b"short-lived")
    assert blobs.get("ws_1", digest) == b"short-lived"


def test_deleting_what_is_not_there_is_fine(blobs: Blobs) -> None:
    blobs.delete("ws_1", ABSENT)


@pytest.mark.parametrize(("workspace", "digest"), NOT_WELL_FORMED)
def test_a_name_that_is_not_well_formed_is_refused(
    blobs: Blobs, workspace: str, digest: str
) -> None:
    with pytest.raises(Invalid):
        blobs.get(workspace, digest)
    with pytest.raises(Invalid):
        blobs.delete(workspace, digest)


@pytest.mark.parametrize("workspace", ["..", "", "a/b", ".incoming", "ws "])
def test_nothing_is_stored_for_a_workspace_that_is_not_well_formed(
    blobs: Blobs, workspace: str
) -> None:
    with pytest.raises(Invalid):
        blobs.put(workspace, b"data")
