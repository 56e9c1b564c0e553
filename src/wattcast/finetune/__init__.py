"""Keeping a model up to date: new rows, fine-tuning, and the gate that decides."""
