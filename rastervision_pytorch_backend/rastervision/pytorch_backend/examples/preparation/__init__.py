"""Turns public data sets, as they are handed out, into what the examples read; see the command `prepare`."""
