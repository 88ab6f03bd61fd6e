from rastervision.pytorch_learner.dataset.image_files import IMG_EXTENSIONS as IMG_EXTENSIONS
from rastervision.pytorch_learner.dataset.utils.utils import (
    DatasetError as DatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    GeoDatasetError as GeoDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    ImageDatasetError as ImageDatasetError,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    discover_images as discover_images,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    load_image as load_image,
)
from rastervision.pytorch_learner.dataset.utils.utils import (
    make_image_folder_dataset as make_image_folder_dataset,
)
