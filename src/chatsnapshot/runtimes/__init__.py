"""One module per agent framework. Each turns what the framework says into ledger events and never disturbs the run."""
