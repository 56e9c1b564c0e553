"""Why a forecast is what it is, and why it was wrong."""
