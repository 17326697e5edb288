"""Whether everything that producers numbered is in the ledger and in the tables, and where the rest is."""
