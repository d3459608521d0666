"""The cases, a file for each subject of the standard."""
