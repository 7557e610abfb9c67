"""The settings: one frozen tree, read once from the environment, a `.env` file and a TOML file.

Later wins: defaults, `giftbot.toml`, `.env`, environment. An empty variable counts as unset, but for the addresses
of the sources, which an empty variable (or the word `off`) switches off. `NAME_FILE` names a file
that holds the value of `NAME` (for secrets). Names are documented in the README's table.
"""

from __future__ import annotations

import ast
import difflib
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import attrs
import dotenv
import typed_settings as ts
from typed_settings.exceptions import TsError
from typed_settings.loaders import DictLoader

from giftbot.errors import InvalidInputError, SettingsError
from giftbot.models.ids import PlayerId
from giftbot.models.player import parse_kingdom, parse_player_id

_OWN_PREFIXES = ("GIFTBOT_", "GAME_", "GIFTCODE_")
_EMPTY_IS_OFF = ("GIFTCODE_JSON_URL", "GIFTCODE_RSS_URL", "GIFTCODE_PAGE_URL")
_FILE_SUFFIX = "_FILE"
TOML_NAME = "giftbot.toml"
DOTENV_NAME = ".env"

GAMES = ("whiteout", "kingshot")


_Number = TypeVar("_Number", bound=float | None)


@attrs.frozen
class _AtLeast:
    """Checks a number; None, where a field allows it, is unset."""

    minimum: float
    kind: str = "number"

    @property
    def allowed(self) -> str:
        """What a number may be, in words."""
        return f"a {self.kind} of at least {self.minimum:g}"

    def __call__(self, _: object, attribute: attrs.Attribute[_Number], value: _Number) -> None:
        if value is not None and not (math.isfinite(value) and value >= self.minimum):
            raise ValueError(f"{attribute.name.upper()} must be {self.allowed}, not {value:g}")


def _one_of(*allowed: str) -> Callable[[object, attrs.Attribute[str], str], None]:
    def check(_: object, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in allowed:
            raise ValueError(f"{attribute.name.upper()} must be one of {', '.join(allowed)}, not “{value}”")

    return check


def _web_address(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if not value:
        return
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets around what is no address
        is_address = False
    if not is_address:
        raise ValueError(f"{attribute.name.upper()} must be a web address (https://...)")


def _mongo_address(_: object, __: attrs.Attribute[ts.Secret[str]], value: ts.Secret[str] | None) -> None:
    if value and not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("MONGO_URI must begin with mongodb:// or mongodb+srv://")


def _ids(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not all(part.strip().isdecimal() for part in value.split(",") if value):
        raise ValueError(f"{attribute.name.upper()} must be numbers separated by commas, not “{value}”")


def _player(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        _player_of(value)
    except InvalidInputError as error:
        name = attribute.name.upper()
        raise ValueError(
            f"{name} must be a player id and a kingdom, as 12345678:312, not “{value}”. {str(error).rstrip('.')}"
        ) from None


@attrs.frozen
class Settings:
    """Everything an operator can set. Every field has a default that works, except the token."""

    discord_token: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False)
    discord_api_url: str | None = attrs.field(default=None, validator=_web_address)
    """REST base, e.g. `http://127.0.0.1:8090/api/v10`; None is Discord itself."""
    mongo_uri: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False, validator=_mongo_address)
    """Without it the embedded SQLite store is used."""
    mongo_db_name: str = "giftbot"
    mongo_uri_fallback: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False, validator=_mongo_address)
    """Where an earlier bot kept its data beside `mongo_uri`; it is only read, to take that over."""
    mongo_db_wos: str = ""
    """A database of an earlier bot; it is only read."""
    mongo_db_reminders: str = ""
    """Another one."""
    giftbot_data_dir: Path = Path("data")
    game: str = attrs.field(default="whiteout", validator=_one_of(*GAMES))
    """Game profile: default addresses of the sources and of the redemption API."""
    game_api_url: str | None = attrs.field(default=None, validator=_web_address)
    """Base of the redemption API; None is the game profile's."""
    game_sign_salt: str | None = None
    """What calls of the API are signed with; public, the game's page carries it. None is the game profile's."""
    game_rate_per_minute: float = attrs.field(default=30.0, validator=_AtLeast(0))
    """Calls of the API per minute, of all processes on one store; 0 switches redemption off."""
    game_player_spacing: float = attrs.field(default=2.5, validator=_AtLeast(0))
    """Seconds between two calls for one player."""
    game_verify_player: str = attrs.field(default="", validator=_player)
    """`player:kingdom`, with whom each new code is tried before it is posted; empty is nobody."""
    giftcode_check_interval: float = attrs.field(default=10.0, validator=_AtLeast(1))
    """Seconds between two checks of the sources."""
    giftcode_json_url: str | None = attrs.field(default=None, validator=_web_address)
    """None is the game profile's address, empty is off."""
    giftcode_rss_url: str | None = attrs.field(default=None, validator=_web_address)
    giftcode_page_url: str | None = attrs.field(default=None, validator=_web_address)
    giftcode_api_url: str | None = attrs.field(default=None, validator=_web_address)
    """Shared code-distribution service; what only it lists is held."""
    giftcode_api_key: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False)
    cloud_api_url: str | None = attrs.field(default=None, validator=_web_address)
    """Service that keeps copies of invites and staff credit (`giftbot cloud`); None is none."""
    cloud_api_token: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False)
    """What that service asks for, as client and as server."""
    cloud_object_url: ts.Secret[str] = attrs.field(default=ts.Secret(""), repr=False)
    """Object storage for copies (`s3://bucket/prefix`); secret, for it may hold credentials."""
    giftbot_allow_private_urls: bool = False
    """Let configured addresses be plain HTTP and private (sandbox, tests)."""
    giftbot_register_by_message: bool = False
    """Let servers have a channel in which a bare player id registers; needs the message-content intent."""
    giftbot_invites: bool = False
    """Find out who brought each new member; needs the privileged intent for server members."""
    giftbot_member_search: bool = False
    """Let Discord's member search, which is not documented, confirm what counting found out."""
    giftbot_owner_ids: str = attrs.field(default="", validator=_ids)
    """Users who may run the owner's commands, separated by commas; empty is the application's owner or team."""
    giftbot_shard_ids: str = attrs.field(default="", validator=_ids)
    """Shards of this process, separated by commas; empty is all."""
    giftbot_shard_count: int | None = attrs.field(default=None, validator=_AtLeast(1, "whole number"))
    post_rate_per_second: float = attrs.field(default=44.0, validator=_AtLeast(0.1))
    """Messages per second of this process; Discord's limit is 50 requests a second for all of one token."""
    log_level: str = attrs.field(default="INFO", validator=_one_of("DEBUG", "INFO", "WARNING", "ERROR"))
    log_format: str = attrs.field(default="console", validator=_one_of("console", "json"))

    def __attrs_post_init__(self) -> None:
        if self.giftbot_member_search and not self.giftbot_invites:
            raise ValueError("GIFTBOT_MEMBER_SEARCH needs GIFTBOT_INVITES, whose findings it confirms")
        if self.giftbot_shard_ids and not self.giftbot_shard_count:
            raise ValueError("GIFTBOT_SHARD_IDS needs GIFTBOT_SHARD_COUNT, the number of all shards")
        if any(number >= (self.giftbot_shard_count or 0) for number in self.shard_ids or ()):
            raise ValueError(
                f"GIFTBOT_SHARD_IDS must be below GIFTBOT_SHARD_COUNT ({self.giftbot_shard_count}), as they begin"
                f" with 0, not “{self.giftbot_shard_ids}”"
            )

    @property
    def token(self) -> str:
        """The bot's token. Raises `SettingsError` when it is missing."""
        token = self.discord_token.get_secret_value().strip()
        if not token:
            raise SettingsError(
                "DISCORD_TOKEN is not set. Create a bot account (README, “The bot account”) and set its token."
            )
        return token

    @property
    def cloud_token(self) -> str | None:
        """The token of the backup service; None without one."""
        return self.cloud_api_token.get_secret_value().strip() or None

    @property
    def verify_player(self) -> tuple[PlayerId, int] | None:
        """The player and kingdom with whom new codes are tried; None when they are not."""
        return _player_of(self.game_verify_player)

    @property
    def owner_ids(self) -> tuple[int, ...]:
        """The configured owners; empty when the application's owner counts."""
        return _numbers(self.giftbot_owner_ids)

    @property
    def shard_ids(self) -> tuple[int, ...] | None:
        """The shards of this process; None for all."""
        return _numbers(self.giftbot_shard_ids) or None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part.strip())


def _player_of(text: str) -> tuple[PlayerId, int] | None:
    if not text:
        return None
    player_id, _, kingdom = text.partition(":")
    return parse_player_id(player_id), parse_kingdom(kingdom)


def load_settings(environ: Mapping[str, str] | None = None, *, directory: Path | None = None) -> Settings:
    """Read the settings. Raises `SettingsError` with one sentence per mistake.

    `environ` is the process's environment unless given; `directory` is where `.env` and `giftbot.toml` lie.
    """
    directory = directory or Path()
    names = {field.name.upper(): field.name for field in attrs.fields(Settings)}
    files = {**_set_ones(_from_toml(directory / TOML_NAME)), **_set_ones(_from_dotenv(directory / DOTENV_NAME))}
    _refuse_near_misses(files, names)
    values = {**files, **_set_ones(os.environ if environ is None else environ)}
    _refuse_unknown(values, names)
    known = {field: _resolved(values, name) for name, field in names.items() if _is_given(values, name)}
    try:
        return ts.load_settings(Settings, [DictLoader(dict(known))])
    except TsError as error:
        raise SettingsError(" ".join(_sentences(error))) from None


def _set_ones(values: Mapping[str, str]) -> dict[str, str]:
    off = {name: "" for name in _EMPTY_IS_OFF if values.get(name) in ("", "off")}
    return {name: value for name, value in values.items() if value != ""} | off


def _is_given(values: Mapping[str, str], name: str) -> bool:
    return name in values or name + _FILE_SUFFIX in values


def _resolved(values: Mapping[str, str], name: str) -> str:
    if name in values:
        return values[name]
    path = Path(values[name + _FILE_SUFFIX])
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}{_FILE_SUFFIX} names a file that cannot be read: {error.strerror}.") from None


def _from_toml(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}.") from None
    return {key.upper(): str(value) for key, value in table.items()}


def _from_dotenv(path: Path) -> dict[str, str]:
    return {key: value or "" for key, value in dotenv.dotenv_values(path).items()} if path.is_file() else {}


def _refuse_near_misses(values: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Refuse what is probably misspelt in the bot's own files, whatever it begins with."""
    for name in values:
        if name.removesuffix(_FILE_SUFFIX) not in names:
            for nearest in difflib.get_close_matches(name, names, n=1, cutoff=0.8):
                raise SettingsError(f"{name} is not a setting. Did you mean {nearest}?")


def _refuse_unknown(values: Mapping[str, str], names: Mapping[str, str]) -> None:
    for name in values:
        if name.startswith(_OWN_PREFIXES) and name.removesuffix(_FILE_SUFFIX) not in names:
            nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
            advice = f" Did you mean {nearest[0]}?" if nearest else " The README lists all there are."
            raise SettingsError(f"{name} is not a setting.{advice}")


_CONVERSION = re.compile(r"Could not convert value (?P<value>.+) for option '(?P<option>\w+)'", re.DOTALL)


def _allowed(option: str) -> str:
    """What a setting may be whose text is neither a number nor a switch."""
    validator = getattr(attrs.fields(Settings), option).validator
    return validator.allowed if isinstance(validator, _AtLeast) else "true or false"


def _sentences(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [sentence for inner in error.exceptions for sentence in _sentences(inner)]
    text = str(error)
    if match := _CONVERSION.match(text):
        given = str(ast.literal_eval(match["value"]))
        return [f"{match['option'].upper()} must be {_allowed(match['option'])}, not “{given}”."]
    return [line.partition("ValueError: ")[2] + "." for line in text.splitlines() if "ValueError: " in line] or [
        text
    ]
