"""The light client's memory: the newest header this wallet home trusts, per chain.

It begins at the founding document, which any node may hand out since its hash is the chain's id.
From there every command with `--verify` goes on to the newest certified header and remembers it.
"""

from __future__ import annotations

from pathlib import Path

from chain.block import Header, header_hash
from chain.certificate import Seat, seats_hash
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.light import (
    Certified,
    Clock,
    Forked,
    StaleTrust,
    Trusted,
    check_old_header,
    follow,
)
from chain.merkle import ListProof
from chain.rules import DAY_MS, TRUST_DAYS
from genesis.console import Exit, UserError, _
from wallet_cli.client import Answer, Client
from wallet_cli.core.verify import hex_of, read_certified, read_seats
from wallet_cli.desk import now_ms
from wallet_cli.files import write_private
from wallet_cli.profile import Profile

TRUST_MS = TRUST_DAYS.default * DAY_MS
PAGE = 200


def path_of(home: Path, chain: bytes, epoch: int) -> Path:
    return home / f".{chain.hex()[:16]}-{epoch}.trusted"


def remembered(home: Path, profile: Profile) -> Trusted | None:
    """The newest header this wallet home has checked; needs no node."""
    path = path_of(home, profile.chain, profile.epoch)
    try:
        trusted = decode(Trusted, path.read_bytes())
        if (trusted.chain, trusted.epoch) == (profile.chain, profile.epoch):
            return trusted
    except FileNotFoundError:
        pass
    except Malformed:
        path.unlink(missing_ok=True)  # begin again at the genesis, which loses nothing
    return None


def remember(home: Path, profile: Profile, trusted: Trusted) -> None:
    write_private(path_of(home, profile.chain, profile.epoch), encode(trusted), replace=True)


def load(home: Path, profile: Profile, client: Client) -> Trusted:
    """What is remembered; else the founding document, asked of the node and checked."""
    trusted = remembered(home, profile)
    if trusted is not None:
        return trusted
    from wallet_cli.founding import trusted_genesis

    return trusted_genesis(client.get("/v1/genesis"), profile.chain, profile.epoch)


def reach(
    client: Client,
    home: Path,
    profile: Profile,
    certified: Certified,
    second: Client | None = None,
) -> Trusted:
    """Trust this header, going over every change of seats before it, and remember it.

    `second`: a node of somebody else, asked when what is remembered is too old. Raises UserError:
    the proof does not hold, the trust is stale, the chain has forked (which is saved).
    """
    trusted = load(home, profile, client)
    header = certified.header
    try:
        changes = _changes(client, trusted, header.height)
        newest = (certified, _named_seats(client, header, {}))
        clock = Clock(now_ms(), TRUST_MS)
        confirmed = _confirmed(second, header) if second else ()
        trusted = follow(trusted, changes, newest, clock, confirmed)
    except Malformed as error:
        raise UserError(
            _(
                "The node's proof does not hold: {reason}. Nothing it said is taken for true; ask "
                "another node with --node."
            ).format(reason=error),
            Exit.FINDINGS,
        ) from None
    except StaleTrust as stale:
        days = (stale.now_ms - stale.trusted_ms) // DAY_MS
        raise UserError(
            _(
                "The last header this wallet checked is {days} days old, too old to trust its "
                "boards' keys alone. Name a node of another wijk with --second-node URL: if both "
                "show the same chain, the wallet goes on."
            ).format(days=days),
            Exit.FINDINGS,
        ) from None
    except Forked as forked:
        raise fork_found(home, forked) from None
    remember(home, profile, trusted)
    return trusted


def fork_found(home: Path, forked: Forked) -> UserError:
    """Keep the proof of a fork, and say where it is."""
    header = forked.proof.second.header
    file = home / "forks" / f"{header.height}-{header_hash(header).hex()[:16]}.fork"
    write_private(file, encode(forked.proof), replace=True)
    return UserError(
        _(
            "Two different blocks at height {height} are both signed by the boards. This "
            "must not happen: the proof is in {file}; show it to every board, and pay "
            "nothing until they have answered."
        ).format(height=header.height, file=file),
        Exit.FINDINGS,
    )


def prove_old(
    client: Client, home: Path, profile: Profile, old: Certified, second: Client | None = None
) -> None:
    """That `old` is a header of this chain: by going on to it, or through a newer one's history.

    Raises UserError as `reach`.
    """
    trusted = load(home, profile, client)
    height = old.header.height
    if height >= trusted.height:
        reach(client, home, profile, old, second)
        return
    answer = client.get(f"/v1/history-proof/{height}")
    try:
        newest = read_certified(client.get(f"/v1/headers/{int(answer['tip_height']) + 1}"))
        proof = decode(ListProof, hex_of(answer, "proof"))
        if newest.header.height != trusted.height or (
            header_hash(newest.header) != trusted.header_hash
        ):
            reach(client, home, profile, newest, second)
        check_old_header(newest.header, old.header, proof)
    except (Malformed, KeyError, ValueError, TypeError) as error:
        raise UserError(
            _(
                "The node's proof does not hold: {reason}. Nothing it said is taken for true; ask "
                "another node with --node."
            ).format(reason=error),
            Exit.FINDINGS,
        ) from None


def _changes(
    client: Client, trusted: Trusted, height: int
) -> list[tuple[Certified, tuple[Seat, ...]]]:
    """The headers between the trusted one and `height` that change the seats, with their lists."""
    found: list[tuple[Certified, tuple[Seat, ...]]] = []
    start = trusted.height + 1
    while start < height:
        page = client.get(f"/v1/headers?from={start}&limit={PAGE}&seat_changes=1")
        listed = page.get("headers")
        if not isinstance(listed, list):
            raise Malformed("a list of headers was expected")
        for entry in listed:
            certified = read_certified(entry)
            if certified.header.height >= height:
                return found
            found.append((certified, _named_seats(client, certified.header, entry)))
        if len(listed) < PAGE:
            break
        start = found[-1][0].header.height + 1
    return found


def _named_seats(client: Client, header: Header, entry: Answer) -> tuple[Seat, ...]:
    """The list that a header which changes the seats names by its hash; empty for others."""
    if header.next_seats == header.seats:
        return ()
    listed = entry.get("next_seats")
    if listed is not None:
        return read_seats(listed)
    answer = client.get("/v1/seats")
    for name in ("seats", "next"):
        seats = read_seats(answer.get(name))
        if seats and seats_hash(seats) == header.next_seats:
            return seats
    raise Malformed(f"the node does not show the seats that header {header.height} names")


def _confirmed(second: Client, header: Header) -> tuple[bytes, ...]:
    """What a second node has at the same height."""
    certified = read_certified(second.get(f"/v1/headers/{header.height}"))
    return (header_hash(certified.header),)
