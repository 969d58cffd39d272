"""A validator or observer: the replica (pure logic) and the shell that runs it on a machine.

Ring 2, no I/O: effects, messages, mempool, signer, wal, store, sync, replica. Ring 3: the rest.
"""
