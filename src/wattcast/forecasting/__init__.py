"""From a fitted model and what is known at an origin to a forecast."""
