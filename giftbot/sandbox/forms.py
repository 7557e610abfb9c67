"""Discord's rules for the form of a message: lengths, counts, unique ids.

Source: https://docs.discord.com/developers/resources/message and /components/reference
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from giftbot.sandbox import refusals
from giftbot.sandbox.payload import Payload

COMPONENTS_V2 = 1 << 15
ACTION_ROW, BUTTON, TEXT_INPUT, TEXT_DISPLAY, LABEL = 1, 2, 4, 10, 18
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6

_EMBED_LENGTHS = (("title", 256), ("description", 4096))
_TOTAL_EMBED_LENGTH = 6000


def check_message(form: Payload, *, partial: bool = False, attachments: int = 0) -> None:
    """Check a message; `partial` is for edits and deferrals, which may lack everything.

    Components without an id get one, as Discord does.

    Raises:
        ApiError: A rule is broken (50035), or the message is empty (50006).
    """
    content = form.get("content") or ""
    embeds = form.get("embeds") or []
    components = form.get("components") or []
    _limit("content", len(content), 2000)
    nonce = form.get("nonce")
    if isinstance(nonce, str):
        _limit("nonce", len(nonce), 25)
    if embeds:
        _check_embeds(embeds)
    if components:
        _check_components(components, v2=bool((form.get("flags") or 0) & COMPONENTS_V2), partial=partial)
    nothing = not (content or embeds or components or attachments or form.get("attachments"))
    if nothing and not partial and not form.get("sticker_ids") and not form.get("poll"):
        raise refusals.empty_message()


def check_modal(form: Payload) -> None:
    """Check a modal: title, custom ids, one text input a row.

    Raises:
        ApiError: A rule is broken (50035).
    """
    _between("data.title", len(form.get("title") or ""), 1, 45)
    _between("data.custom_id", len(form.get("custom_id") or ""), 1, 100)
    rows = form.get("components") or []
    _between("data.components", len(rows), 1, 5)
    seen: set[str] = set()
    for index, row in enumerate(rows):
        inner = [row["component"]] if row["type"] == LABEL else row.get("components") or []
        if row["type"] in {LABEL, ACTION_ROW} and len(inner) != 1:
            raise _invalid(f"data.components.{index}", "BASE_TYPE_BAD_LENGTH", "Must be 1 in length.")
        for component in inner:
            _check_custom_id(f"data.components.{index}", component, seen)
            if component["type"] == TEXT_INPUT and row["type"] == ACTION_ROW:
                _between(f"data.components.{index}.label", len(component.get("label") or ""), 1, 45)
    _number(rows)


def walk(components: list[Payload]) -> Iterator[Payload]:
    """Yield every component, at any depth."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for name in ("accessory", "component"):
            if component.get(name):
                yield from walk([component[name]])


def _check_embeds(embeds: list[Payload]) -> None:
    _limit("embeds", len(embeds), 10)
    total = 0
    for index, embed in enumerate(embeds):
        path = f"embeds.{index}"
        embed.setdefault("type", "rich")
        total += _embed_length(path, embed)
        fields = embed.get("fields") or []
        _limit(f"{path}.fields", len(fields), 25)
        for number, field in enumerate(fields):
            _between(f"{path}.fields.{number}.name", len(field.get("name") or ""), 1, 256)
            _between(f"{path}.fields.{number}.value", len(field.get("value") or ""), 1, 1024)
            total += len(field["name"]) + len(field["value"])
    if total > _TOTAL_EMBED_LENGTH:
        raise _invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _embed_length(path: str, embed: Payload) -> int:
    footer = (embed.get("footer") or {}).get("text") or ""
    author = (embed.get("author") or {}).get("name") or ""
    _limit(f"{path}.footer.text", len(footer), 2048)
    _limit(f"{path}.author.name", len(author), 256)
    length = len(footer) + len(author)
    for name, maximum in _EMBED_LENGTHS:
        text = embed.get(name) or ""
        _limit(f"{path}.{name}", len(text), maximum)
        length += len(text)
    return length


def _check_components(components: list[Payload], *, v2: bool, partial: bool) -> None:
    everything = list(walk(components))
    if v2:
        _limit("components", len(everything), 40)
    else:
        _limit("components", len(components), 5)
        for index, row in enumerate(components):
            if row.get("type") != ACTION_ROW and not partial:
                raise _invalid(f"components.{index}.type", "BASE_TYPE_CHOICES", "Value must be one of (1,).")
    seen: set[str] = set()
    for index, component in enumerate(everything):
        path = f"components.{index}"
        if component["type"] == ACTION_ROW:
            _check_row(path, component.get("components") or [])
        elif component["type"] == BUTTON:
            _check_button(path, component, seen)
        elif component["type"] in SELECTS:
            _check_custom_id(path, component, seen)
            _check_select(path, component)
    _number(components)


def _check_row(path: str, inner: list[Payload]) -> None:
    _between(f"{path}.components", len(inner), 1, 5)
    if len(inner) > 1 and any(one["type"] in SELECTS for one in inner):
        raise _invalid(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The layout width was exceeded.")


def _check_button(path: str, button: Payload, seen: set[str]) -> None:
    _limit(f"{path}.label", len(button.get("label") or ""), 80)
    if button.get("style") == LINK:
        if not button.get("url") or button.get("custom_id"):
            raise _invalid(f"{path}.url", "BUTTON_COMPONENT_INVALID_STYLE", "A link button needs a url only")
    elif button.get("style") != PREMIUM:
        if not button.get("label") and not button.get("emoji"):
            raise _invalid(path, "BUTTON_COMPONENT_EMPTY", "A button must have a label or an emoji")
        _check_custom_id(path, button, seen)


def _check_select(path: str, select: Payload) -> None:
    _limit(f"{path}.placeholder", len(select.get("placeholder") or ""), 150)
    if select["type"] != 3:
        return
    options = select.get("options") or []
    _between(f"{path}.options", len(options), 1, 25)
    values = [option.get("value") for option in options]
    if len(set(values)) != len(values):
        raise _invalid(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Values must be unique")
    for number, option in enumerate(options):
        _between(f"{path}.options.{number}.label", len(option.get("label") or ""), 1, 100)
        _between(f"{path}.options.{number}.value", len(option.get("value") or ""), 1, 100)
        _limit(f"{path}.options.{number}.description", len(option.get("description") or ""), 100)


def _check_custom_id(path: str, component: Payload, seen: set[str]) -> None:
    custom_id = component.get("custom_id") or ""
    _between(f"{path}.custom_id", len(custom_id), 1, 100)
    if custom_id in seen:
        raise _invalid(
            f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


def _number(components: list[Payload]) -> None:
    taken = {one["id"] for one in walk(components) if one.get("id")}
    free = (number for number in count(1) if number not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)


def _limit(path: str, length: int, maximum: int) -> None:
    if length > maximum:
        raise _invalid(path, "BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")


def _between(path: str, length: int, minimum: int, maximum: int) -> None:
    if not minimum <= length <= maximum:
        raise _invalid(
            path, "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length (is {length})."
        )


def _invalid(path: str, code: str, message: str) -> refusals.ApiError:
    return refusals.invalid_form(path, code, message)
