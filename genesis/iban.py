"""Numbers of bank accounts as people type them."""

from __future__ import annotations

from genesis.mistakes import Exit, UserError
from genesis.texts import _


def checked_iban(text: str) -> str:
    """The number without spaces. Raises UserError (usage) if it is none (ISO 13616, mod 97)."""
    from stdnum import iban
    from stdnum.exceptions import ValidationError

    try:
        return str(iban.validate(text))
    except ValidationError:
        raise UserError(
            _(
                "{text!r} is not a bank account number (IBAN): its check digits do not fit. Look "
                "at it again."
            ).format(text=text),
            Exit.USAGE,
        ) from None
