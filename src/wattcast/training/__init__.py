"""Fitting a network to a station's history."""
