"""Who gets through the handshake, and whom the handler knows by the key at the other end."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from chain import crypto
from node import tls

SEEDS = {name: bytes([number]) * 32 for number, name in enumerate(("ada", "ben", "cas"), 1)}
KEYS = {name: crypto.public_key(seed) for name, seed in SEEDS.items()}


def identity(folder: Path, name: str) -> Path:
    (folder / name).mkdir(exist_ok=True)
    return tls.write_identity(folder / name, SEEDS[name])


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """A handshake in memory; both ends. Raises SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server),
    )
    waiting = set(ends)
    for _ in range(10):
        for end in ends[::-1]:
            try:
                end.do_handshake()
                waiting.discard(end)
            except ssl.SSLWantReadError:
                pass
    assert not waiting, "the handshake ends"
    return ends


def issued_by(name: str, leaf_key: Ed25519PrivateKey, folder: Path, *, ca: bool = False) -> Path:
    """A leaf for another key, signed by the key of `name`: what a known peer could mint."""
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "minted")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KEYS[name].hex())]))
        .public_key(leaf_key.public_key())
        .serial_number(7)
        .not_valid_before(tls._FROM)
        .not_valid_after(tls._UNTIL)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(Ed25519PrivateKey.from_private_bytes(SEEDS[name]), None)
    )
    file = folder / "minted.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + leaf_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def test_two_that_know_each_other_meet_and_see_the_others_key(tmp_path: Path) -> None:
    server = tls.context(identity(tmp_path, "ada"), [KEYS["ben"]], server=True)
    client = tls.context(identity(tmp_path, "ben"), [KEYS["ada"]], server=False)
    at_server, at_client = shake(server, client)
    assert tls.peer_key(at_server) == KEYS["ben"]
    assert tls.peer_key(at_client) == KEYS["ada"]
    assert at_server.version() == "TLSv1.3"


@pytest.mark.parametrize(("knows", "known"), [("ada", "ben"), ("ben", "ada")])
def test_a_stranger_fails_in_the_handshake_on_either_side(
    tmp_path: Path, knows: str, known: str
) -> None:
    """`knows` trusts `known`, who trusts somebody else."""
    trust = {knows: [KEYS[known]], known: [KEYS["cas"]]}
    server = tls.context(identity(tmp_path, "ada"), trust["ada"], server=True)
    client = tls.context(identity(tmp_path, "ben"), trust["ben"], server=False)
    with pytest.raises(ssl.SSLError):
        shake(server, client)


def test_our_own_leaf_is_no_authority(tmp_path: Path) -> None:
    pem = identity(tmp_path, "ada").read_bytes()
    leaf = x509.load_pem_x509_certificate(pem)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (tmp_path / "ada" / "tls.pem").stat().st_mode & 0o777 == 0o600


def test_a_leaf_minted_by_a_known_peer_is_told_by_its_key(tmp_path: Path) -> None:
    """The anchor vouches for it, so the handshake passes: the handler's comparison must not."""
    minted = Ed25519PrivateKey.generate()
    server = tls.context(identity(tmp_path, "ada"), [KEYS["ben"]], server=True)
    client = tls.context(issued_by("ben", minted, tmp_path), [KEYS["ada"]], server=False)
    at_server, _ = shake(server, client)
    found = tls.peer_key(at_server)
    assert found == minted.public_key().public_bytes_raw()
    assert found != KEYS["ben"]


def test_a_key_can_be_let_in_later(tmp_path: Path) -> None:
    server = tls.context(identity(tmp_path, "ada"), [], server=True)
    client = tls.context(identity(tmp_path, "ben"), [KEYS["ada"]], server=False)
    with pytest.raises(ssl.SSLError):
        shake(server, client)
    tls.trust(server, KEYS["ben"])
    at_server, _ = shake(server, client)
    assert tls.peer_key(at_server) == KEYS["ben"]


def test_an_older_tls_is_refused(tmp_path: Path) -> None:
    server = tls.context(identity(tmp_path, "ada"), [KEYS["ben"]], server=True)
    client = tls.context(identity(tmp_path, "ben"), [KEYS["ada"]], server=False)
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake(server, client)
