"""The certificate of an erasure: what is gone, and what is kept by law until when, signed.

The office signs the canonical JSON of it (kind OFFICE_CERTIFICATE) with its wallet's key. It names
the account, never the person. Both languages are always given, whichever the office speaks.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from chain import crypto
from chain.errors import Malformed
from chain.kinds import Kind
from wallet_cli.office.retention import Terms

Certificate = dict[str, Any]
"""As JSON."""

FORMAT = "socialcoin erasure certificate"

GROUNDS = {
    "en": {
        "books": "books of account (AWR art. 52)",
        "due-diligence": "due diligence (Wwft art. 33)",
    },
    "nl": {
        "books": "de administratie (AWR art. 52)",
        "due-diligence": "het cliëntenonderzoek (Wwft art. 33)",
    },
}
TEXTS = {
    "en": (
        "Certificate of erasure\n\n"
        "Account {account}\n"
        "Date {erased_on}\n\n"
        "The office of {wijk} has destroyed what it kept about the holder of this account: "
        "{fields}. The key is destroyed too; nobody, this office included, can open a copy any "
        "more. On the chain there remains the account's number with what it paid and received, and "
        "a commitment "
        "that no longer leads to anybody.\n\n{retained}\n\n"
        "Not content with this? Ask the office, or the Autoriteit Persoonsgegevens.\n\n"
        "Signed with key {key}\n"
    ),
    "nl": (
        "Bewijs van wissing\n\n"
        "Rekening {account}\n"
        "Datum {erased_on}\n\n"
        "Het loket van {wijk} heeft vernietigd wat het over de houder van deze rekening "
        "bewaarde: {fields}. Ook de sleutel is vernietigd; niemand, ook dit loket niet, kan een "
        "kopie nog openen. Op de keten blijft het nummer van de rekening staan met wat ermee "
        "betaald en "
        "ontvangen is, en een vastlegging die naar niemand meer leidt.\n\n{retained}\n\n"
        "Niet tevreden? Vraag het loket, of de Autoriteit Persoonsgegevens.\n\n"
        "Ondertekend met sleutel {key}\n"
    ),
}
NOTHING = {
    "en": "Nothing has to be kept by law.",
    "nl": "Er hoeft niets volgens de wet bewaard te blijven.",
}
KEPT = {
    "en": "Kept by law, sealed so that only two persons together can open it:",
    "nl": "Volgens de wet bewaard, verzegeld zodat alleen twee personen samen het kunnen openen:",
}
UNTIL = {
    "en": "- record {id}, for {ground}, destroyed on {date}",
    "nl": "- stuk {id}, voor {ground}, wordt vernietigd op {date}",
}


def made(
    account: str, wijk: str, fields: list[str], retained: list[Terms], on: date
) -> Certificate:
    return {
        "format": FORMAT,
        "account": account,
        "wijk": wijk,
        "erased_on": on.isoformat(),
        "fields": sorted(fields),
        "retained": [
            {
                "record": terms.id,
                "ground": terms.ground,
                "destroy_on": terms.destroy_by.isoformat() if terms.destroy_by else None,
            }
            for terms in retained
        ],
    }


def body(certificate: Certificate) -> bytes:
    """What is signed: everything but the signature, in one spelling."""
    open_part = {k: v for k, v in certificate.items() if k not in ("key", "signature", "text")}
    return json.dumps(open_part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed(certificate: Certificate, seed: bytes, chain: bytes, epoch: int) -> Certificate:
    certificate = {**certificate, "chain_id": chain.hex(), "epoch": epoch}
    message = crypto.sign_bytes(Kind.OFFICE_CERTIFICATE, chain, epoch, body(certificate))
    key = crypto.public_key(seed).hex()
    complete = {**certificate, "key": key, "signature": crypto.sign(seed, message).hex()}
    return complete | {"text": {language: text(complete, language) for language in TEXTS}}


def check(certificate: Any) -> bytes:
    """The key that signed it. Raises Malformed."""
    try:
        if certificate["format"] != FORMAT:
            raise ValueError
        key, signature = (bytes.fromhex(certificate[name]) for name in ("key", "signature"))
        chain, epoch = bytes.fromhex(certificate["chain_id"]), int(certificate["epoch"])
        message = crypto.sign_bytes(Kind.OFFICE_CERTIFICATE, chain, epoch, body(certificate))
        told = {language: text(certificate, language) for language in TEXTS}
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Malformed("this is not a certificate of erasure, or it is damaged") from None
    if not crypto.verify(key, message, signature):
        raise Malformed("the signature does not fit: the certificate was changed")
    if certificate.get("text") != told:
        raise Malformed("the text was changed: it is not what was signed")
    return key


def text(certificate: Certificate, language: str) -> str:
    lines = [
        UNTIL[language].format(
            id=one["record"], ground=GROUNDS[language][one["ground"]], date=one["destroy_on"]
        )
        for one in certificate["retained"]
    ]
    retained = "\n".join([KEPT[language], *lines]) if lines else NOTHING[language]
    return TEXTS[language].format(
        account=certificate["account"],
        erased_on=certificate["erased_on"],
        wijk=certificate["wijk"],
        fields=", ".join(certificate["fields"]),
        retained=retained,
        key=certificate["key"],
    )
