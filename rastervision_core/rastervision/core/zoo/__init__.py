"""Models to download: an index of bundles, which anybody can make and host."""
