"""What is kept of stations, on disk, in memory or in a database (`base`)."""
