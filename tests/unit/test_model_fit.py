"""Whether a model takes what it is to be asked."""

import pytest

from promptpilot.domain.message import Attachment, Message, Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.domain.model_fit import fitted, problems_of
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.step_errors import ModelRejectedRequest

MODEL = "vendor/model"
PROFILE = ModelProfile(
    max_output_tokens=1000,
    max_temperature=1.0,
    settings=("temperature", "top_p", "max_tokens", "reasoning_effort", "reasoning_tokens"),
    reasoning_efforts=("none", "low", "high"),
    min_reasoning_tokens=100,
    max_reasoning_tokens=200,
    not_while_reasoning=("top_p",),
    one_of=("temperature", "top_p"),
)
UNLISTED = ModelProfile(settings=("temperature",), listed=False)
IMAGE = Attachment(blob="0" * 64, media_type="image/png")
TEXT = Attachment(blob="0" * 64, media_type="text/plain")


NOTHING_SET = Settings()


def asked(settings: Settings = NOTHING_SET, **more: object) -> ModelRequest:
    messages = (Message(role="user", content="Hi."),)
    return ModelRequest.model_validate(
        {"model": MODEL, "messages": messages, "settings": settings, **more}
    )


@pytest.mark.parametrize(
    ("settings", "field", "told"),
    [
        ({"seed": 0}, "seed", "takes no seed"),
        ({"stop": ["x"]}, "stop", "takes no stop"),
        ({"temperature": 1.1}, "temperature", "takes a temperature of 1 at most"),
        ({"max_tokens": 1001}, "max_tokens", "gives 1000 tokens at most"),
        (
            {"reasoning_effort": "medium"},
            "reasoning_effort",
            "takes a reasoning_effort of none, low or high",
        ),
        ({"reasoning_tokens": 99}, "reasoning_tokens", "takes reasoning_tokens from 100 to 200"),
        ({"reasoning_tokens": 201}, "reasoning_tokens", "takes reasoning_tokens from 100 to 200"),
        ({"top_p": 0.5, "reasoning_effort": "low"}, "top_p", "takes no top_p while it reasons"),
        ({"top_p": 0.5, "reasoning_tokens": 100}, "top_p", "takes no top_p while it reasons"),
        ({"top_p": 0.5, "temperature": 0}, "top_p", "takes temperature or top_p, not both"),
    ],
)
def test_a_setting_that_a_model_does_not_take_is_told_with_what_it_takes(
    settings: dict[str, object], field: str, told: str
) -> None:
    given = Settings.model_validate(settings)
    advice = "Leave it out, or set drop_unsupported."
    assert problems_of(MODEL, given, PROFILE) == (
        (f"/settings/{field}", f"{MODEL} {told}. {advice}"),
    )
    with pytest.raises(ModelRejectedRequest) as refused:
        fitted(asked(given), PROFILE)
    assert str(refused.value) == f"{MODEL} {told}."


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(temperature=1.0, max_tokens=1000, reasoning_effort="none"),
        Settings(top_p=0.5, reasoning_effort="none"),
        Settings(top_p=0.5, reasoning_tokens=0),
        Settings(reasoning_tokens=100),
        Settings(reasoning_tokens=200, drop_unsupported=True),
    ],
)
def test_what_a_model_takes_is_asked_as_it_is(settings: Settings) -> None:
    request = asked(settings)
    assert problems_of(MODEL, settings, PROFILE) == ()
    assert fitted(request, PROFILE) == (request, ())


def test_a_model_that_reasons_unasked_reasons() -> None:
    reasoning = PROFILE.model_copy(update={"reasons_unasked": True})
    assert problems_of(MODEL, Settings(top_p=0.5), reasoning)
    assert not problems_of(MODEL, Settings(top_p=0.5, reasoning_effort="none"), reasoning)


def test_all_that_is_wrong_is_told_at_once() -> None:
    settings = Settings(seed=1, stop=("x",), temperature=2.0)
    fields = [field for field, _ in problems_of(MODEL, settings, PROFILE)]
    assert fields == ["/settings/temperature", "/settings/stop", "/settings/seed"]
    with pytest.raises(ModelRejectedRequest, match="1 at most and takes no stop and takes no seed"):
        fitted(asked(settings), PROFILE)


def test_what_may_be_left_out_is_no_problem_and_left_out() -> None:
    settings = Settings(seed=1, stop=("x",), max_tokens=5, drop_unsupported=True)
    assert problems_of(MODEL, settings, PROFILE) == ()
    request, dropped = fitted(asked(settings), PROFILE)
    assert dropped == ("stop", "seed")
    assert request.settings == Settings(max_tokens=5, drop_unsupported=True)


def test_of_a_model_that_nobody_has_listed_nothing_is_refused() -> None:
    settings = Settings(seed=1)
    assert problems_of(MODEL, settings, UNLISTED, tools=True, attachments=[IMAGE]) == ()
    request = asked(settings, tools=[Tool(name="a")])
    assert fitted(request, UNLISTED) == (request, ())


def test_what_its_vendor_has_no_word_for_is_left_out_where_it_may_be() -> None:
    settings = Settings(seed=1, temperature=0.5, drop_unsupported=True)
    request, dropped = fitted(asked(settings), UNLISTED)
    assert dropped == ("seed",)
    assert request.settings.temperature == 0.5
    unknown = ModelProfile(listed=False)
    assert fitted(asked(settings), unknown) == (asked(settings), ())


@pytest.mark.parametrize(
    ("attached", "told"), [(IMAGE, "takes no images"), (TEXT, "takes no documents")]
)
def test_tools_and_attachments_are_never_left_out(attached: Attachment, told: str) -> None:
    settings = Settings(drop_unsupported=True)
    problems = problems_of(MODEL, settings, PROFILE, tools=True, attachments=[attached])
    assert problems == (
        ("/tools", f"{MODEL} takes no tools."),
        ("/attachments", f"{MODEL} {told}."),
    )
    message = Message(role="user", content="Look.", attachments=(attached,))
    request = asked(settings, messages=[message], tools=[Tool(name="a")])
    with pytest.raises(ModelRejectedRequest, match=f"^{MODEL} takes no tools and {told}\\.$"):
        fitted(request, PROFILE)


def test_a_model_that_takes_them_is_given_tools_and_attachments() -> None:
    able = PROFILE.model_copy(update={"tools": True, "inputs": ("text", "image", "document")})
    assert problems_of(MODEL, Settings(), able, tools=True, attachments=[IMAGE, TEXT]) == ()
