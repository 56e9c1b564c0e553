"""From files to one regular, cleaned table per station."""
