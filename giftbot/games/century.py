"""The redemption API that Century Games' titles share: one signed POST per player and code, no login, no captcha.

The API is not an official one. We say who we are; Origin and Referer are sent because it refuses without them.
"""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from yarl import URL

from giftbot.games.answers import answer_of, broken_answer
from giftbot.games.signing import signed_form
from giftbot.models.ids import PlayerId
from giftbot.models.redemption import GameAnswer
from giftbot.services.ports import Clock
from giftbot.web.faults import FaultError, fault_of
from giftbot.web.guard import UrlPolicy

CALL_TIMEOUT = 20.0
"""Seconds that one call may take, from the connection to the last byte. A player's lease has to outlast it."""

BODY_LIMIT = 64 * 1024
"""Bytes of an answer after decompression; a longer one is not read to its end."""

_log = structlog.get_logger(__name__)


class CenturyGame:
    """A `Game`. Its session is kept alive between calls, and closed with it."""

    def __init__(
        self,
        *,
        name: str,
        api_url: URL,
        site: str,
        salt: str,
        session: aiohttp.ClientSession,
        policy: UrlPolicy,
        clock: Clock,
        timeout: float = CALL_TIMEOUT,
    ) -> None:
        """Take the API's base, the site's origin, and a session whose connector holds `policy`."""
        self._name = name
        self._url = api_url.with_path(api_url.path.rstrip("/") + "/gift_code")
        self._site = site.rstrip("/")
        self._salt = salt
        self._session = session
        self._policy = policy
        self._clock = clock
        self._timeout = timeout
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self._site,
            "Referer": f"{self._site}/",
        }

    @property
    def name(self) -> str:
        """Its profile's name."""
        return self._name

    @property
    def site(self) -> str:
        """The page on which players redeem by hand."""
        return self._site

    async def redeem(self, player_id: PlayerId, kingdom: int, code: str) -> GameAnswer:
        """Ask once. Whatever happens is an answer; only cancellation is raised."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(player_id, kingdom, code)
        except FaultError as error:
            fault = error
        except TimeoutError:
            fault = FaultError(f"did not answer within {self._timeout:g} seconds", passing=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fault = fault_of(error)
        except Exception as error:
            _log.exception("game call failed in a way that nobody thought of", game=self._name)
            fault = fault_of(error)
        return broken_answer(fault)

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()

    async def _ask(self, player_id: PlayerId, kingdom: int, code: str) -> GameAnswer:
        if (refusal := self._policy.refusal(self._url)) is not None:
            raise FaultError(f"cannot be asked: its address {refusal}")
        if self._session.closed:
            raise FaultError("is not asked any more: this process is ending")
        fields = {
            "fid": str(player_id),
            "kid": str(kingdom),
            "cdk": code,
            "time": str(int(self._clock.now().timestamp())),
        }
        form = signed_form(fields, self._salt)
        async with self._session.post(
            self._url, data=form, headers=self._headers, allow_redirects=False
        ) as response:
            body = await _read(response) if response.status == 200 else b""
            return answer_of(response.status, response.headers, body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise FaultError(f"answered with more than {BODY_LIMIT // 1024} KiB")
    return bytes(body)
