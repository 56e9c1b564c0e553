"""Models on disk: one folder for each version, and which version is in use."""
