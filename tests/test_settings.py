"""Settings: where they come from, and what a mistake gets."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from giftbot.errors import SettingsError
from giftbot.settings import Settings, load_settings


def test_later_places_win_and_empty_counts_as_unset(tmp_path: Path) -> None:
    """toml, then .env, then the environment; an empty variable does not hide an earlier value."""
    (tmp_path / "giftbot.toml").write_text('giftcode_check_interval = 30\nlog_level = "DEBUG"\ngame = "kingshot"\n')
    (tmp_path / ".env").write_text("GIFTCODE_CHECK_INTERVAL=20\nLOG_LEVEL=\n")
    settings = load_settings({"GIFTCODE_CHECK_INTERVAL": "15", "GAME": ""}, directory=tmp_path)
    assert (settings.giftcode_check_interval, settings.log_level, settings.game) == (15, "DEBUG", "kingshot")


def test_an_empty_source_address_switches_the_source_off(tmp_path: Path) -> None:
    """Unset is the game's own address; empty and `off` are off."""
    settings = load_settings({"GIFTCODE_RSS_URL": "", "GIFTCODE_PAGE_URL": "off"}, directory=tmp_path)
    assert (settings.giftcode_json_url, settings.giftcode_rss_url, settings.giftcode_page_url) == (None, "", "")


def test_a_secret_comes_from_a_file_and_never_shows(tmp_path: Path) -> None:
    """DISCORD_TOKEN_FILE names the file; the settings' text has neither token nor password."""
    (tmp_path / "token").write_text("my-token\n")
    environ = {"DISCORD_TOKEN_FILE": str(tmp_path / "token"), "MONGO_URI": "mongodb://me:hunter2@h/"}
    settings = load_settings(environ, directory=tmp_path)
    assert settings.token == "my-token"
    assert "my-token" not in f"{settings} {settings!r}"
    assert "hunter2" not in f"{settings} {settings!r} {settings.mongo_uri}"


def test_what_redemption_is_told(tmp_path: Path) -> None:
    """By default 30 calls a minute and nobody to try codes with; a rate of 0 is allowed, it means off."""
    settings = load_settings({"GAME_VERIFY_PLAYER": ""}, directory=tmp_path)
    assert (settings.game_rate_per_minute, settings.game_player_spacing, settings.verify_player) == (
        30.0,
        2.5,
        None,
    )
    assert (settings.game_api_url, settings.game_sign_salt, settings.giftbot_register_by_message) == (
        None,
        None,
        False,
    )
    (tmp_path / "giftbot.toml").write_text("game_rate_per_minute = 0\ngiftbot_register_by_message = true\n")
    environ = {"GAME_VERIFY_PLAYER": " 12345678 : #312", "GAME_SIGN_SALT": "s#lt", "GAME_API_URL": "http://h/api"}
    settings = load_settings(environ, directory=tmp_path)
    assert (settings.game_rate_per_minute, settings.verify_player) == (0.0, ("12345678", 312))
    assert (settings.game_api_url, settings.game_sign_salt) == ("http://h/api", "s#lt")
    assert settings.giftbot_register_by_message


def test_what_is_misspelt_in_a_file_of_the_bot_is_refused(tmp_path: Path) -> None:
    """In .env and giftbot.toml a name close to a setting is a mistake; anything else there is left alone."""
    (tmp_path / ".env").write_text("MONGO_URL=mongodb://h/\n")
    with pytest.raises(SettingsError, match="Did you mean MONGO_URI"):
        load_settings({}, directory=tmp_path)
    (tmp_path / ".env").write_text("TZ=UTC\nCOMPOSE_PROJECT_NAME=x\n")
    assert load_settings({}, directory=tmp_path).mongo_db_name == "giftbot"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"POST_RATE_PER_SECOND": "many"}, "POST_RATE_PER_SECOND must be a number of at least 0.1, not “many”."),
        ({"GIFTCODE_CHECK_INTERVAL": "0"}, "at least 1"),
        ({"GIFTCODE_CHECK_INTERVAL": "inf"}, "GIFTCODE_CHECK_INTERVAL must be a number of at least 1, not inf"),
        ({"GAME_API_URL": "game.example"}, "GAME_API_URL must be a web address"),
        ({"GAME_RATE_PER_MINUTE": "-1"}, "GAME_RATE_PER_MINUTE must be a number of at least 0, not -1"),
        ({"GAME_RATE_PER_MINUTE": "nan"}, "GAME_RATE_PER_MINUTE must be a number of at least 0, not nan"),
        ({"GAME_RATE_PER_MINUTE": "off"}, "GAME_RATE_PER_MINUTE must be a number of at least 0, not “off”."),
        ({"GAME_PLAYER_SPACING": "-0.1"}, "GAME_PLAYER_SPACING must be a number of at least 0, not -0.1"),
        (
            {"GAME_VERIFY_PLAYER": "ada:312"},
            "GAME_VERIFY_PLAYER must be a player id and a kingdom, as 12345678:312",
        ),
        ({"GAME_VERIFY_PLAYER": "12345678"}, "not “12345678”. A kingdom .state. is a number from 1 to 9,999"),
        ({"GAME_VERIFY_PLAYER": "12345678:312:1"}, "GAME_VERIFY_PLAYER must be a player id and a kingdom"),
        (
            {"GIFTBOT_REGISTER_BY_MESSAGE": "maybe"},
            "GIFTBOT_REGISTER_BY_MESSAGE must be true or false, not “maybe”.",
        ),
        ({"GIFTBOT_MEMBER_SEARCH": "true"}, "GIFTBOT_MEMBER_SEARCH needs GIFTBOT_INVITES"),
        ({"GAME_SALT": "x"}, "Did you mean GAME_SIGN_SALT?"),
        ({"GAME": "chess"}, "GAME must be one of whiteout, kingshot"),
        ({"MONGO_URI": "http://h"}, "MONGO_URI must begin with"),
        ({"GIFTCODE_JSON_URL": "ftp://h"}, "GIFTCODE_JSON_URL must be a web address"),
        ({"GIFTBOT_OWNER_IDS": "ada,bob"}, "GIFTBOT_OWNER_IDS must be numbers"),
        ({"GIFTBOT_DATA_DIRECTORY": "x"}, "Did you mean GIFTBOT_DATA_DIR?"),
        ({"GIFTBOT_SHARD_IDS": "0,1"}, "GIFTBOT_SHARD_IDS needs GIFTBOT_SHARD_COUNT"),
        ({"GIFTBOT_SHARD_IDS": "0,2", "GIFTBOT_SHARD_COUNT": "2"}, "must be below GIFTBOT_SHARD_COUNT .2."),
        ({"GIFTBOT_SHARD_COUNT": "0"}, "GIFTBOT_SHARD_COUNT must be a whole number of at least 1, not 0"),
        ({"GIFTCODE_RSS_URL": "http://[x"}, "GIFTCODE_RSS_URL must be a web address"),
        ({"DISCORD_TOKEN_FILE": "/nowhere"}, "DISCORD_TOKEN_FILE names a file that cannot be read"),
        (
            {"GIFTBOT_ALLOW_PRIVATE_URLS": "perhaps"},
            "GIFTBOT_ALLOW_PRIVATE_URLS must be true or false, not “perhaps”.",
        ),
    ],
)
def test_a_mistake_gets_one_sentence_that_names_the_setting(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    """What is wrong, by the variable's name; never a traceback of the library."""
    with pytest.raises(SettingsError, match=sentence.replace("?", r"\?")):
        load_settings(environ, directory=tmp_path)


CONVERTED = [
    field
    for field in attrs.fields(Settings)
    if isinstance(field.default, int | float) or field.name == "giftbot_shard_count"
]
"""Settings that are not text."""


@pytest.mark.parametrize("field", CONVERTED, ids=lambda field: field.name)
@pytest.mark.parametrize("given", ["abc", "it's", 'a "b"\nc', "b\\c"])
def test_every_number_and_switch_says_what_it_may_be(
    tmp_path: Path, field: attrs.Attribute[object], given: str
) -> None:
    """The setting's name, what is allowed, and what was given as it was given."""
    allowed = "true or false" if isinstance(field.default, bool) else r"a (whole )?number of at least [\d.]+"
    with pytest.raises(
        SettingsError, match=rf"^{field.name.upper()} must be {allowed}, not “{re.escape(given)}”\.$"
    ):
        load_settings({field.name.upper(): given}, directory=tmp_path)


def test_the_cloud_is_named_without_its_secrets(tmp_path: Path) -> None:
    """The token and the bucket's address are secrets; the service's address is a web address."""
    environ = {
        "CLOUD_API_URL": "https://copies.example/x",
        "CLOUD_API_TOKEN": " a-long-token-of-mine ",
        "CLOUD_OBJECT_URL": "s3://key:hunter2@bucket/x",
    }
    settings = load_settings(environ, directory=tmp_path)
    assert (settings.cloud_api_url, settings.cloud_token) == ("https://copies.example/x", "a-long-token-of-mine")
    assert "a-long-token" not in f"{settings!r}"
    assert "hunter2" not in f"{settings!r}"
    assert load_settings({}, directory=tmp_path).cloud_token is None
    with pytest.raises(SettingsError, match="CLOUD_API_URL"):
        load_settings({"CLOUD_API_URL": "copies.example"}, directory=tmp_path)
