"""`socialcoin genesis`: found a chain.

    regions  ->  account, seat (each founder, on their own machine)  ->  new  ->  validate
             ->  sign (each board)  ->  every node starts from the same file

Commands that read or make parts are in `cli_parts.py`.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from chain.address import encode_address
from chain.errors import Malformed
from chain.rules import PARAMETER_LIST
from genesis import console
from genesis.cli_parts import account, key, regions, seat
from genesis.console import N_, Exit, Settings, UserError, _
from genesis.document import Genesis, chain_id, dump, parse
from genesis.findings import Finding
from genesis.homes import read_founder_seed
from genesis.summary import findings_json, summary, summary_text
from genesis.texts import ngettext

FILE = click.Path(path_type=Path, dir_okay=False)


@console.group(help=N_("Found a chain: the document every node starts from."))
def group() -> None:
    pass


for part in (regions, account, seat, key):
    group.add_command(part)


def read_genesis(path: Path) -> Genesis:
    """Raises UserError (or OSError, which says the same)."""
    try:
        return parse(path.read_bytes())
    except Malformed as error:
        raise UserError(
            _("{path} is not a genesis document: {error}").format(path=path, error=error)
        ) from None


def write_new(path: Path, data: bytes) -> None:
    """Never over a file that is there."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UserError(
            _("{path} exists already: give another name, or move it away.").format(path=path)
        ) from None


@group.command(help=N_("Make a genesis document, from a spec or by answering questions."))
@click.option("--out", "out_file", type=FILE, required=True, help=N_("The document to write."))
@click.option("--from", "spec", type=FILE, help=N_("The spec (TOML) to make it from."))
@console.common_options
def new(settings: Settings, out_file: Path, spec: Path | None) -> None:
    from genesis.rules import validate
    from genesis.spec import from_spec

    if out_file.exists():
        raise UserError(
            _("{path} exists already: give another name, or move it away.").format(path=out_file)
        )
    source = _guided(out_file) if spec is None else spec
    try:
        genesis = from_spec(source.read_bytes(), source.parent, time.time_ns() // 1_000_000)
    except Malformed as error:
        raise UserError(f"{source}: {error}") from None
    findings = validate(genesis)
    if findings:
        _refuse(settings, source, findings)
    write_new(out_file, dump(genesis))
    text = _("{path} is written.").format(path=out_file) + "\n" + summary_text(genesis)
    console.out(settings, {"file": str(out_file), **summary(genesis)}, text)


def _guided(out_file: Path) -> Path:
    from genesis.guide import guided_spec

    if not console.on_terminal():
        raise UserError(
            _("There is no terminal to ask questions on: give --from spec.toml."), Exit.USAGE
        )
    spec = out_file.with_suffix(".spec.toml")
    text = guided_spec(
        lambda question, default: str(click.prompt(question, default=default or None, err=True))
    )
    write_new(spec, text.encode())
    console.note(_("Your answers are in {path}; change them there.").format(path=spec))
    return spec


def _refuse(settings: Settings, path: Path, findings: list[Finding]) -> None:
    """All findings on stderr, then the failure."""
    for finding in findings:
        console.note(str(finding))
    count = len(findings)
    raise UserError(
        ngettext("{path}: {n} finding.", "{path}: {n} findings.", count).format(path=path, n=count),
        name="InvalidGenesis",
        fields={},
        details={"findings": findings_json(findings)},
    )


@group.command(help=N_("Show what a genesis document says."))
@click.argument("file", type=FILE, required=False)
@click.option("--parameters", is_flag=True, help=N_("List all parameters and their bounds."))
@console.common_options
def show(settings: Settings, file: Path | None, parameters: bool) -> None:
    if parameters:
        import governance_contracts.versions  # noqa: F401  (contracts declare parameters)

        listed = [PARAMETER_LIST[name] for name in sorted(PARAMETER_LIST)]
        data = [
            {"name": p.name, "default": p.default, "low": p.low, "high": p.high,
             "meaning": p.meaning}
            for p in listed
        ]  # fmt: skip
        rows = [f"{p.name:24} {p.default:>12} {p.low}..{p.high}  {p.meaning}" for p in listed]
        console.out(settings, data, "\n".join(rows))
        return
    if file is None:
        raise UserError(_("Name the genesis file to show."), Exit.USAGE)
    genesis = read_genesis(file)
    console.out(settings, summary(genesis), summary_text(genesis))


@group.command(help=N_("Check a genesis document against every rule; report all findings."))
@click.argument("file", type=FILE)
@console.common_options
def validate(settings: Settings, file: Path) -> None:
    from genesis import rules

    genesis = read_genesis(file)
    findings = rules.validate(genesis)
    if findings:
        _refuse(settings, file, findings)
    data = {"valid": True, "chain_id": chain_id(genesis).hex(), "findings": []}
    console.out(
        settings, data, _("{path} keeps every rule. {id}").format(path=file, id=data["chain_id"])
    )


@group.command(help=N_("Sign a genesis document as a member of a board, or see who has signed."))
@click.argument("file", type=FILE)
@click.option("--key-file", type=FILE, help=N_("Your private key; without it nothing is signed."))
@console.common_options
def sign(settings: Settings, file: Path, key_file: Path | None) -> None:
    from chain import crypto
    from genesis import rules, signing

    genesis = read_genesis(file)
    beside = file.with_name(file.name + signing.SUFFIX)
    try:
        signatures = signing.read_signatures(beside.read_bytes())
    except FileNotFoundError:
        signatures = signing.no_signatures(genesis)
    except Malformed as error:
        raise UserError(f"{beside}: {error}") from None
    chain = chain_id(genesis)
    if signatures.chain_id != chain:
        raise UserError(
            _(
                "{path} belongs to another document: the genesis was changed after signing. Move "
                "it away and let the boards sign again."
            ).format(path=beside)
        )
    if key_file is not None:
        if findings := rules.validate(genesis):
            _refuse(settings, file, findings)
        seed = read_founder_seed(key_file)
        found = signing.places_of_key(genesis, crypto.public_key(seed))
        if not found:
            raise UserError(
                _("This key is not a key of a member of a board in this document."), Exit.KEY
            )
        for member, number in found:
            made = crypto.sign(seed, signing.founding_bytes(chain, member))
            signatures = signing.with_signature(signatures, member, number, made)
        beside.write_bytes(signing.write_signatures(signatures))
    boards = signing.boards_signed(genesis, signatures)
    lines = [
        _("{wijk}: {signed} of {members} signed, {needed} needed").format(
            wijk=b.wijk, signed=len(b.signed), members=b.members, needed=b.needed
        )
        for b in boards
    ]
    data = {
        "chain_id": chain.hex(),
        "file": str(beside),
        "agreed": all(b.agreed for b in boards),
        "bad_signatures": len(signing.bad_signatures(genesis, signatures)),
        "boards": [
            {
                "wijk": b.wijk,
                "signed": [encode_address(genesis.prefix, m) for m in b.signed],
                "members": b.members,
                "needed": b.needed,
                "agreed": b.agreed,
            }
            for b in boards
        ],
    }
    if data["bad_signatures"]:
        lines.append(
            _("{n} signatures do not hold and do not count.").format(n=data["bad_signatures"])
        )
    console.out(settings, data, "\n".join(lines))


@group.command(help=N_("Write a testnet of the demo city: a home per validator, and all keys."))
@click.option(
    "--validators", type=click.IntRange(1, 10), default=4, show_default=True,
    help=N_("How many wijken, each with a validator."),
)  # fmt: skip
@click.option(
    "--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True,
    help=N_("A new folder."),
)  # fmt: skip
@click.option("--short", is_flag=True, help=N_("Short timers, for idle tests."))
@click.option("--residents", type=click.IntRange(0, 1_000_000), default=24, show_default=True,
              help=N_("How many people besides boards and shops."))  # fmt: skip
@click.option("--seed", help=N_("64 hexadecimal digits, to get the same keys again."))
@click.option("--port-base", type=click.IntRange(1, 65_000), default=46_500, show_default=True,
              help=N_("First of two ports for each validator."))  # fmt: skip
@console.common_options
def testnet(
    settings: Settings,
    validators: int,
    folder: Path,
    short: bool,
    residents: int,
    seed: str | None,
    port_base: int,
) -> None:
    from genesis.city import demo_city
    from genesis.testnet import addresses, write_testnet
    from genesis.words import salt_from_entropy, seed_from_entropy

    now_ms = time.time_ns() // 1_000_000
    city = demo_city(
        validators, _seed(seed), residents, seed_from_entropy, salt_from_entropy, now_ms, short
    )
    nodes = addresses(city, port_base)
    written = write_testnet(city, folder, nodes)
    data = {
        "chain_id": written.chain.hex(),
        "genesis": str(written.genesis),
        "people": str(written.people),
        "nodes": [
            {"name": n.name, "wijk": n.wijk, "home": str(h.root), "url": f"http://{n.api}"}
            for n, h in zip(nodes, written.homes, strict=True)
        ],
    }
    lines = [
        _("A testnet of {n} validators is in {folder}.").format(n=validators, folder=folder),
        _("chain id    {id}").format(id=written.chain.hex()),
        *(f"{n.name}  {n.wijk}  http://{n.api}" for n in nodes),
        _(
            "Make each ready with `socialcoin node init --home {folder}/node1`, then start it with "
            "`socialcoin node start --home {folder}/node1`."
        ).format(folder=folder),
    ]
    console.out(settings, data, "\n".join(lines))


def _seed(text: str | None) -> bytes:
    if text is None:
        return secrets.token_bytes(32)
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise UserError(_("--seed has 64 hexadecimal digits."), Exit.USAGE)
    return seed
