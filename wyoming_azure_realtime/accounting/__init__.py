"""What was spent and what happened: prices, the ledger with its limits and its file, and metrics."""
