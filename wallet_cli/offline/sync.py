"""Before the network is gone: the newest header, and proofs of this device's allowances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chain.errors import Malformed
from genesis.console import Exit, UserError, _, format_cents
from wallet_cli.client import Answer
from wallet_cli.desk import Session, home_of, now_ms

if TYPE_CHECKING:
    from wallet_cli.offline.store import Kept
    from wallet_cli.profile import Profile


def refresh(session: Session) -> Answer:
    """Remember the newest header, and fetch certificates for this device's allowances.

    Raises UserError (findings): a proof does not hold.
    """
    from wallet_cli import trust
    from wallet_cli.core.verify import read_certified
    from wallet_cli.offline.store import opened

    home = home_of(session.settings)
    answer = session.client.get(f"/v1/accounts/{session.profile.address}/allowances")
    try:
        certified = read_certified(answer)
        trusted = trust.reach(session.client, home, session.profile, certified)
        listed = {bytes.fromhex(one["device"]): one for one in answer["allowances"]}
        with opened(home, session.profile) as store:
            kept = tuple(
                _certified(one, certified, listed[one.device])
                if one.device in listed
                else replace(one, ended=one.number > 0)
                for one in store.purse.allowances
                if one.device in listed or one.until_ms > now_ms()
            )
            store.save(allowances=kept)
    except (Malformed, KeyError, ValueError, TypeError) as error:
        raise UserError(
            _("The allowances are not proved: {reason}. Ask another node with --node.").format(
                reason=error
            ),
            Exit.FINDINGS,
        ) from None
    return {
        "height": trusted.height,
        "time_ms": trusted.time_ms,
        "allowances": [shown(session.profile, one) for one in kept if not one.ended],
    }


def usable(kept: Kept) -> bool:
    """Can this device pay with it, as far as it knows?"""
    return kept.number > 0 and not kept.ended


def _certified(kept: Kept, certified: Any, shown: Answer) -> Kept:
    """Raises Malformed: the node's records do not prove what it shows."""
    from chain.codec import decode
    from chain.tree import Proof
    from wallet_cli.core.offline import Certificate, Proved, read_certificate

    proved = [
        Proved(bytes.fromhex(r["stored"]), decode(Proof, bytes.fromhex(r["proof"])))
        for r in shown["records"]
    ]
    certificate = Certificate(shown["number"], certified, proved[0], tuple(proved[1:]))
    allowance, _guarantee = read_certificate(certificate)
    if allowance.device != kept.device:
        raise Malformed("the allowance is of another device")
    return replace(
        kept,
        number=certificate.number,
        coin=allowance.coin,
        amount=allowance.amount,
        until_ms=allowance.until_ms,
        certificate=(certificate,),
        ended=False,
    )


def shown(profile: Profile, kept: Kept) -> Answer:
    from chain.address import encode_address

    seller = encode_address(profile.prefix, kept.seller[0]) if kept.seller else None
    return {
        "number": kept.number,
        "coin": kept.coin,
        "amount_cents": int(kept.amount),
        "amount": format_cents(kept.amount),
        "left_cents": int(kept.amount - kept.paid),
        "left": format_cents(kept.amount - kept.paid),
        "until_ms": kept.until_ms,
        "seller": seller,
        "place": kept.place if seller else None,
    }
