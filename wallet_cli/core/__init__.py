"""What a wallet computes: keys, transactions, requests, checks. No files, no network, no clock."""
