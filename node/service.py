"""A node with its HTTP side: started together, stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from aiohttp import web

from chain.certificate import Certificate
from chain.errors import Malformed
from node.api.app import make_app
from node.api.index import Index
from node.config import BOXES, INDEX, parse_address
from node.export import answer_request, pending_request, write_file
from node.metrics import Metrics
from node.replica import Replica
from node.reserve.boxes import Boxes
from node.run import Node
from node.store import DamagedStore

SHUTDOWN_WAIT_S = 0.5
REQUESTS_EVERY_S = 0.1
EXPORT_BATCH = 64


class Service:
    def __init__(self, node: Node) -> None:
        self.node = node
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises OSError if a port is taken."""
        index = Index.open(self.node.home.data / INDEX, self.node.config.store.engine)
        metrics = Metrics()
        self.node.wrote = metrics.observe_commit
        app = make_app(self.node, index, metrics, boxes=Boxes(self.node.home.data / BOXES))
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_WAIT_S
        )
        await self._runner.setup()
        listen = parse_address(self.node.config.api.listen)
        await web.TCPSite(self._runner, listen.host, listen.port).start()
        await self.node.start()
        self._tasks.append(asyncio.create_task(self._serve_exports()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._runner is not None:
            await self._runner.cleanup()
        await self.node.close()

    async def _serve_exports(self) -> None:
        """Write the chain to a file when a command of this machine's owner asks (node.export)."""
        while True:
            await asyncio.sleep(REQUESTS_EVERY_S)
            target = pending_request(self.node.home)
            if target is not None:
                try:
                    answer: dict[str, int | str] = dict(await self._export(target))
                except OSError as error:
                    answer = {"error": f"{target}: {error.strerror or error}"}
                except (DamagedStore, Malformed) as error:
                    answer = {"error": str(error)}
                answer_request(self.node.home, answer)

    async def _export(self, target: Path) -> dict[str, int]:
        """Blocks never change once committed, so they are copied in batches between inputs."""
        tip = await self.node.read(lambda replica: replica.store.height)
        loop = asyncio.get_running_loop()

        def blocks() -> Iterator[tuple[bytes, Certificate]]:
            for start in range(1, tip + 1, EXPORT_BATCH):
                stop = min(start + EXPORT_BATCH, tip + 1)
                asked = asyncio.run_coroutine_threadsafe(
                    self.node.read(partial(batch, start=start, stop=stop)), loop
                )
                yield from asked.result()

        return await asyncio.to_thread(write_file, self.node.home, target, blocks())


def batch(replica: Replica, start: int, stop: int) -> list[tuple[bytes, Certificate]]:
    """The certified blocks start .. stop - 1."""
    return list(islice(replica.store.blocks(start), stop - start))
