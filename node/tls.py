"""TLS identities: a certificate made from the node key, trusted by that key alone.

Nobody exchanges certificates. A node knows the public node keys of the seats (chain state) and of
its address book; for each it makes a trust anchor of its own, holding that key under a subject
name derived from it. A peer presents a leaf certificate for its node key, issued under that name
and signed by that same key. A stranger's handshake fails before a byte of it is parsed.

Two traps. An anchor could vouch for leaves with other keys: leaves are CA:FALSE, and the handler
compares the raw key (`peer_key`). Anchors can be added to a live context, never removed: the
handler's comparison is what refuses a removed seat.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from node.disk import replace_file

_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2120, 1, 1, tzinfo=UTC)
"""Certificates here carry a key, not a term: expired ones have cost other networks their quorum."""

# Signs the anchors; a trusted root's own signature is not looked at.
_ANCHOR_SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def _name(key: bytes) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, key.hex())])


def anchor(key: bytes) -> bytes:
    """A trust anchor (DER) for a public node key."""
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(key))
        .issuer_name(_name(key))
        .public_key(Ed25519PublicKey.from_public_bytes(key))
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(_ANCHOR_SIGNER, None)
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def write_identity(folder: Path, seed: bytes) -> Path:
    """Write our leaf certificate and key as one PEM file; returns its path."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key()
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")]))
        .issuer_name(_name(public.public_bytes_raw()))
        .public_key(public)
        .serial_number(2)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, None)
    )
    pem = leaf.public_bytes(serialization.Encoding.PEM) + private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "tls.pem"
    replace_file(path, pem)
    return path


def context(identity: Path, known: Iterable[bytes], *, server: bool) -> ssl.SSLContext:
    """TLS 1.3 with certificates on both sides, trusting the given node keys."""
    protocol = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
    made = ssl.SSLContext(protocol)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(identity)
    for key in known:
        trust(made, key)
    return made


def trust(live: ssl.SSLContext, key: bytes) -> None:
    """Let a key in from the next handshake on."""
    live.load_verify_locations(cadata=anchor(key))


def peer_key(tls: ssl.SSLObject | None) -> bytes | None:
    """The raw public key of who is at the other end; None if it is not Ed25519."""
    der = None if tls is None else tls.getpeercert(binary_form=True)
    if der is None:
        return None
    public = x509.load_der_x509_certificate(der).public_key()
    return public.public_bytes_raw() if isinstance(public, Ed25519PublicKey) else None
