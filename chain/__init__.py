"""The ledger: bytes, transactions, state, proofs and the one function that applies a block.

This folder imports nothing else of the project. It does no I/O and reads no clock: whatever it
needs is given to it.
"""
