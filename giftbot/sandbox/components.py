"""Components as a client handles them: finding one on a message, choosing from it, filling it in."""

from __future__ import annotations

from giftbot.sandbox.forms import LABEL, TEXT_INPUT, walk
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.refused import DriverRefused


def find_component(message: Payload, which: str, kinds: frozenset[int] | set[int]) -> Payload:
    """Return the component with this label, placeholder or custom id.

    Raises:
        DriverRefused: There is none, or it is disabled.
    """
    found = [one for one in walk(message["components"]) if one["type"] in kinds]
    for one in found:
        if which in {one.get("custom_id"), one.get("label"), one.get("placeholder")}:
            if one.get("disabled"):
                msg = f"{which!r} is disabled"
                raise DriverRefused(msg)
            return one
    names = [one.get("label") or one.get("placeholder") or one.get("custom_id") for one in found]
    msg = f"{which!r} is not on the message, there are {names}"
    raise DriverRefused(msg)


def choose(menu: Payload, wanted: str) -> str:
    """Return the value of the option of a text menu with this label or value.

    Raises:
        DriverRefused: It is not offered.
    """
    for option in menu["options"]:
        if wanted in {option["value"], option["label"]}:
            return str(option["value"])
    msg = f"{wanted!r} is not offered, there are {[option['label'] for option in menu['options']]}"
    raise DriverRefused(msg)


def fill_in(row: Payload, left: dict[str, str]) -> Payload:
    """Return a row of a modal as a client submits it, taking its value out of `left`.

    Raises:
        DriverRefused: The value is missing, too short or too long.
    """
    labelled = row["type"] == LABEL
    field = row["component"] if labelled else row["components"][0]
    if field["type"] != TEXT_INPUT:
        msg = f"the driver fills in text inputs only, not components of type {field['type']}"
        raise DriverRefused(msg)
    label = row.get("label") if labelled else field.get("label")
    value = left.pop(field["custom_id"], None)
    value = value if value is not None else left.pop(str(label), field.get("value") or "")
    least = field.get("min_length") or (1 if field.get("required", True) else 0)
    if not (least if value or field.get("required", True) else 0) <= len(value) <= field.get("max_length", 4000):
        msg = f"{value!r} does not fit the field {field['custom_id']!r}"
        raise DriverRefused(msg)
    filled = {"type": TEXT_INPUT, "id": field["id"], "custom_id": field["custom_id"], "value": value}
    if labelled:
        return {"type": LABEL, "id": row["id"], "component": filled}
    return {"type": 1, "id": row["id"], "components": [filled]}
