"""Older path of :mod:`rastervision.core.data.scene_factory`."""

from rastervision.core.data.scene_factory import make_cc_scene as make_cc_scene
from rastervision.core.data.scene_factory import make_od_scene as make_od_scene
from rastervision.core.data.scene_factory import make_ss_scene as make_ss_scene
from rastervision.pipeline import lazy

lazy.also_give(
    __name__,
    'rastervision.core.data.uris: listify_uris',
    'rastervision.core.data.vector_source.geojson_vector_source: get_polygons_from_uris',
)
