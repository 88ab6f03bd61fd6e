"""Examples of semantic segmentation: a class for each pixel."""
