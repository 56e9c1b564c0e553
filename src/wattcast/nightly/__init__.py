"""One night for all stations: a file for each of them first, then what makes the next ones better."""
