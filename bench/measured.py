"""One command's time and peak memory: `python -m bench.measured COMMAND...`, as JSON.

In a process of its own between the bench and the command: Linux counts towards a program's peak
what the process that started it held, and the bench holds a million accounts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """`answer`: what the command printed, read as JSON."""

    seconds: float
    peak_mb: float
    answer: dict[str, Any]


def cost_of(*words: str, env: dict[str, str] | None = None) -> Cost:
    """Run `socialcoin` with these words and `-o json`. Raises RuntimeError if it fails."""
    command = [sys.executable, "-m", "wallet_cli.main", *words, "-o", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.measured", *command],
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:3])}: {done.stdout[-500:]} {done.stderr[-500:]}")
    told = json.loads(done.stdout)
    return Cost(told["seconds"], told["peak_mb"], json.loads(told["printed"]))


def main() -> int:
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        process = subprocess.Popen(sys.argv[1:], stdout=printed)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read().decode()
    told = {"seconds": seconds, "peak_mb": usage.ru_maxrss / 1024, "printed": text}
    print(json.dumps(told))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
