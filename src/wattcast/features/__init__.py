"""From a station's table to the columns a network reads, each one leaving with its role."""
