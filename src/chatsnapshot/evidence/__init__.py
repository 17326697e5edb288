"""Evidence: a part of the ledger as files that prove themselves, and roots that were kept elsewhere."""
