"""Models: torchvision's, for any number of channels and classes, and those that are defined elsewhere."""
