"""Routes by which the bot answers interactions; they need no token but the interaction's."""

from __future__ import annotations

from giftbot.sandbox import refusals
from giftbot.sandbox.interactions import Interaction
from giftbot.sandbox.messages import EPHEMERAL, LOADING
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.routing import Call, Reply, Route


def create_response(call: Call) -> Reply:
    """Take the first answer to an interaction."""
    desk = call.world.interactions
    interaction = desk.respond(call.id("interaction_id"), call.params["interaction_token"], call.form())
    if call.query.get("with_response") != "true":
        return 204, None
    shape: Payload = {"interaction": {"id": str(interaction.id), "type": interaction.kind}}
    if interaction.original is not None:
        flags = interaction.original["flags"]
        shape["interaction"].update(
            response_message_id=interaction.original["id"],
            response_message_loading=bool(flags & LOADING),
            response_message_ephemeral=bool(flags & EPHEMERAL),
        )
        shape["resource"] = {"type": interaction.answer, "message": interaction.original}
    return 200, shape


def _interaction(call: Call) -> Interaction:
    return call.world.interactions.webhook(call.id("webhook_id"), call.params["webhook_token"])


def _message(call: Call, interaction: Interaction) -> Payload:
    """Return the original or a follow-up of an interaction, whichever the path names."""
    if "message_id" not in call.params:
        return call.world.interactions.original(interaction)
    message = call.world.store.get(call.id("message_id"))
    if message is not interaction.original and not any(message is one for one in interaction.followups):
        raise refusals.unknown("Message")
    return message


def create_follow_up(call: Call) -> Reply:
    """Post a further message."""
    interaction = _interaction(call)
    return 200, call.world.interactions.follow_up(interaction, call.form(), call.files)


def get_response(call: Call) -> Reply:
    """Return the original or a follow-up."""
    return 200, _message(call, _interaction(call))


def edit_response(call: Call) -> Reply:
    """Change the original or a follow-up."""
    interaction = _interaction(call)
    return 200, call.world.interactions.edit(interaction, _message(call, interaction), call.form())


def delete_response(call: Call) -> Reply:
    """Delete the original or a follow-up."""
    interaction = _interaction(call)
    call.world.interactions.delete(interaction, _message(call, interaction))
    return 204, None


_HOOK = "/webhooks/{webhook_id}/{webhook_token}"

ROUTES: tuple[Route, ...] = (
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", create_response),
    ("POST", _HOOK, create_follow_up),
    ("GET", f"{_HOOK}/messages/@original", get_response),
    ("PATCH", f"{_HOOK}/messages/@original", edit_response),
    ("DELETE", f"{_HOOK}/messages/@original", delete_response),
    ("GET", f"{_HOOK}/messages/{{message_id}}", get_response),
    ("PATCH", f"{_HOOK}/messages/{{message_id}}", edit_response),
    ("DELETE", f"{_HOOK}/messages/{{message_id}}", delete_response),
)
