"""Examples of chip classification: a class for each cell of a grid."""
