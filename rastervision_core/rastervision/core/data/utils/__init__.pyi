from shapely.ops import unary_union as unary_union

from rastervision.core.box import Box as Box
from rastervision.core.data.geojson import MULTI_GEOM_TYPES as MULTI_GEOM_TYPES
from rastervision.core.data.geojson import PROGRESSBAR_DELAY_SEC as PROGRESSBAR_DELAY_SEC
from rastervision.core.data.utils.aoi_sampler import AoiSampler as AoiSampler
from rastervision.core.data.utils.factory import (
    make_cc_scene as make_cc_scene,
)
from rastervision.core.data.utils.factory import (
    make_od_scene as make_od_scene,
)
from rastervision.core.data.utils.factory import (
    make_ss_scene as make_ss_scene,
)
from rastervision.core.data.utils.geojson import (
    all_geoms_valid as all_geoms_valid,
)
from rastervision.core.data.utils.geojson import (
    buffer_geoms as buffer_geoms,
)
from rastervision.core.data.utils.geojson import (
    features_to_geojson as features_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    filter_features as filter_features,
)
from rastervision.core.data.utils.geojson import (
    filter_geojson_to_window as filter_geojson_to_window,
)
from rastervision.core.data.utils.geojson import (
    geojson_to_geodataframe as geojson_to_geodataframe,
)
from rastervision.core.data.utils.geojson import (
    geojson_to_geoms as geojson_to_geoms,
)
from rastervision.core.data.utils.geojson import (
    geom_to_feature as geom_to_feature,
)
from rastervision.core.data.utils.geojson import (
    geometries_to_geojson as geometries_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    geometry_to_feature as geometry_to_feature,
)
from rastervision.core.data.utils.geojson import (
    geoms_to_bbox_coords as geoms_to_bbox_coords,
)
from rastervision.core.data.utils.geojson import (
    geoms_to_geojson as geoms_to_geojson,
)
from rastervision.core.data.utils.geojson import (
    get_geodataframe_extent as get_geodataframe_extent,
)
from rastervision.core.data.utils.geojson import (
    get_geojson_extent as get_geojson_extent,
)
from rastervision.core.data.utils.geojson import (
    get_polygons_from_uris as get_polygons_from_uris,
)
from rastervision.core.data.utils.geojson import (
    is_empty_feature as is_empty_feature,
)
from rastervision.core.data.utils.geojson import (
    map_features as map_features,
)
from rastervision.core.data.utils.geojson import (
    map_geoms as map_geoms,
)
from rastervision.core.data.utils.geojson import (
    map_to_pixel_coords as map_to_pixel_coords,
)
from rastervision.core.data.utils.geojson import (
    merge_geojsons as merge_geojsons,
)
from rastervision.core.data.utils.geojson import (
    pixel_to_map_coords as pixel_to_map_coords,
)
from rastervision.core.data.utils.geojson import (
    remove_empty_features as remove_empty_features,
)
from rastervision.core.data.utils.geojson import (
    simplify_polygons as simplify_polygons,
)
from rastervision.core.data.utils.geojson import (
    split_multi_geometries as split_multi_geometries,
)
from rastervision.core.data.utils.misc import (
    all_equal as all_equal,
)
from rastervision.core.data.utils.misc import (
    color_to_integer as color_to_integer,
)
from rastervision.core.data.utils.misc import (
    color_to_triple as color_to_triple,
)
from rastervision.core.data.utils.misc import (
    ensure_json_serializable as ensure_json_serializable,
)
from rastervision.core.data.utils.misc import (
    listify_uris as listify_uris,
)
from rastervision.core.data.utils.misc import (
    match_bboxes as match_bboxes,
)
from rastervision.core.data.utils.misc import (
    normalize_color as normalize_color,
)
from rastervision.core.data.utils.misc import (
    parse_array_slices_2d as parse_array_slices_2d,
)
from rastervision.core.data.utils.misc import (
    parse_array_slices_Nd as parse_array_slices_Nd,
)
from rastervision.core.data.utils.misc import (
    rgb_to_int_array as rgb_to_int_array,
)
from rastervision.core.data.utils.misc import (
    save_img as save_img,
)
from rastervision.core.data.utils.raster import fill_overflow as fill_overflow
from rastervision.core.data.utils.raster import pad_to_window_size as pad_to_window_size
from rastervision.core.data.utils.rasterio import (
    build_vrt as build_vrt,
)
from rastervision.core.data.utils.rasterio import (
    crop_geotiff as crop_geotiff,
)
from rastervision.core.data.utils.rasterio import (
    download_and_build_vrt as download_and_build_vrt,
)
from rastervision.core.data.utils.rasterio import (
    get_aws_session as get_aws_session,
)
from rastervision.core.data.utils.rasterio import (
    get_channel_order_from_dataset as get_channel_order_from_dataset,
)
from rastervision.core.data.utils.rasterio import (
    is_masked as is_masked,
)
from rastervision.core.data.utils.rasterio import (
    read_window as read_window,
)
from rastervision.core.data.utils.rasterio import (
    write_bbox as write_bbox,
)
from rastervision.core.data.utils.rasterio import (
    write_geotiff_like_geojson as write_geotiff_like_geojson,
)
from rastervision.core.data.utils.rasterio import (
    write_window as write_window,
)
from rastervision.core.data.utils.vectorization import (
    denoise as denoise,
)
from rastervision.core.data.utils.vectorization import (
    get_kernel as get_kernel,
)
from rastervision.core.data.utils.vectorization import (
    get_rectangle as get_rectangle,
)
from rastervision.core.data.utils.vectorization import (
    mask_to_building_polygons as mask_to_building_polygons,
)
from rastervision.core.data.utils.vectorization import (
    mask_to_polygons as mask_to_polygons,
)
from rastervision.core.data.vectorize.buildings import RotatedRectange as RotatedRectange
from rastervision.pipeline.file_system.local_file_system import make_dir as make_dir
from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import file_to_json as file_to_json
from rastervision.pipeline.file_system.utils import get_local_path as get_local_path
from rastervision.pipeline.file_system.utils import get_tmp_dir as get_tmp_dir
from rastervision.pipeline.file_system.utils import upload_or_copy as upload_or_copy
