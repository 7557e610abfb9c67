"""The modals in which people type players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import hikari
from hikari.impl import MessageActionRowBuilder, ModalActionRowBuilder

from giftbot.models.ids import PlayerId
from giftbot.models.player import parse_kingdom, parse_player_id
from giftbot.text import players as player_texts
from giftbot.text import rosters as roster_texts

ROUTE_REGISTER = "register"
"""A button that opens the form."""
ROUTE_REGISTERED = "registered"
"""The form that was sent."""
ROUTE_IMPORTED = "imported"
_ID, _KINGDOM, _ROSTER = "id", "kingdom", "roster"


def register_button(reference: str) -> Sequence[MessageActionRowBuilder]:
    """Opens the form for the codes of the message with this reference."""
    row = MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.PRIMARY, f"{ROUTE_REGISTER}:{reference}", label=player_texts.BUTTON_REGISTER
    )
    return [row]


def register_form() -> Sequence[ModalActionRowBuilder]:
    """Asks for id and kingdom."""
    return [
        ModalActionRowBuilder().add_text_input(
            _ID, player_texts.FIELD_ID, placeholder=player_texts.FIELD_ID_HINT, min_length=1, max_length=40
        ),
        ModalActionRowBuilder().add_text_input(
            _KINGDOM,
            player_texts.FIELD_KINGDOM,
            placeholder=player_texts.FIELD_KINGDOM_HINT,
            required=False,
            max_length=10,
        ),
    ]


def read_register_form(fields: Mapping[str, str]) -> tuple[PlayerId, int | None]:
    """Id and kingdom as they were typed. Raises `InvalidInputError`."""
    kingdom = fields.get(_KINGDOM, "").strip()
    return parse_player_id(fields.get(_ID, "")), parse_kingdom(kingdom) if kingdom else None


def roster_form() -> Sequence[ModalActionRowBuilder]:
    """Asks for many players, a line each."""
    return [
        ModalActionRowBuilder().add_text_input(
            _ROSTER,
            roster_texts.FIELD_ROSTER,
            style=hikari.TextInputStyle.PARAGRAPH,
            placeholder=roster_texts.FIELD_ROSTER_HINT,
            min_length=1,
        )
    ]


def read_roster_form(fields: Mapping[str, str]) -> str:
    """The lines as they were typed."""
    return fields.get(_ROSTER, "")
