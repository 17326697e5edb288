"""Envelopes in a file, checked as they would be on their way into the ledger, and nothing sent."""
