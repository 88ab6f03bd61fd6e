"""What differs between the tasks: models, losses, metrics."""
