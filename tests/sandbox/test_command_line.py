"""``python -m sandbox`` and what it refuses; ``python -m sandbox up`` with the real bot."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from sandbox.client import Sandbox
from sandbox.described import VERSION

ROOT = Path(__file__).parents[2]
TOKEN = "123456:sandbox-test-token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def environment(**values: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("CLINIC_BOT__")}
    return {**inherited, "PYTHONPATH": str(ROOT), **values}


def run(folder: Path, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        check=False,
        cwd=folder,
        env=environment(**values),
        capture_output=True,
        text=True,
        timeout=20,
    )


def eventually(question: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer within a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"still not after {seconds} s")


def get(url: str) -> Any:
    """A JSON answer, None while nobody answers."""
    try:
        with urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except (URLError, ConnectionError):
        return None


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_serves_the_people_of_a_file(tmp_path: Path) -> None:
    person = {"id": 42, "first_name": "王芳", "language_code": "en", "phone": "13812340009", "note": "Nurse"}
    (tmp_path / "people.json").write_text(json.dumps([person]))
    port = free_port()
    arguments = command("--port", str(port), "--token", TOKEN, "--people", "people.json")
    process = subprocess.Popen(arguments, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        (served,) = eventually(lambda: get(f"http://127.0.0.1:{port}/sandbox/people"))
        assert (served["id"], served["first_name"], served["note"]) == (42, "王芳", "Nurse")
        (bot,) = get(f"http://127.0.0.1:{port}/sandbox/bots")
        assert bot["id"] == 123456
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=10)
        assert process.returncode == 0
    assert said.startswith(f"Bot API {VERSION}")


@pytest.mark.parametrize("arguments", [(), ("up",)])
def test_a_busy_port_is_told_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, *arguments, CLINIC_BOT__SANDBOX__PORT=port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} is taken")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""  # it does not name a page that it does not serve


@pytest.mark.parametrize("same", [False, True])
def test_a_busy_port_of_the_http_routes_is_told_in_one_sentence(tmp_path: Path, same: bool) -> None:
    page = str(free_port())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = page if same else str(taken.getsockname()[1])
        done = run(tmp_path, "up", CLINIC_BOT__SANDBOX__PORT=page, CLINIC_BOT__API__PORT=port)
    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} is taken: end what uses it, or choose another with --api-port or CLINIC_BOT__API__PORT.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--token", "nonsense"), "The token must look like"),
        (("--people", "nowhere.json"), "nowhere.json is no list of people"),
    ],
)
def test_wrong_options_are_told_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    done = run(tmp_path, "--port", str(free_port()), *arguments)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


class Up:
    """A running ``python -m sandbox up``."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        api_port = free_port()
        self.api_url = f"http://127.0.0.1:{api_port}"
        self.output = (folder / "output").open("w+")
        self.process = subprocess.Popen(
            command("up"),
            cwd=folder,
            env=environment(
                CLINIC_BOT__SANDBOX__PORT=str(port),
                CLINIC_BOT__API__PORT=str(api_port),
                # The operator's own database, which must not be touched from here.
                CLINIC_BOT__STORAGE__DATABASE_URL=f"sqlite+aiosqlite:///{folder}/operator.db",
                CLINIC_BOT__NO__SUCH_SETTING="1",
            ),
            stdout=self.output,
            stderr=self.output,
        )

    @property
    def data(self) -> Path:
        return self.folder / "data" / "sandbox"

    @property
    def admin(self) -> str:
        """How far the admin's account is."""
        path = self.data / "state.json"
        return str(json.loads(path.read_text())["admin"]) if path.exists() else "none"

    def bot_log(self) -> str:
        path = self.data / "bot.log"
        return path.read_text() if path.exists() else ""

    def told(self) -> str:
        return (self.folder / "output").read_text()

    def until_the_bot_runs(self) -> None:
        def runs() -> bool:
            assert "not ready" not in self.told(), self.told()
            return "The bot runs" in self.bot_log() and self.admin == "made"

        eventually(runs)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.output.close()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    if not Path("/proc/self/task").exists():
        pytest.skip("looks at processes through /proc")
    up = Up(tmp_path_factory.mktemp("up"), free_port())
    try:
        up.until_the_bot_runs()
        yield up
    finally:
        up.end()


@pytest.mark.slow
async def test_the_bot_answers_on_the_page(up: Up) -> None:
    async with Sandbox.connect(up.url) as sandbox:
        person = (await sandbox.people())[0]
        await person.send("/start")
        assert person.buttons
    assert up.url in up.told()


@pytest.mark.slow
def test_the_http_routes_are_there_with_their_page(up: Up) -> None:
    described = eventually(lambda: get(f"{up.api_url}/openapi.json"))
    assert "/patient/login" in described["paths"]
    assert f"The HTTP routes: {up.api_url}/docs" in up.told()


@pytest.mark.slow
def test_the_admins_login_stands_above_their_phone(up: Up) -> None:
    people = get(f"{up.url}/sandbox/people")
    state = json.loads((up.data / "state.json").read_text())
    assert state["admin"] == "made"
    assert state["admin_password"] in people[2]["note"]


@pytest.mark.slow
def test_it_knows_the_hospital_that_the_documents_name(up: Up) -> None:
    with sqlite3.connect(up.data / "clinic.db") as rows:
        assert rows.execute("SELECT name FROM hospitals WHERE id = 3").fetchone()


@pytest.mark.slow
def test_it_keeps_to_its_own_folder_and_to_itself(up: Up) -> None:
    assert {path.name for path in up.folder.iterdir()} == {"data", "output"}
    assert [path.name for path in (up.folder / "data").iterdir()] == ["sandbox"]
    assert stat.S_IMODE(up.data.stat().st_mode) == 0o700
    for path in up.data.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_an_option_before_the_command_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    done = run(tmp_path, "--port", str(free_port()), "up")
    assert done.returncode == 1
    assert done.stderr == "--port stands before up, where nothing reads it: see python -m sandbox up --help.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_second_one_in_the_same_folder_is_refused(up: Up) -> None:
    done = run(up.folder, "up", "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stderr.startswith("A sandbox of data/sandbox/ is running already")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_bot_that_dies_is_started_again(up: Up) -> None:
    def bot() -> int:
        (found,) = [
            pid for pid in children(up.process.pid) if b"-m\0bot\0run" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ] or [0]
        return found

    died = eventually(bot)
    os.kill(died, signal.SIGKILL)
    assert eventually(lambda: bot() not in {0, died} and up.bot_log().count("The bot runs") == 2)
    assert "The bot ended with code -9; it is started again" in " ".join(up.told().split())


@pytest.mark.slow
def test_the_end_ends_all_even_a_violent_one_and_the_next_start_finds_everything(up: Up) -> None:
    processes = eventually(lambda: len(pids := children(up.process.pid)) == 3 and pids)
    state = (up.data / "state.json").read_text()
    up.end()
    assert up.process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)
    (up.data / "bot.log").unlink()
    again = Up(up.folder, free_port())
    try:
        again.until_the_bot_runs()
        assert (again.data / "state.json").read_text() == state
        left = children(again.process.pid)
        again.process.kill()
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    finally:
        again.end()


@pytest.mark.slow
def test_a_start_killed_while_it_made_the_admin_is_made_good_by_the_next(up: Up) -> None:
    up.end()
    path = up.data / "state.json"
    made = json.loads(path.read_text())
    path.write_text(json.dumps({**made, "admin": "begun"}))
    again = Up(up.folder, free_port())
    try:
        eventually(lambda: json.loads(path.read_text()) == made)
    finally:
        again.end()
