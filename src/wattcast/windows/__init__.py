"""From feature tables to batches of windows: scaling, the split by origin, and lazy views of one array."""
