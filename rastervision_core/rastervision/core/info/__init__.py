"""What files are, for people: bundles, images, labels."""
