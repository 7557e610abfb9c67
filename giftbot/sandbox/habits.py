"""What Discord does but does not document, as switches: nothing may depend on one particular answer."""

from __future__ import annotations

import enum

import attrs


class DeleteNotice(enum.Enum):
    """When INVITE_DELETE of an invite comes whose last use was just taken."""

    BEFORE = "before the join"
    AFTER = "after the join"
    NEVER = "never"


@attrs.define
class Habits:
    """How Discord behaves at present; change the fields to see the other ways."""

    roles_come_late: bool = False
    """Roles of an invite are not in GUILD_MEMBER_ADD but in a GUILD_MEMBER_UPDATE after it."""

    delete_notice: DeleteNotice = DeleteNotice.AFTER
    members_count: bool = True
    """Somebody who is a member already and accepts an invite raises its uses."""

    guests_count: bool = True
    """A guest raises the uses."""

    deletions_show_uses: bool = True
    """The audit log's entry of a deleted invite has its last uses."""
