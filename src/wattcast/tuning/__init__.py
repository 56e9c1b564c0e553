"""Searching for the configuration that fits a station best."""
