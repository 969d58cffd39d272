"""Reading statements: what is read, and what is refused with which reason."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest

from auditor.bank.camt import VERSIONS, read_statements
from auditor.bank.checks import require_next, require_proof, require_sum
from auditor.bank.guarded import BYTES_MAX
from auditor.bank.lines import BadStatement, BankStatement
from auditor.bank.references import reference_for
from auditor.bank.writer import Account, Movement, batch, charge, interest

IBAN = "NL91ABNA0417164300"
KEY = bytes(range(32))
REFERENCE = reference_for(KEY, b"a" * 20)
DAY = "2026-01-05"


def written(*movements: Movement, version: str = VERSIONS[0], opening: int = 0) -> bytes:
    out = BytesIO()
    Account(IBAN, opening, version=version).write(out, movements, DAY)
    return out.getvalue()


def read(data: bytes, bytes_max: int = BYTES_MAX) -> BankStatement:
    (statement,) = read_statements(BytesIO(data), bytes_max)
    return statement


def why(data: bytes, bytes_max: int = BYTES_MAX) -> str:
    """Why it is refused; every reason has a sentence."""
    with pytest.raises(BadStatement) as caught:
        for statement in read_statements(BytesIO(data), bytes_max):
            require_proof(statement, IBAN, "EUR")
    assert str(caught.value).endswith((".", ";"))
    return caught.value.why


PAID = Movement(12_34, True, reference=REFERENCE, name="A. & B.", iban="NL20INGB0001234567")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_says_the_same(version: str) -> None:
    data = written(PAID, charge(50), interest(7), version=version, opening=-100)
    statement = read(data)
    assert statement.version == version
    assert (statement.opening, statement.closing) == (-100, 10_91)
    assert (statement.number, statement.iban, statement.currency) == (1, IBAN, "EUR")
    assert statement.closing_date == DAY
    first = statement.entries[0].transactions[0]
    assert (first.amount, first.credit, first.reference) == (12_34, True, REFERENCE)
    assert (first.name, first.iban) == ("A. & B.", "NL20INGB0001234567")
    assert [entry.bank_code.split("/")[2] for entry in statement.entries[1:]] == ["CHRG", "INTR"]
    require_proof(statement, IBAN, "EUR")


def test_a_reference_in_the_text_with_spaces_and_words_around_it() -> None:
    spaced = " ".join(REFERENCE[at : at + 4] for at in range(0, len(REFERENCE), 4)).lower()
    statement = read(written(Movement(1, True, text=f"Storting {spaced} dank u")))
    assert statement.entries[0].transactions[0].reference == REFERENCE
    other = reference_for(KEY, b"b" * 20)
    both = read(written(Movement(1, True, text=f"{REFERENCE} {other}")))
    assert both.entries[0].transactions[0].reference == "", "two references say nothing"
    wrong = REFERENCE[:-1] + ("A" if REFERENCE[-1] != "A" else "B")
    mistyped = read(written(Movement(1, True, reference=wrong)))
    assert mistyped.entries[0].transactions[0].reference == ""


def test_a_batch_is_its_payments_and_they_add_up() -> None:
    parts = [Movement(5_00, True, end_to_end=f"E{n}") for n in range(3)]
    statement = read(written(batch(True, parts)))
    (entry,) = statement.entries
    assert [one.amount for one in entry.transactions] == [5_00] * 3
    assert [one.end_to_end for one in entry.transactions] == ["E0", "E1", "E2"]

    data = written(batch(True, parts))
    assert why(data.replace(b"<NbOfTxs>3<", b"<NbOfTxs>4<")) == "batch"
    assert why(data.replace(b">5.00</Amt></TxAmt>", b">5.01</Amt></TxAmt>", 1)) == "batch"


def test_returns_and_reversals_are_seen() -> None:
    statement = read(
        written(Movement(5_00, False, returned="AC06", reversal=True, end_to_end="X"), opening=500)
    )
    (entry,) = statement.entries
    assert entry.reversal and not entry.credit
    assert entry.transactions[0].returned == "AC06"


def test_only_booked_entries_count() -> None:
    statement = read(
        written(PAID, Movement(99, True, status="PDNG"), Movement(98, True, status="INFO"))
    )
    assert [entry.amount for entry in statement.entries] == [12_34]
    assert (statement.left_out, statement.pending) == (2, 99)
    require_sum(statement)
    needs_it = written(PAID, Movement(99, True, status="PDNG")).replace(b">12.34<", b">13.33<", 1)
    assert why(needs_it) == "pending"


GOOD = written(PAID)
ENTRY = b'<Amt Ccy="EUR">12.34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>'
"""Where the entry says its amount, its sign and then its status."""
CLOSING = b">12.34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>"
SECOND_PAGE = b"</MsgId><MsgPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></MsgPgntn>"


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("xml", b""),
        ("xml", b"hello"),
        ("xml", b"{}"),
        ("xml", GOOD[: len(GOOD) // 2]),
        ("xml", GOOD.replace(b"</Stmt>", b"</Smt>")),
        ("xml", GOOD.replace(b"A. &amp; B.", b"Andr\xe9")),
        ("encoding", GOOD.decode().encode("utf-16")),
        ("encoding", GOOD.replace(b"UTF-8", b"ISO-8859-1")),
        ("encoding", GOOD.replace(b"UTF-8", b"windows-1252")),
        ("message", GOOD.replace(b"camt.053.001.02", b"camt.052.001.02")),
        ("message", GOOD.replace(b"camt.053.001.02", b"camt.054.001.04")),
        ("message", GOOD.replace(b"urn:iso:std:iso:20022:tech:xsd:", b"urn:other:")),
        ("message", b"<html><body/></html>"),
        ("message", GOOD.replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt")),
        ("version", GOOD.replace(b"camt.053.001.02", b"camt.053.001.01")),
        ("version", GOOD.replace(b"camt.053.001.02", b"camt.053.001.13")),
        ("account", GOOD.replace(IBAN.encode(), b"NL92ABNA0417164300")),
        ("account", GOOD.replace(IBAN.encode(), b"NL20INGB0001234567")),
        ("balance", GOOD.replace(b"OPBD", b"ITBD")),
        ("balance", GOOD.replace(b"CLBD", b"CLAV")),
        ("amount", GOOD.replace(b">12.34<", b">12.345<")),
        ("amount", GOOD.replace(b">12.34<", b">12,34<")),
        ("amount", GOOD.replace(b">12.34<", b">-12.34<")),
        ("amount", GOOD.replace(b">12.34<", b">1e3<")),
        ("amount", GOOD.replace(b">12.34<", b">" + b"9" * 17 + b"<")),
        ("amount", GOOD.replace(ENTRY, ENTRY.replace(b"12.34", b"0.00"))),
        ("currency", GOOD.replace(ENTRY, ENTRY.replace(b"EUR", b"USD"))),
        ("currency", GOOD.replace(b'Ccy="EUR"', b'Ccy="CHF"')),
        ("currency", GOOD.replace(b'Ccy="EUR"', b"")),
        ("status", GOOD.replace(b"<Sts>BOOK<", b"<Sts>DONE<")),
        ("status", GOOD.replace(ENTRY, ENTRY.replace(b"CRDT", b"C"))),
        ("date", GOOD.replace(b"<CreDtTm>2026-01-05T23:59:59", b"<CreDtTm>yesterday")),
        ("page", GOOD.replace(b"</MsgId>", SECOND_PAGE, 1)),
        ("sum", GOOD.replace(CLOSING, CLOSING.replace(b"12.34", b"12.35"))),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_refused_with_its_reason(reason: str, data: bytes) -> None:
    assert why(data) == reason


LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&b;</Document>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document>&e;</Document>"""


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE, b"<!DOCTYPE Document><Document/>"])
def test_entities_and_document_types_are_refused_unread(data: bytes) -> None:
    assert why(data) == "forbidden"


def test_a_file_beyond_all_sizes_is_not_read_to_its_end() -> None:
    class Endless(BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            self.taken += 1
            return GOOD[: GOOD.index(b"<Ntry>")] if self.taken == 1 else b" " * (1 << 16)

    source = Endless()
    with pytest.raises(BadStatement) as caught:
        list(read_statements(source, 4 << 20))
    assert caught.value.why == "size"
    assert source.taken < 70


def test_one_entry_cannot_hold_all_the_memory() -> None:
    bloated = GOOD.replace(b"<RmtInf>", b"<RmtInf>" + b"<Ustrd>x</Ustrd>" * 30_000)
    assert why(bloated) == "size"


def test_memory_does_not_grow_with_the_file() -> None:
    """2,000 entries take what they say, not what their XML would."""
    data = written(*[Movement(100, True, name="Betaler", iban=IBAN)] * 2_000)
    tracemalloc.start()
    for statement in read_statements(BytesIO(data)):
        assert len(statement.entries) == 2_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_500_000, f"{peak} bytes for {len(data)} of XML"


def test_spaces_and_a_mark_before_the_first_tag_are_what_real_banks_send() -> None:
    assert read(b"\xef\xbb\xbf" + GOOD).closing == 12_34
    assert read(b"  \n" + GOOD).closing == 12_34
    assert read(GOOD.replace(IBAN.encode(), b"NL91 ABNA 0417 1643 00", 1)).iban == IBAN
    previous = GOOD.replace(b"OPBD", b"PRCD")
    assert read(previous).opening == 0


def test_several_statements_in_a_file_come_in_order() -> None:
    account = Account(IBAN)
    first, second = BytesIO(), BytesIO()
    account.write(first, [PAID], "2026-01-05")
    account.write(second, [charge(34)], "2026-01-06")
    end = b"</BkToCstmrStmt></Document>\n"
    start = second.getvalue().index(b"<Stmt>")
    both = first.getvalue().removesuffix(end) + second.getvalue()[start:]
    one, two = read_statements(BytesIO(both))
    assert (one.closing, two.opening, two.number) == (12_34, 12_34, 2)
    require_next(two, one.number, one.closing)


def test_a_gap_is_seen_by_balance_and_by_number() -> None:
    statement = read(GOOD.replace(b"<LglSeqNb>1<", b"<LglSeqNb>7<"))
    require_next(statement, 6, 0)
    require_next(statement, None, 0)
    with pytest.raises(BadStatement) as caught:
        require_next(statement, 6, 5)
    assert caught.value.why == "opening"
    with pytest.raises(BadStatement) as caught:
        require_next(statement, 5, 0)
    assert caught.value.why == "gap"
    require_next(read(GOOD), 365, 0)  # a new year begins at 1
