"""The command line as an operator meets it: one sentence a fault, and an exit code that means something."""

import asyncio
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from core.exits import Exit
from core.keys import KEY_NAMES, KeyRing
from storage.database import Database
from tests.bot.edges.machine import ROOT, Machine
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub, message

PASSWORD = "correct horse battery"
ADMIN = ("admin", "create", "--phone", "138 0013 8000", "--name", "王芳", "--password-stdin")


# --- configuration: 3 ---


def test_without_a_token_it_says_where_to_get_one_and_starts_no_sandbox(machine: Machine) -> None:
    machine.unset("TELEGRAM__TOKEN")
    ended = machine.process("run")
    assert ended.code == Exit.CONFIGURATION
    assert "CLINIC_BOT__TELEGRAM__TOKEN" in ended.sentence
    assert "make run" in ended.sentence
    assert not (machine.folder / "data").exists()


def test_with_no_settings_at_all_it_says_what_to_set_and_how_to_try_it_without(tmp_path: Path) -> None:
    ended = Machine(tmp_path).run("run")
    assert ended.code == Exit.CONFIGURATION
    assert "CLINIC_BOT__CLINIC__NAME" in ended.sentence
    assert "`make run` with no CLINIC_BOT__TELEGRAM__TOKEN set" in ended.sentence
    assert list(tmp_path.iterdir()) == []


def test_a_clinic_must_say_who_it_is(machine: Machine) -> None:
    machine.unset("CLINIC__CONTACT")
    ended = machine.run("run")
    assert ended.code == Exit.CONFIGURATION
    assert "CLINIC_BOT__CLINIC__CONTACT" in ended.sentence


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[clinic\n", "not valid TOML"),
        ("[telegram]\nspeed = 3\n", "[telegram] speed"),
        ("[telegram]\nmode = 'pigeon'\n", "[telegram] mode"),
        (f"[telegram]\ntoken = '{TOKEN}'\n", "is a secret"),
    ],
)
def test_a_broken_config_names_the_file_the_key_and_the_mend(machine: Machine, text: str, named: str) -> None:
    (machine.folder / "config.toml").write_text(text, encoding="utf-8")
    ended = machine.run("run")
    assert ended.code == Exit.CONFIGURATION
    assert "config.toml" in ended.sentence
    assert named in ended.sentence
    assert TOKEN not in ended.err


def test_all_that_is_missing_of_a_clinic_is_told_at_once(machine: Machine) -> None:
    machine.unset("CLINIC__NAME", "CLINIC__CONTACT", "CLINIC__PRIVACY_URL")
    (machine.folder / "config.toml").write_text('[clinic]\nname = ""\nprivacy_url = ""\n')
    said = machine.run("admin", "list").sentence
    assert said.startswith("config.toml: [clinic] name, [clinic] contact, [clinic] privacy_url are needed")
    (machine.folder / "config.toml").unlink()
    assert machine.run("admin", "list").sentence == said


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("CLINIC__PRIVACY_URL", "clinic.example", "starts with http:// or https://, like https://clinic.example"),
        ("TELEGRAM__LISTEN_PORT", "http", "it must be a whole number, like 8443"),
        ("TELEGRAM__LISTEN_PORT", "70000", "it must be 65535 or less, like 8443"),
        ("LOGIN__FREE_FAILURES", "0", "it must be 1 or more, like 5"),
        ("PASSWORDS__REJECT_COMMON", "perhaps", "it must be true or false"),
        ("LOGGING__LEVEL", "loud", "it must be 'debug', 'info', 'warning' or 'error'"),
        ("CLINIC__NAME", "x" * 300, "it must have at most 200 characters"),
        ("CLINIC__TIME_ZONE", "Mars", "write it like Asia/Shanghai"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(machine: Machine, key: str, value: str, says: str) -> None:
    machine.set(**{key: value})
    ended = machine.run("admin", "list")
    assert ended.code == Exit.CONFIGURATION
    assert ended.sentence.startswith(f"CLINIC_BOT__{key} cannot be used: ")
    assert says in ended.sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("telegram = 3\n", "[telegram] cannot be used: it must be a section"),
        ("[[telegram]]\n", "[telegram] cannot be used: it must be a section"),
        ("[telegram]\nlisten_host = 3\n", "it must be text between quotes"),
        ("[login]\nfree_failures = 2.5\n", "it must be a whole number, like 5"),
    ],
)
def test_a_wrong_line_of_the_file_is_told_in_plain_words(machine: Machine, text: str, says: str) -> None:
    machine.unset(*(key.removeprefix("CLINIC_BOT__") for key in list(machine.environment) if "__TELEGRAM__" in key))
    (machine.folder / "config.toml").write_text(text, encoding="utf-8")
    ended = machine.run("admin", "list")
    assert ended.code == Exit.CONFIGURATION
    assert says in ended.sentence


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("secrets", "is a folder: name the file in it"),
        ("nowhere", "is not there: make it with `python -m bot secrets new"),
        ("secrets/audit_keys/x", "cannot be read: Not a directory."),
        ("photo", "holds no key"),
    ],
)
def test_a_secret_file_that_is_none_is_told_in_plain_words(machine: Machine, file: str, says: str) -> None:
    (machine.folder / "photo").write_bytes(b"\xff\xd8\xff")
    (machine.folder / "photo").chmod(0o600)
    machine.set(SECRETS__AUDIT_KEYS_FILE=str(machine.folder / file))
    ended = machine.run("admin", "list")
    assert ended.code == Exit.CONFIGURATION
    assert says in ended.sentence


def test_a_missing_secret_says_how_to_make_one(machine: Machine) -> None:
    machine.unset("SECRETS__PEPPER_KEYS_FILE")
    ended = machine.run("run")
    assert ended.code == Exit.CONFIGURATION
    assert "python -m bot secrets new" in ended.sentence


def test_a_secret_others_can_read_stops_the_start(machine: Machine) -> None:
    (machine.folder / "secrets" / "audit_keys").chmod(0o644)
    ended = machine.run("run")
    assert ended.code == Exit.CONFIGURATION
    assert "chmod 600" in ended.sentence


# --- database: 4 ---


def test_a_database_that_cannot_be_made_is_one_sentence(machine: Machine) -> None:
    (machine.folder / "data").write_text("a file where a folder should be")
    ended = machine.run("run")
    assert ended.code == Exit.DATABASE
    assert str(machine.folder / "data/clinic.db") in ended.sentence


def test_a_file_that_is_no_database_is_left_as_it_is(machine: Machine) -> None:
    file = machine.folder / "data/clinic.db"
    file.parent.mkdir()
    file.write_bytes(b"this is a diary, not a database" * 100)
    ended = machine.run("db", "upgrade")
    assert ended.code == Exit.DATABASE
    assert "not a database" in ended.sentence
    assert file.read_bytes() == b"this is a diary, not a database" * 100


@pytest.mark.parametrize("command", ["run", "db upgrade", "db current", "audit verify", "admin list"])
@pytest.mark.parametrize("fault", ["a folder", "no database", "damaged", "nowhere", "away"])
def test_a_database_that_cannot_be_used_is_one_sentence_whatever_is_asked_of_it(
    clinic: Machine, request: pytest.FixtureRequest, command: str, fault: str
) -> None:
    file = clinic.folder / "data/clinic.db"
    whole = file.read_bytes()
    if fault == "a folder":
        file.unlink()
        file.mkdir()
    elif fault == "no database":
        file.write_bytes(b"this is a diary" * 1000)
    elif fault == "damaged":
        file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    elif fault == "nowhere":
        clinic.set(STORAGE__DATABASE_URL=request.getfixturevalue("postgres").url("nowhere"))
    else:
        clinic.set(STORAGE__DATABASE_URL="postgresql+asyncpg://clinic:hunter2@127.0.0.1:9/clinic")
    ended = clinic.run(*command.split())
    assert (ended.code, ended.out) == (Exit.DATABASE, "")
    assert ended.sentence.startswith("The database")


def test_a_postgresql_that_is_away_is_one_sentence_without_its_password(machine: Machine) -> None:
    machine.set(STORAGE__DATABASE_URL="postgresql+asyncpg://clinic:hunter2@127.0.0.1:9/clinic")
    ended = machine.run("run")
    assert ended.code == Exit.DATABASE
    assert "127.0.0.1:9" in ended.sentence
    assert "hunter2" not in ended.err


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_is_upgraded_only_when_told(tmp_path: Path, database_url: str) -> None:
    asyncio.run(take_tables_away(database_url))
    machine = Machine.ready(tmp_path, database_url=database_url)
    ended = machine.run("run")
    assert ended.code == Exit.DATABASE
    assert "run `python -m bot db upgrade`" in ended.sentence
    assert machine.run("db", "upgrade").code == Exit.OK
    assert "up to date" in machine.run("db", "current").out


async def take_tables_away(url: str) -> None:
    database = Database(url)
    await database.downgrade("base")
    await database.dispose()


def test_commands_beside_the_bot_ask_for_the_upgrade(machine: Machine) -> None:
    ended = machine.run(*ADMIN, given=PASSWORD)
    assert ended.code == Exit.DATABASE
    assert "run `python -m bot db upgrade`" in ended.sentence


def test_the_tables_are_made_and_shown(machine: Machine) -> None:
    assert "has no tables yet" in machine.run("db", "current").out
    assert machine.run("db", "upgrade").code == Exit.OK
    assert "up to date" in machine.run("db", "current").out
    assert stat.S_IMODE((machine.folder / "data/clinic.db").stat().st_mode) == 0o600


# --- run: 0, 1, 5, 130 ---


async def test_it_runs_until_it_is_told_to_stop(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(TELEGRAM__API_URL=telegram.url)
    async with machine.bot() as bot:
        await bot.says("The bot runs")
        telegram.arrive(message(11, "/start"))
        await telegram.until(lambda: telegram.calls("sendMessage"))
        assert await bot.ended(signal.SIGTERM) == Exit.OK
    assert TOKEN not in bot.said
    assert "Traceback" not in bot.said


@pytest.mark.slow
async def test_ctrl_c_ends_it_with_130(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(TELEGRAM__API_URL=telegram.url)
    async with machine.bot() as bot:
        await bot.says("The bot runs")
        assert await bot.ended(signal.SIGINT) == Exit.INTERRUPTED
    assert "Traceback" not in bot.said


@pytest.mark.slow
async def test_a_server_that_is_away_is_waited_for_and_said_once(machine: Machine, telegram: TelegramStub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    machine.set(TELEGRAM__API_URL=telegram.url, OPS__BOT_PORT=str(port))
    await telegram.stop()
    ops = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
    async with machine.bot() as bot, ops:
        await bot.says("The Bot API server is away")
        assert (await ops.get("/healthz")).status_code == 200
        starting = await ops.get("/readyz")
        assert (starting.status_code, starting.text.count("The bot is starting")) == (503, 1)
        second = machine.process("run")
        assert (second.code, f"The operations port {port} on 127.0.0.1 is taken" in second.sentence) == (
            Exit.FAILED,
            True,
        )
        await telegram.start()
        await bot.says("The bot runs")
        assert (await ops.get("/readyz")).text == "ready\n"
        assert (
            'clinic_faults_total{event="The Bot API server is away; trying again"' in (await ops.get("/metrics")).text
        )
        await bot.ended(signal.SIGTERM)
    assert bot.said.count("The Bot API server is away") == 1


@pytest.mark.slow
async def test_while_it_waits_for_a_server_it_can_be_stopped(machine: Machine) -> None:
    async with machine.bot() as bot:
        await bot.says("The Bot API server is away")
        assert await bot.ended(signal.SIGTERM) == Exit.OK


async def test_a_token_telegram_does_not_know_ends_it_with_5(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(TELEGRAM__API_URL=telegram.url)
    telegram.fail("getMe", 401, "Unauthorized")
    async with machine.bot() as bot:
        assert await bot.ended() == Exit.TOKEN
    assert "@BotFather" in bot.said
    assert TOKEN not in bot.said
    assert "Traceback" not in bot.said


@pytest.mark.slow
async def test_a_token_revoked_meanwhile_ends_it_with_5(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(TELEGRAM__API_URL=telegram.url)
    async with machine.bot() as bot:
        await bot.says("The bot runs")
        telegram.fail("getUpdates", 401, "Unauthorized")
        assert await bot.ended() == Exit.TOKEN
    assert bot.said.splitlines()[-1].startswith("Telegram refused the bot's token")
    assert "Traceback" not in bot.said


@pytest.mark.slow
async def test_one_bot_has_a_sqlite_database_to_itself(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(TELEGRAM__API_URL=telegram.url)
    async with machine.bot() as bot:
        await bot.says("The bot runs")
        second = machine.process("run")
        assert second.code == Exit.DATABASE
        assert "Another bot process is using" in second.sentence
        bot.process.kill()
        await bot.ended()
    async with machine.bot() as bot:  # the lock of one that was killed is free
        await bot.says("The bot runs")


@pytest.mark.slow
async def test_a_busy_webhook_port_is_one_sentence(machine: Machine, telegram: TelegramStub) -> None:
    machine.set(
        TELEGRAM__API_URL=telegram.url,
        TELEGRAM__MODE="webhook",
        TELEGRAM__WEBHOOK_URL="https://clinic.example/telegram",
        TELEGRAM__WEBHOOK_SECRET="a-good-secret_0123456789",
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        machine.set(TELEGRAM__LISTEN_PORT=str(taken.getsockname()[1]))
        async with machine.bot() as bot:
            assert await bot.ended() == Exit.FAILED
    assert "is taken by another program" in bot.said.splitlines()[-1]
    assert "Traceback" not in bot.said
    assert telegram.calls("setWebhook") == []


# --- audit, secrets, help, usage: 0, 1, 2 ---


def test_a_whole_audit_gives_its_head_and_a_head_it_does_not_hold_is_refused(clinic: Machine) -> None:
    whole = clinic.run("audit", "verify")
    assert whole.code == Exit.OK
    assert "The audit is whole" in whole.out
    broken = clinic.run("audit", "verify", "--head", "k1:" + "0" * 64)
    assert broken.code == Exit.FAILED
    assert "is not among them" in broken.sentence


def test_an_audit_says_how_much_of_it_is_not_sealed_yet(clinic: Machine) -> None:
    clinic.run(*ADMIN, given=PASSWORD)
    said = clinic.run("audit", "verify")
    assert (said.code, said.out.strip()) == (
        Exit.OK,
        "The audit is whole: no sealed entry yet. Not sealed yet, so not checked: 1 (a running bot seals them).",
    )


def test_the_head_before_the_first_entry_is_a_head(clinic: Machine) -> None:
    said = clinic.run("audit", "verify", "--head", "0:")
    assert (said.code, said.out.strip()) == (Exit.OK, "The audit is whole: no sealed entry yet.")


@pytest.mark.parametrize("head", ["nonsense", "", "7", "k1:abc", "k1:" + "0" * 63, "x" * 64])
def test_what_is_no_head_is_wrong_usage_and_no_word_on_the_audit(clinic: Machine, head: str) -> None:
    ended = clinic.run("audit", "verify", "--head", head)
    assert ended.code == Exit.USAGE
    assert ended.sentence.startswith("--head is not a head")


def test_keys_are_written_for_their_user_alone_and_never_over_others(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    made = machine.run("secrets", "new", "--dir", "keys")
    assert made.code == Exit.OK
    for name in KEY_NAMES:
        file = tmp_path / "keys" / f"{name}_keys"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        KeyRing.parse(file.read_text(encoding="ascii"))
        assert f"CLINIC_BOT__SECRETS__{name.upper()}_KEYS_FILE={file}" in made.out
    before = (tmp_path / "keys/audit_keys").read_bytes()
    again = machine.run("secrets", "new", "--dir", "keys")
    assert (again.code, "exists already" in again.sentence) == (Exit.FAILED, True)
    assert (tmp_path / "keys/audit_keys").read_bytes() == before


def test_keys_without_a_folder_are_lines_for_the_environment(tmp_path: Path) -> None:
    lines = Machine(tmp_path).run("secrets", "new").out.splitlines()
    rings = dict(line.split("=", 1) for line in lines)
    assert list(rings) == [f"CLINIC_BOT__SECRETS__{name.upper()}_KEYS" for name in KEY_NAMES]
    assert len({KeyRing.parse(text).key for text in rings.values()}) == len(KEY_NAMES)


def test_help_tells_what_each_exit_code_means(tmp_path: Path) -> None:
    shown = Machine(tmp_path).run("--help")
    assert shown.code == Exit.OK
    assert all(f" {code} " in f"{shown.out} " for code in sorted(Exit))


@pytest.mark.parametrize("module", ["telegram", "aiohttp", "sqlalchemy", "pydantic"])
def test_what_takes_long_to_import_is_left_to_the_commands_that_use_it(module: str) -> None:
    """A script that makes keys or an admin waits for every import."""
    found = f"import sys, bot.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", found], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("module", ["telegram", "aiohttp"])
def test_no_command_but_run_imports_telegrams_library(module: str) -> None:
    found = f"import sys, bot.cli.operator; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", found], cwd=ROOT, check=False).returncode == 0


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    assert Machine(tmp_path).process("fly").code == Exit.USAGE


@pytest.mark.parametrize("arguments", [("admin", "suspend"), ("run", "--speed", "3"), ("db", "current", "now")])
def test_a_command_used_wrongly_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert Machine(tmp_path).run(*arguments).code == Exit.USAGE
