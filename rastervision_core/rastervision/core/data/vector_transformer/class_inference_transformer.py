"""Gives features their class ids."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.class_names import canonical, ids_of_names
from rastervision.core.data.features import Features, whole_number
from rastervision.core.data.vector_transformer.label_maker.filter import Predicate, create_filter
from rastervision.core.data.vector_transformer.vector_transformer import FeaturesTransformer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, LabelError, did_you_mean
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(
    __name__,
    'rastervision.core.data.geojson: features_to_geojson',
    'rastervision.core.data.vector_transformer.vector_transformer: VectorTransformer',
)

log = logging.getLogger(__name__)

NAME_PROPERTIES = ('class_name', 'label')
MAX_NAMES_SHOWN = 10


class ClassInferenceTransformer(FeaturesTransformer):
    """Gives each feature the property `class_id`, and drops those for which it finds none.

    The first of these that gives a class id is taken:

    1. the property `class_id`, as it is, with a warning if `class_name` or `label` is the name of another class;
    2. the property `class_name`, else `label`, as a name in `class_config`, after `class_name_mapping`;
    3. the first filter in `class_id_to_filter` that the feature passes;
    4. `default_class_id`.
    """

    gives_classes = True

    def __init__(
        self,
        default_class_id: int | None,
        class_config: 'ClassConfig | None' = None,
        class_id_to_filter: Mapping[int, Sequence[Any] | Predicate] | None = None,
        class_name_mapping: Mapping[str, str] | None = None,
    ) -> None:
        """Make a transformer.

        Args:
            default_class_id: Class id of features for which nothing else gives one. None: they are dropped.
            class_config: The classes, to look names up.
            class_id_to_filter: Class id -> filter, see `create_filter`, or what that makes of one.
            class_name_mapping: Name in the data -> name in `class_config`, where they differ.

        Raises:
            ConfigError: If a filter is not one, or names are mapped to those of no classes.
        """
        if class_name_mapping and class_config is None:
            raise ConfigError('class_name_mapping maps to the names of class_config, which is missing. Give both.')
        self.default_class_id = default_class_id
        self.class_config = class_config
        self.class_id_to_filter = class_id_to_filter
        self.class_name_mapping = class_name_mapping
        self._filters: list[tuple[int, Predicate]] = [
            (int(class_id), filt if callable(filt) else create_filter(filt))
            for class_id, filt in (class_id_to_filter or {}).items()
        ]
        self._names = [] if class_config is None else class_config.names
        self._ids = ids_of_names(self._names)
        self._mapping = {canonical(name): mapped for name, mapped in (class_name_mapping or {}).items()}
        self._has_warned = False

    @staticmethod
    def infer_feature_class_id(
        feature: dict[str, Any],
        default_class_id: int | None,
        class_config: 'ClassConfig | None' = None,
        class_id_to_filter: Mapping[int, Sequence[Any] | Predicate] | None = None,
        class_name_mapping: Mapping[str, str] | None = None,
    ) -> int | None:
        """The class id of a GeoJSON Feature, or None; see the class."""
        transformer = ClassInferenceTransformer(default_class_id, class_config, class_id_to_filter, class_name_mapping)
        class_id: int | None = transformer._infer(feature)
        return class_id

    def transform_features(self, features: Features, crs_transformer: 'CRSTransformer | None' = None) -> Features:
        """Set `class_id`, and drop features without one, with one warning for all of them.

        Raises:
            LabelError: If a feature has a class id that is none of `class_config`.
        """
        class_ids = self._infer_all(features)
        self._check(class_ids)
        self._warn_of_other_names(features)
        found = np.array([class_id is not None for class_id in class_ids], dtype=bool)
        if not found.all():
            self._warn(features, found)
        properties = [
            {**each, 'class_id': class_id} for each, class_id in zip(features.properties, class_ids, strict=True)
        ]
        return features.with_properties(properties).take(found)

    def reach(self, region: Box, crs_transformer: 'CRSTransformer | None' = None) -> float:
        """Nothing: geometries stay as they are."""
        return 0

    def _infer_all(self, features: Features) -> list[Any]:
        if not is_overridden(self, 'infer_feature_class_id', base=ClassInferenceTransformer):
            return [self._infer(feature) for feature in self._as_dicts(features)]
        options: dict[str, Any] = {
            'class_config': self.class_config,
            'class_id_to_filter': dict(self._filters),
            'class_name_mapping': self.class_name_mapping,
        }
        infer = self.infer_feature_class_id
        return [infer(feature, self.default_class_id, **options) for feature in features.to_geojson()['features']]

    def _as_dicts(self, features: Features) -> list[dict[str, Any]]:
        """The features as filters see them: without coordinates. Types are looked up only if there are filters."""
        types = features.geom_types if self._filters else [None] * len(features)
        return [
            {'properties': properties, 'geometry': {'type': type_}, 'id': id_}
            for properties, type_, id_ in zip(features.properties, types, features.ids, strict=True)
        ]

    def _infer(self, feature: dict[str, Any]) -> Any:
        properties: dict[str, Any] = feature.get('properties') or {}
        class_id: Any = properties.get('class_id')
        if class_id is not None:
            return class_id
        class_id = self._ids.get(self._name(properties))
        if class_id is not None:
            return class_id
        for class_id, passes in self._filters:
            if passes(feature):
                return class_id
        return self.default_class_id

    def _name(self, properties: dict[str, Any]) -> Any:
        """The name of the class that a feature says it has, in terms of `class_config`."""
        for key in NAME_PROPERTIES:
            name = properties.get(key)
            known = canonical(name)
            if known is not None:
                return canonical(self._mapping.get(known, known))
        return None

    def _check(self, class_ids: list[Any]) -> None:
        """See that class ids are those of classes."""
        if self.class_config is None:
            return
        numbers = [whole_number(class_id) for class_id in class_ids if class_id is not None]
        wrong = [number is None or not 0 <= number < len(self._names) for number in numbers]
        if any(wrong):
            given = [class_id for class_id in class_ids if class_id is not None]
            found = list(dict.fromkeys(repr(class_id) for class_id, bad in zip(given, wrong, strict=True) if bad))
            raise LabelError(
                f'{sum(wrong)} of {len(class_ids)} features have a class_id that is no class: '
                f'{", ".join(found[:MAX_NAMES_SHOWN])}. Class ids go from 0 to {len(self._names) - 1}: '
                f'{self._names!r:.500}. Add the classes to class_config, or leave such features out: where of a '
                'VectorFileSourceConfig does.'
            )

    def _warn_of_other_names(self, features: Features) -> None:
        """Say once if features have the class_id of one class and the name of another."""
        if self._has_warned or self.class_config is None:
            return
        pairs = [(whole_number(each.get('class_id')), self._ids.get(self._name(each))) for each in features.properties]
        others = [(given, named) for given, named in pairs if None not in (given, named) and given != named]
        if others:
            given, named = others[0]
            log.warning(
                '%d of %d features have the name of one class and the class_id of another, such as %r, but class_id '
                '%d, which is %r here. The class_id counts. If the file numbers classes in another way than '
                'class_config, bring names of class_config into its order, or leave class_id out (columns of a '
                'VectorFileSourceConfig).',
                len(others),
                len(features),
                self._names[named],  # type: ignore[index]
                given,
                self._names[given],  # type: ignore[index]
            )
            self._has_warned = True

    def _warn(self, features: Features, found: np.ndarray) -> None:
        """Say how many features are dropped, and what they have instead of a class."""
        dropped = [features.properties[i] for i in np.flatnonzero(~found).tolist()]
        names = sorted({str(name) for name in map(self._name, dropped) if name is not None})
        keys = sorted({key for properties in dropped for key in properties})
        hint = did_you_mean(names[0], self._names) if names else ''
        log.warning(
            '%d of %d features have no class and are dropped. Class names found that class_config lacks: %s; '
            'properties found: %s; classes: %s%s',
            len(dropped),
            len(features),
            names[:MAX_NAMES_SHOWN],
            keys[:MAX_NAMES_SHOWN],
            self._names,
            hint or '. Set default_class_id, class_id_to_filter or class_name_mapping to keep them.',
        )
