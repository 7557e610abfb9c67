"""Files: what users give to commands and what the bot attaches, kept and served as Discord's file hosts do."""

from __future__ import annotations

import attrs
from aiohttp import web

from giftbot.sandbox.ids import Snowflakes
from giftbot.sandbox.payload import Payload


@attrs.frozen
class Upload:
    """A file, as a user chooses it for an option."""

    name: str
    data: bytes
    claimed_size: int | None = None
    """What the bot is told of its size, if that is not true."""
    status: int = 200
    """What the file host answers."""


class Uploads:
    """All files so far, each at an address of its own."""

    def __init__(self, ids: Snowflakes) -> None:
        self._ids = ids
        self._files: dict[str, Upload] = {}
        self.base_url = ""
        """Of the file host; set once it listens."""
        self.served = 0
        """How often a file was asked for."""

    def keep(self, upload: Upload, content_type: str = "text/csv") -> Payload:
        """Take a file; the attachment that Discord makes of it."""
        number = str(self._ids.take())
        self._files[number] = upload
        url = f"{self.base_url}/files/{number}/{upload.name}"
        return {
            "id": number,
            "filename": upload.name,
            "size": len(upload.data) if upload.claimed_size is None else upload.claimed_size,
            "url": url,
            "proxy_url": url,
            "content_type": content_type,
        }

    def read(self, attachment: Payload) -> bytes:
        """What is in an attachment."""
        return self._files[attachment["id"]].data

    def routes(self) -> list[web.RouteDef]:
        """Where files are served."""
        return [web.get("/files/{number}/{name}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        self.served += 1
        upload = self._files.get(request.match_info["number"])
        if upload is None:
            raise web.HTTPNotFound
        return web.Response(status=upload.status, body=upload.data, content_type="text/csv")
