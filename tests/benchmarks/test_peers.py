"""The contestants walk the same dialog as this bot, judged alike; `make bench` tries those that must be installed."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import environments, rounds
from benchmarks.contestants import Contestant, OurBot, Peer
from benchmarks.stub import Plan

CONVERSATION = Peer("ConversationHandler", (sys.executable, "-m", "benchmarks.peers.conversation"))


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [CONVERSATION, OurBot()], ids=["ConversationHandler", "this bot"])
async def test_everybody_gets_the_answer_that_belongs_there_and_dialogs_stay_open(
    contestant: Contestant, tmp_path: Path
) -> None:
    plan = Plan(contestant.walk, 5, warm=0.5, rush=0.5, gentle=0.5, pace=10.0, idle=0.1, opening=40.0, newcomers=5)
    played = await rounds.play(contestant, plan, tmp_path)
    assert (played["wrong"], played["lost"], played["doubled"], played["opened"]) == (0, 0, 0, 5), played
    assert await contestant.kept()


def test_what_cannot_be_installed_is_left_out_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environments.node_with(tmp_path / "node", ["grammy@0.0.0"]) is None
    assert "no node here" in capfd.readouterr().err


def test_what_failed_to_be_installed_is_tried_anew_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    npm = tmp_path / "npm"
    (tmp_path / "node").write_text("")
    npm.write_text("#!/bin/sh\nexit 1\n")
    for file in (tmp_path / "node", npm):
        file.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert environments.node_with(tmp_path / "packages", ["grammy@0.0.0"]) is None
    npm.write_text("#!/bin/sh\nexit 0\n")
    assert environments.node_with(tmp_path / "packages", ["grammy@0.0.0"]) == tmp_path / "node"
    npm.write_text("#!/bin/sh\nexit 1\n")  # nothing is installed a second time
    assert environments.node_with(tmp_path / "packages", ["grammy@0.0.0"]) == tmp_path / "node"
    assert capfd.readouterr().err.count("Installing") == 2
