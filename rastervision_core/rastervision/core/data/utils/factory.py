"""Older path of :mod:`rastervision.core.data.scene_factory`."""

from rastervision.core.data.scene_factory import make_cc_scene as make_cc_scene
from rastervision.core.data.scene_factory import make_od_scene as make_od_scene
from rastervision.core.data.scene_factory import make_ss_scene as make_ss_scene
