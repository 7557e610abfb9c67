"""Figures over everything in MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import pymongo
from bson import Int64
from pymongo import DeleteOne, ReplaceOne

from giftbot.models.announcement import Announcement, Origin
from giftbot.models.figures import DailyFigure, FigureKind, Recount, Rollup
from giftbot.models.ids import CodeKey
from giftbot.models.redemption import RedemptionOutcome
from giftbot.stores.documents import Document, milliseconds, read_announcement
from giftbot.stores.figures import REFRESHED, figure_of, rollup_of
from giftbot.stores.mongo.documents import SENT, WITH_CODE
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated

_PATIENCE = 120.0
"""Seconds for counting everything, which nobody waits for."""
_ORIGINS = [origin.value for origin in Origin]
_DAY = 86_400_000


def _day(field: str) -> Document:
    """The day of a moment, which earlier bots wrote as text; null when there is none."""
    date = {"$convert": {"input": f"${field}", "to": "date", "onError": None, "onNull": None}}
    return {"$floor": {"$divide": [{"$toLong": date}, _DAY]}}


def _from(field: str, moment: datetime | None) -> Document:
    """Condition for a moment from this one on."""
    return {} if moment is None else _in_range(field, {"$gte": moment})


def _in_range(field: str, bounds: Mapping[str, datetime]) -> Document:
    """Condition for a moment, which earlier bots wrote as text, in UTC without saying so."""
    texts = {name: moment.replace(tzinfo=None).isoformat() for name, moment in bounds.items()}
    return {"$or": [{field: dict(bounds)}, {field: texts}]}


def _sent(since: datetime | None) -> list[Document]:
    sources: Document = {} if since is None else {"source": {"$in": _ORIGINS}}
    source = {"$ifNull": ["$source", Origin.AUTO.value]}
    return [
        {"$match": {"state": SENT, "code": WITH_CODE, **sources, **_from("sent_at", since)}},
        {"$group": {"_id": {"day": _day("sent_at"), "name": source}, "count": {"$sum": 1}}},
    ]


def _redeemed(since: datetime | None) -> list[Document]:
    # Rows of earlier bots have no outcome, and mean that it was redeemed.
    outcome = {"$ifNull": ["$outcome", RedemptionOutcome.REDEEMED.value]}
    return [
        {"$match": _from("updated_at", since)},
        {"$group": {"_id": {"day": _day("updated_at"), "name": outcome}, "count": {"$sum": 1}}},
    ]


_JOBS: list[Document] = [{"$group": {"_id": {"day": None, "name": "$state"}, "count": {"$sum": 1}}}]


class MongoFiguresStore:
    """`FiguresStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def load_figures(self) -> Rollup | None:
        """All figures that were counted before."""
        with translated():
            found = await self._database["daily_figures"].find({}).batch_size(100_000).to_list(None)
        return rollup_of([[row.get(name) for name in ("kind", "day", "name", "count")] for row in found])

    async def save_figures(
        self, changed: Sequence[DailyFigure], removed: Sequence[DailyFigure], *, counted_at: datetime, mark: str
    ) -> None:
        """Replace some figures and remove others; then the row that says when."""
        rows = self._database["daily_figures"]
        writes: list[ReplaceOne[Document] | DeleteOne] = [DeleteOne({"_id": one.figure_id}) for one in removed]
        writes += [ReplaceOne({"_id": one.figure_id}, _document(one), upsert=True) for one in changed]
        last = {"kind": REFRESHED, "name": mark, "count": Int64(milliseconds(counted_at))}
        with translated():
            if writes:
                await rows.bulk_write(writes, ordered=False)
            await rows.bulk_write([ReplaceOne({"_id": REFRESHED}, last, upsert=True)])

    async def recount(self, since: datetime | None) -> Recount:
        """Count on the server; what others write meanwhile shows in the totals."""
        with translated(), pymongo.timeout(_PATIENCE):
            least = await self._all()
            figures = [
                figure
                for kind, collection, pipeline in (
                    (FigureKind.SENT, "sent_giftcodes", _sent(since)),
                    (FigureKind.REDEEMED, "auto_redeemed_codes", _redeemed(since)),
                    (FigureKind.JOBS, "redemption_jobs", _JOBS),
                )
                for figure in await self._counted(kind, collection, pipeline)
            ]
            most = await self._all()
        return Recount(figures, least, most)

    async def _all(self) -> dict[FigureKind, int]:
        sent, earlier, redeemed = await asyncio.gather(
            self._database["sent_giftcodes"].count_documents({"state": "sent"}),
            self._database["sent_giftcodes"].count_documents({"state": None, "code": WITH_CODE}),
            self._database["auto_redeemed_codes"].count_documents({}),
        )
        return {FigureKind.SENT: sent + earlier, FigureKind.REDEEMED: redeemed}

    async def _counted(self, kind: FigureKind, collection: str, pipeline: Sequence[Document]) -> list[DailyFigure]:
        rows = await self._database[collection].aggregate(pipeline).to_list(None)
        groups = [(row["_id"], row["count"]) for row in rows]
        found = [
            figure_of([kind.value, group.get("day"), group.get("name"), count])
            for group, count in groups
            if isinstance(group, dict)
        ]
        return [one for one in found if one is not None]

    async def count_sent(self, after: datetime, until: datetime | None = None) -> int:
        """How many codes were sent between two moments."""
        bounds = {"$gt": after} if until is None else {"$gt": after, "$lt": until}
        query = {"source": {"$in": _ORIGINS}, **_in_range("sent_at", bounds)}
        with translated(), pymongo.timeout(_PATIENCE):
            return await self._database["sent_giftcodes"].count_documents(query)

    async def last_sent(self) -> list[tuple[datetime, CodeKey, str]]:
        """For each source what was sent last."""
        with translated():
            latest = await asyncio.gather(*map(self._latest_of, _ORIGINS))
        return [
            (row.sent_at, row.code, row.source.value)
            for row in latest
            if row is not None and row.sent_at is not None
        ]

    async def _latest_of(self, origin: str) -> Announcement | None:
        query = {"source": origin, "code": WITH_CODE}
        found = await self._database["sent_giftcodes"].find(query).sort([("sent_at", -1)]).limit(1).to_list(None)
        return read_announcement(found[0]) if found else None


def _document(one: DailyFigure) -> Document:
    document: Document = {"kind": one.kind.value, "name": one.name, "count": Int64(one.count)}
    return document if one.day is None else {**document, "day": one.day}
