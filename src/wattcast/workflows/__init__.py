"""One module for each verb; the only place where the parts are wired together."""
