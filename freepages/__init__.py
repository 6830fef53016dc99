"""freepages."""
