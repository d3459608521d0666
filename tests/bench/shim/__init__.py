"""A disk that forgets what was not synchronised: `recorder.c` notes, `disk.py` makes the image of a crash."""
