"""Broken hubs, a file for each subject of the standard."""
