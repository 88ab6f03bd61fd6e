"""Models of torchvision, timm and segmentation_models_pytorch, and those that are defined elsewhere."""
