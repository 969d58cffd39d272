"""The first thing a newcomer types: the story of a wijk holds, step by step."""

from __future__ import annotations

import json
import subprocess
import sys


def test_every_step_of_the_demo_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wallet_cli.main", "demo", "-o", "json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["held"] is True
    assert [step["held"] for step in told["steps"]] == [True] * len(told["steps"])
    assert len(told["steps"]) == 14
