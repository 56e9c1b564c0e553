"""What people call the simple forecasts, for whoever names them without asking them."""

SIMPLE_WORDS = {
    "seasonal-naive": "same as 7 days ago", "weekly-mean": "mean of the last 4 weeks", "naive-day": "same as yesterday"}
