"""Whether a model takes what it is to be asked, by its profile."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.domain.model_profile import Input, ModelProfile
from promptpilot.domain.prompt_message import AttachmentSlot, FileVariable
from promptpilot.step_errors import ModelRejectedRequest

NOT_SENT = frozenset({"drop_unsupported"})
_DEFAULTS = {
    name: field.default for name, field in Settings.model_fields.items() if name not in NOT_SENT
}
"""Of the settings that are sent, in order."""
ADVICE = "Leave it out, or set drop_unsupported."


class Misfit(NamedTuple):
    """What is asked of a model that it does not take: where (a JSON pointer from whatever has the
    settings), and what the model takes, as the end of a sentence about it.
    """

    field: str
    takes: str


def problems_of(
    model: str,
    settings: Settings,
    profile: ModelProfile,
    *,
    tools: bool = False,
    attachments: Iterable[AttachmentSlot] = (),
) -> tuple[tuple[str, str], ...]:
    """What would certainly be refused if `model`, with that profile, were asked: the field of each
    as a JSON pointer (`/settings/seed`, `/tools`, `/attachments`), and why, in words.

    Nothing of a model that nobody has listed; no setting where they may be left out.
    """
    if not profile.listed:
        return ()
    found = [Misfit(f"/{each.field}", each.takes) for each in _misfits(tools, attachments, profile)]
    problems = [(each.field, f"{model} {each.takes}.") for each in found]
    if not settings.drop_unsupported:
        problems += [
            (f"/settings/{each.field}", f"{model} {each.takes}. {ADVICE}")
            for each in _unfit(settings, profile)
        ]
    return tuple(problems)


def fitted(request: ModelRequest, profile: ModelProfile) -> tuple[ModelRequest, tuple[str, ...]]:
    """The request without the settings that its model does not take, and the names of those.

    Raises `ModelRejectedRequest` where they may not be left out (`drop_unsupported`), and for
    tools or attachments that it does not take. A model that nobody has listed is asked everything
    that need not be left out: it may well take it.
    """
    settings = request.settings
    may_drop = settings.drop_unsupported
    if not profile.listed and not (may_drop and profile.settings):
        return request, ()
    if profile.listed:
        _refuse(request.model, list(_misfits(bool(request.tools), request.attachments, profile)))
    unfit = list(_unfit(settings, profile))
    if unfit and not may_drop:
        _refuse(request.model, unfit)
    if not unfit:
        return request, ()
    names = tuple(dict.fromkeys(each.field for each in unfit))
    left = settings.model_copy(update={name: _DEFAULTS[name] for name in names})
    return request.model_copy(update={"settings": left}), names


def _refuse(model: str, unfit: list[Misfit]) -> None:
    if unfit:
        told = " and ".join(each.takes for each in unfit)
        raise ModelRejectedRequest(reason=f"{model} {told}.")


def _unfit(settings: Settings, profile: ModelProfile) -> Iterator[Misfit]:
    """The settings that are set and that the model does not take, in order, each once."""
    if not settings.model_fields_set:
        return
    alone: str | None = None
    for name, default in _DEFAULTS.items():
        if getattr(settings, name) == default:
            continue
        takes = _taken_instead(name, settings, profile)
        if takes is None and name in profile.one_of and alone is not None:
            takes = f"takes {alone} or {name}, not both"
        if takes is not None:
            yield Misfit(name, takes)
        elif name in profile.one_of:
            alone = name


def _taken_instead(name: str, settings: Settings, profile: ModelProfile) -> str | None:
    """What the model takes where it does not take the setting as it is."""
    if name not in profile.settings:
        return f"takes no {name}"
    if name in profile.not_while_reasoning and _reasons(settings, profile):
        return f"takes no {name} while it reasons"
    return _limit(name, settings, profile)


def _reasons(settings: Settings, profile: ModelProfile) -> bool:
    """Whether a model that is asked with these settings reasons."""
    effort, tokens = settings.reasoning_effort, settings.reasoning_tokens
    if effort is None and tokens is None:
        return profile.reasons_unasked
    return effort not in (None, "none") or bool(tokens)


def _limit(name: str, settings: Settings, profile: ModelProfile) -> str | None:
    """What values of the setting the model takes, where this one is none of them."""
    value = getattr(settings, name)
    if name == "temperature" and value > profile.max_temperature:
        return f"takes a temperature of {profile.max_temperature:g} at most"
    if name == "max_tokens" and value > (profile.max_output_tokens or value):
        return f"gives {profile.max_output_tokens} tokens at most"
    if name == "reasoning_effort" and value not in profile.reasoning_efforts:
        return f"takes a reasoning_effort of {_listed(profile.reasoning_efforts)}"
    if name == "reasoning_tokens" and not _takes_tokens(value, profile):
        least, most = profile.min_reasoning_tokens or 0, profile.max_reasoning_tokens
        return f"takes reasoning_tokens from {least}" + ("" if most is None else f" to {most}")
    return None


def _takes_tokens(tokens: int, profile: ModelProfile) -> bool:
    if tokens == 0 and "none" in profile.reasoning_efforts:
        return True
    most = tokens if profile.max_reasoning_tokens is None else profile.max_reasoning_tokens
    return (profile.min_reasoning_tokens or 0) <= tokens <= most


def _listed(names: Iterable[str]) -> str:
    *firsts, last = names
    return f"{', '.join(firsts)} or {last}" if firsts else last


def _misfits(
    tools: bool, attachments: Iterable[AttachmentSlot], profile: ModelProfile
) -> Iterator[Misfit]:
    """What of a request other than its settings the model does not take."""
    if tools and not profile.tools:
        yield Misfit("tools", "takes no tools")
    kinds: list[tuple[Input, str]] = [("image", "images"), ("document", "documents")]
    slots = tuple(attachments)
    files = [each for each in slots if not isinstance(each, FileVariable)]
    attached = {"image" if each.is_image else "document" for each in files}
    for kind, named in kinds:
        if kind in attached and kind not in profile.inputs:
            yield Misfit("attachments", f"takes no {named}")
    if len(files) < len(slots) and not any(kind in profile.inputs for kind, _ in kinds):
        yield Misfit("attachments", "takes neither images nor documents")
