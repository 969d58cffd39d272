"""May a statement stand as proof of a reserve? It adds up, and follows the one before it.

Never refused for being low: what the bank says is the truth, and a shortfall becomes a deficit.
"""

from __future__ import annotations

from auditor.bank.lines import BadStatement, BankStatement
from genesis.amounts import format_cents
from genesis.texts import _


def require_proof(statement: BankStatement, iban: str, currency: str) -> None:
    """Of this account and currency, and does it add up?

    Raises BadStatement: account, currency, pending, sum, in that order.
    """
    if statement.iban != iban:
        raise BadStatement(
            "account",
            _("The statement is of account {found}, not of the reserve's {expected}.").format(
                found=statement.iban, expected=iban
            ),
        )
    if statement.currency != currency:
        raise BadStatement(
            "currency",
            _("The statement is in {found}; the coin is pegged to {expected}.").format(
                found=statement.currency, expected=currency
            ),
        )
    require_sum(statement)


def require_sum(statement: BankStatement) -> None:
    """Raises BadStatement: pending, sum."""
    total = statement.opening + total_of(statement)
    if total == statement.closing:
        return
    amounts = {
        "opening": format_cents(statement.opening),
        "total": format_cents(total),
        "closing": format_cents(statement.closing),
    }
    if statement.pending and total + statement.pending == statement.closing:
        raise BadStatement(
            "pending",
            _(
                "The closing balance {closing} counts payments that are not booked yet; booked "
                "entries make {total}. Ask for the statement again when the day is closed."
            ).format(**amounts),
        )
    raise BadStatement(
        "sum",
        _(
            "The statement does not add up: opening balance {opening} and its entries make "
            "{total}, but its closing balance is {closing}. It may be cut off; download it again."
        ).format(**amounts),
    )


def total_of(statement: BankStatement) -> int:
    """Credits less debits."""
    return sum(entry.amount if entry.credit else -entry.amount for entry in statement.entries)


def require_next(statement: BankStatement, number: int | None, closing: int) -> None:
    """Does it follow the statement with this number and closing balance?

    A bank may begin again at 1 in a new year. Raises BadStatement: opening, gap.
    """
    if statement.opening != closing:
        raise BadStatement(
            "opening",
            _(
                "The statement opens with {opening}; the one before it closed with {closing}. A "
                "statement in between is missing, or this one was imported already."
            ).format(opening=format_cents(statement.opening), closing=format_cents(closing)),
        )
    if number is not None and statement.number not in (None, 1, number + 1):
        raise BadStatement(
            "gap",
            _(
                "The statement has the bank's number {found}; after {before} comes {expected}. "
                "Import the missing one first."
            ).format(found=statement.number, before=number, expected=number + 1),
        )
