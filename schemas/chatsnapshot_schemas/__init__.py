"""The contract: envelope, ledger record, payload models, schemas, codec, keys, chain, reason codes and errors."""
