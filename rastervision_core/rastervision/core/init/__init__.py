"""Makes projects to start from."""
