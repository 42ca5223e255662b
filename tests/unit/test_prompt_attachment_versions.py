"""What is attached is part of what versions differ in."""

from promptpilot.domain.prompt_diff import diff_versions_of
from promptpilot.domain.semver import Bump
from promptpilot.domain.version_rules import changes_between
from tests.unit.attaching import IMAGE, MAYBE, PAPER, SLOT, document, say
from tests.unit.prompt_world import version


class TestVersions:
    def test_attachments_that_change_are_a_patch_that_says_so(self) -> None:
        old = version(**document(say("Look.", IMAGE), variables=[MAYBE]))
        new = version(**document(say("Look.", IMAGE, SLOT), variables=[MAYBE]))
        [change] = changes_between(old, new)
        assert (change.bump, change.reason) == (Bump.PATCH, "The attachments were changed.")
        assert changes_between(new, new) == ()

    def test_a_text_that_changes_says_nothing_of_attachments(self) -> None:
        old = version(**document(say("Look.", SLOT)))
        new = version(**document(say("See.", SLOT)))
        assert [each.reason for each in changes_between(old, new)] == ["The text was changed."]

    def test_a_difference_shows_what_is_attached_where_that_differs(self) -> None:
        old = version(**document(say("Look.", IMAGE), say("So?", SLOT)))
        new = version(**document(say("Look.", SLOT, IMAGE), say("So?", SLOT), say("And?", PAPER)))
        shown = diff_versions_of(old, new).model_dump(mode="json", exclude_none=True)
        assert [each.get("attachments") for each in shown["messages"]] == [
            {"before": [IMAGE], "after": [SLOT, IMAGE]},
            None,
            {"before": [], "after": [PAPER]},
        ]
        assert "attachments" not in diff_versions_of(old, old).model_dump()["messages"][0]
