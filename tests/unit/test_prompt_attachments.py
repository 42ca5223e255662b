"""Files are put where messages attach them, and what a prompt is stays what it is."""

from typing import Any

import pytest

from promptpilot.domain.prompt import PromptContent
from promptpilot.domain.prompt_document import PromptDocument, PromptDraft, RenderRequest
from promptpilot.errors import VariablesInvalid
from promptpilot.services.prompts.contents import drafted_content
from promptpilot.services.prompts.render import render_prompt
from tests.fakes import MemoryTable
from tests.unit.attaching import IMAGE, MAYBE, PAPER, PHOTO, SLOT, document, say
from tests.unit.prompt_world import made, someone

OLD = {
    "name": "Old",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Sum up: {{notes}}"},
    ],
    "variables": ["notes", {"name": "limit", "type": "integer", "default": 3}],
    "output_schema": {"type": "object"},
    "model": "local/m",
    "settings": {"temperature": 0.2, "stop": ["END"]},
}


@pytest.mark.parametrize(
    ("written", "digest"),
    [
        (OLD, "5df2ce4e8fbf35cc8c100d00297987f913bbaf9e8c0b7f24bacab47061c74277"),
        (
            {**OLD, "messages": [say("Sum up: {{notes}}", IMAGE, PAPER)]},
            "ea8638273cbd281839ed00d39ca347bd0b4357ccad5dfbdbe50123fa7b523fa3",
        ),
        (
            {"name": "Old", "content": "Sum up: {{notes}}", "variables": ["notes"]},
            "1c0256e282624ef31857160821f38bda0a64c1593b1757e1159bd211990cb26e",
        ),
    ],
    ids=["messages", "attachments", "text"],
)
def test_the_digest_of_a_prompt_is_the_same_for_ever(written: Any, digest: str) -> None:
    content = drafted_content(PromptDraft.model_validate(written), PromptContent())
    assert content.content_digest() == digest


def rendered(document: PromptDocument, who: Any, table: MemoryTable, **variables: Any) -> Any:
    asked = RenderRequest(variables=variables)
    shown = render_prompt(who, document.id, asked, table=table)
    return [
        [each.model_dump(mode="json", exclude_none=True) for each in message.attachments]
        for message in shown.messages or ()
    ]


class TestRendering:
    def test_files_are_put_in_their_places_in_order(self) -> None:
        table, who = MemoryTable(), someone()
        prompt = made(who, table, **document(say("One.", IMAGE, SLOT), say("Two.", SLOT, PAPER)))
        shown = rendered(prompt, who, table, photo=PAPER)
        assert shown == [[IMAGE, PAPER], [PAPER, PAPER]]

    def test_what_the_api_says_of_a_file_is_a_value_as_it_is(self) -> None:
        table, who = MemoryTable(), someone()
        prompt = made(who, table, **document(say("Look.", SLOT)))
        assert rendered(prompt, who, table, photo={**IMAGE, "bytes": 12}) == [[IMAGE]]

    def test_an_optional_file_that_is_left_out_is_not_attached(self) -> None:
        table, who = MemoryTable(), someone()
        looks = "{% if photo %}Look.{% else %}Guess.{% endif %}"
        prompt = made(who, table, **document(say(looks, SLOT, PAPER), variables=[MAYBE]))
        assert rendered(prompt, who, table) == [[PAPER]]
        assert rendered(prompt, who, table, photo=None) == [[PAPER]]
        assert rendered(prompt, who, table, photo=IMAGE) == [[IMAGE, PAPER]]
        texts = [
            (render_prompt(who, prompt.id, asked, table=table).messages or ())[0].content
            for asked in (RenderRequest(), RenderRequest(variables={"photo": IMAGE}))
        ]
        assert texts == ["Guess.", "Look."]

    def test_a_default_is_attached_where_nothing_is_given(self) -> None:
        table, who = MemoryTable(), someone()
        prompt = made(
            who, table, **document(say("Look.", SLOT), variables=[PHOTO | {"default": IMAGE}])
        )
        assert rendered(prompt, who, table) == [[IMAGE]]

    @pytest.mark.parametrize(
        ("value", "word"),
        [
            ("photo.png", "POST /files"),
            ([IMAGE], "POST /files"),
            ({}, "blob"),
            ({"blob": "0" * 64}, "media_type"),
            ({**IMAGE, "blob": "0" * 63}, "blob"),
            ({**IMAGE, "blob": "../" * 21 + "x"}, "blob"),
            ({**IMAGE, "media_type": "text/html"}, "media_type"),
            ({**IMAGE, "name": ""}, "name"),
            ({**IMAGE, "url": "http://example.com"}, "url"),
        ],
    )
    def test_what_is_no_file_is_told(self, value: Any, word: str) -> None:
        table, who = MemoryTable(), someone()
        prompt = made(who, table, **document(say("Look.", SLOT)))
        with pytest.raises(VariablesInvalid) as error:
            rendered(prompt, who, table, photo=value)
        assert word in error.value.wrong["photo"]

    def test_a_file_that_is_needed_is_missed(self) -> None:
        table, who = MemoryTable(), someone()
        prompt = made(who, table, **document(say("Look.", SLOT)))
        with pytest.raises(VariablesInvalid) as error:
            rendered(prompt, who, table)
        assert error.value.missing == ("photo",)

    def test_an_object_that_looks_like_a_file_is_an_object(self) -> None:
        table, who = MemoryTable(), someone()
        data = {"name": "data", "type": "string"}
        prompt = made(who, table, content="{{data}}", variables=[data])
        with pytest.raises(VariablesInvalid) as error:
            render_prompt(who, prompt.id, RenderRequest(variables={"data": IMAGE}), table=table)
        assert error.value.wrong["data"] == "must be of the type string, not object"
