"""Proof: every hash, number and cause recomputed from the raw ledger topic, and the tables compared with it."""
