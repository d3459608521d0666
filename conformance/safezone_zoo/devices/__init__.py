"""Broken devices, a file for each class."""
