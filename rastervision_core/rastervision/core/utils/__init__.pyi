from rastervision.core.types import NonEmptyStr as NonEmptyStr
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.types import Proportion as Proportion
from rastervision.core.types import Vector as Vector
from rastervision.core.utils.cog import (
    create_cog as create_cog,
)
from rastervision.core.utils.cog import (
    gdal_cog_commands as gdal_cog_commands,
)
from rastervision.core.utils.cog import (
    run_cmd as run_cmd,
)
from rastervision.core.utils.misc import (
    calculate_required_padding as calculate_required_padding,
)
from rastervision.core.utils.misc import (
    ensure_tuple as ensure_tuple,
)
from rastervision.core.utils.stac import (
    get_linked_image_item as get_linked_image_item,
)
from rastervision.core.utils.stac import (
    is_label_item as is_label_item,
)
from rastervision.core.utils.stac import (
    parse_stac as parse_stac,
)
from rastervision.core.utils.stac import (
    read_stac as read_stac,
)
from rastervision.core.utils.stac import (
    setup_stac_io as setup_stac_io,
)
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
