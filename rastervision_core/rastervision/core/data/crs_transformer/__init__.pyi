from rastervision.core.box import Box as Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer as CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import (
    IdentityCRSTransformer as IdentityCRSTransformer,
)
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import (
    RasterioCRSTransformer as RasterioCRSTransformer,
)
