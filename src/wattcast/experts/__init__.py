"""What can forecast a station, each by itself."""
