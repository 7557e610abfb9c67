"""Answers by which Discord refuses a request, each with its documented JSON code.

Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from giftbot.sandbox.payload import Payload


class ApiError(Exception):
    """A request is refused with an HTTP status, a JSON code and a sentence."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        """Per field for invalid forms, else None."""

    def payload(self) -> Payload:
        """Return the JSON body of the answer."""
        body: Payload = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def unauthorized() -> ApiError:
    """The token is wrong."""
    return ApiError(401, 0, "401: Unauthorized")


def no_route() -> ApiError:
    """The path does not exist."""
    return ApiError(404, 0, "404: Not Found")


def unknown(what: str) -> ApiError:
    """A thing of this kind does not exist, as far as the bot may know."""
    codes = {
        "Application": 10002,
        "Channel": 10003,
        "Guild": 10004,
        "Invite": 10006,
        "Member": 10007,
        "Message": 10008,
        "Role": 10011,
        "User": 10013,
        "Webhook": 10015,
        "interaction": 10062,
        "application command": 10063,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def no_access() -> ApiError:
    """The bot does not see the channel."""
    return ApiError(403, 50001, "Missing Access")


def no_permission() -> ApiError:
    """The bot lacks a permission."""
    return ApiError(403, 50013, "Missing Permissions")


def not_the_author() -> ApiError:
    """Only its author may edit a message."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def no_direct_messages() -> ApiError:
    """The user takes no direct messages."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def empty_message() -> ApiError:
    """A message must show something."""
    return ApiError(400, 50006, "Cannot send an empty message")


def already_answered() -> ApiError:
    """An interaction takes one first answer."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def expired_token() -> ApiError:
    """The interaction's token has outlived its 15 minutes."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """A field, given as a dotted path, breaks a rule of Discord's."""
    errors: Payload = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)
