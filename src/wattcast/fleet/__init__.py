"""Many stations at once: executors, the ledger of a run, the plan of what it takes."""
