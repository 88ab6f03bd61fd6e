"""Pipelines for public data sets: to copy, and to compare with."""
