"""Augmentation that examples for 0.31 use, to be given as `aug_transform=A.to_dict(...)`."""

import albumentations as A

GEOMETRY = [A.HorizontalFlip(), A.VerticalFlip(), A.RandomRotate90()]

# Colours of images of three bands change, too.
example_rgb_transform = A.Compose(
    [*GEOMETRY, A.OneOf([A.HueSaturationValue(), A.ToGray(), A.RandomBrightnessContrast()], p=0.75)]
)
# For any number of bands.
example_multiband_transform = A.Compose([*GEOMETRY, A.OneOf([A.Blur(), A.GaussNoise(), A.RandomGamma()], p=0.5)])
