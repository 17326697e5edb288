"""History again, in order, from the ledger topic to another topic or to a stream. Nothing is executed again."""
