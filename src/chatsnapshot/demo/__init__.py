"""The live demo: a refund handled by two agents, a person and a bank, recorded, read back and proved."""
