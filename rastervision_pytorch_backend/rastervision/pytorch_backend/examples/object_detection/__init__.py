"""Examples of object detection: a box for each object."""
