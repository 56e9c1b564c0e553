"""How good a forecast is: simple references, an honest view of the past, rolling tests, scores and reports."""
