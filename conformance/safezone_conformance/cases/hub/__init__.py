"""Cases against a hub."""
