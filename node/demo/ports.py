"""Are the ports that a devnet is to use still free?"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from genesis.console import UserError, _


def require_free(addresses: Sequence[str]) -> None:
    """Raises UserError if another program listens on one of these addresses, `host:port` each.

    Without this a devnet would wait for its nodes' blocks and hear those of another one.
    """
    for address in addresses:
        host, _colon, port = address.rpartition(":")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError:
                raise UserError(
                    _(
                        "{address} is in use by another program, perhaps another devnet: stop it "
                        "with `socialcoin devnet stop --dir DIR`, or choose other ports with "
                        "--port-base."
                    ).format(address=address)
                ) from None
