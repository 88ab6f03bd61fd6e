"""Older path of `errors`, `image_files` and `image_folder` in :mod:`rastervision.pytorch_learner.dataset`."""

from rastervision.pytorch_learner.dataset.errors import DatasetError as DatasetError
from rastervision.pytorch_learner.dataset.errors import GeoDatasetError as GeoDatasetError
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError as ImageDatasetError
from rastervision.pytorch_learner.dataset.image_files import IMG_EXTENSIONS as IMG_EXTENSIONS
from rastervision.pytorch_learner.dataset.image_files import discover_images as discover_images
from rastervision.pytorch_learner.dataset.image_files import load_image as load_image
from rastervision.pytorch_learner.dataset.image_folder import make_image_folder_dataset as make_image_folder_dataset
