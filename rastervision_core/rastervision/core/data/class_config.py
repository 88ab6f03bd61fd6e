"""The classes of a task: their names, ids and colours."""

from collections import Counter
from typing import Any

from pydantic import Field, model_validator

from rastervision.core.data.class_names import canonical, ids_of_names
from rastervision.core.data.colors import color_to_triple, make_colors, normalize_color
from rastervision.core.defaults import NULL_CLASS, NULL_COLOR
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, UnknownClassIdError, did_you_mean

DEFAULT_NULL_CLASS_NAME = NULL_CLASS
DEFAULT_NULL_CLASS_COLOR = NULL_COLOR


@register_config('class_config')
class ClassConfig(Config):
    """Names, colours and the null class of the classes that labels and predictions have.

    The id of a class is its position in `names`.
    """

    names: list[str] = Field(..., description='Names of the classes. The id of a class is its position.')
    colors: list[str | tuple[Any, ...]] | None = Field(
        None,
        description='A colour for each class: a CSS name or code, or red, green, blue from 0 to 255. '
        'None: colours that are easy to tell apart, the same ones each time.',
    )
    null_class: str | None = Field(
        None,
        description='Name of the class, among names, for pixels without data. '
        "None: the class called 'null', if there is one. Semantic segmentation adds such a class if needed.",
    )

    @model_validator(mode='after')
    def validate_names(self) -> 'ClassConfig':
        """Check that each name is there once; see `canonical` for which are the same."""
        twice = [name for name, count in Counter(map(canonical, self.names)).items() if count > 1]
        if twice:
            raise ConfigError(f'names has {twice[0]!r} twice: {self.names!r:.500}. Give each class a name of its own.')
        return self

    @model_validator(mode='after')
    def validate_colors(self) -> 'ClassConfig':
        """Make colours up if there are none; check that there is one for each class."""
        if self.colors is None:
            self._set(colors=make_colors(len(self.names)))
        elif len(self.colors) != len(self.names):
            raise ConfigError(
                f'colors has {len(self.colors)} entries for {len(self.names)} names ({self.names!r}). '
                'Give one for each class, or leave colors out.'
            )
        return self

    @model_validator(mode='after')
    def validate_null_class(self) -> 'ClassConfig':
        """Find the null class among the names, or check that it is there."""
        if self.null_class is None:
            if NULL_CLASS in self.names:
                self._set(null_class=NULL_CLASS)
        elif self.null_class not in self.names:
            raise ConfigError(
                f'null_class {self.null_class!r} is not in names {self.names!r}'
                f'{did_you_mean(self.null_class, self.names) or "."}'
            )
        elif self.null_class != NULL_CLASS and NULL_CLASS in self.names:
            raise ConfigError(
                f'null_class is {self.null_class!r}, but names also has {NULL_CLASS!r}. Rename or remove one of them.'
            )
        return self

    def validate_config(self) -> None:
        """Check that each colour is one.

        Raises:
            ConfigError: Naming the colour that is not.
        """
        for color in self.colors or ():
            color_to_triple(color)

    def __len__(self) -> int:
        return len(self.names)

    def get_class_id(self, name: str) -> int:
        """The id of a class.

        Raises:
            ConfigError: If there is no class of this name.
        """
        class_id = ids_of_names(self.names).get(canonical(name))
        if class_id is None:
            raise ConfigError(
                f'There is no class {name!r}. The classes are {self.names!r}{did_you_mean(name, self.names) or "."}'
            )
        return class_id

    def check_class_id(self, class_id: int | None, where: str) -> None:
        """Check that an id in a config is that of a class.

        Args:
            class_id: The id. None is fine.
            where: The field, for the message.

        Raises:
            ConfigError: If there is no such class.
        """
        if class_id is not None and not 0 <= class_id < len(self):
            raise ConfigError(
                f'{where} is {class_id!r}, but class ids go from 0 to {len(self) - 1}: {self.names!r:.500}.'
            )

    def get_name(self, id: int) -> str:
        """The name of a class.

        Raises:
            UnknownClassIdError: If there is no class of this id.
        """
        if not 0 <= id < len(self):
            raise UnknownClassIdError(
                f'There is no class of id {id!r}. Ids go from 0 to {len(self) - 1}: {self.names!r}.'
            )
        return self.names[id]

    @property
    def null_class_id(self) -> int:
        """The id of the null class.

        Raises:
            ConfigError: If there is none; `ensure_null_class` adds one.
        """
        if self.null_class is None:
            raise ConfigError(
                f'The classes {self.names!r} have no null class. Set null_class, or add a class {NULL_CLASS!r}.'
            )
        return self.get_class_id(self.null_class)

    def get_color_to_class_id(self) -> dict[str | tuple[Any, ...], int]:
        """Each colour, as it was given, with the id of its class."""
        return {color: class_id for class_id, color in enumerate(self.colors or ())}

    def ensure_null_class(self) -> None:
        """Add a null class, called `'null'` and black, if there is none.

        If black is taken, the class gets a colour of its own.
        """
        if self.null_class is not None:
            return
        colors = list(self.colors or ())
        black_is_taken = color_to_triple(NULL_COLOR) in map(color_to_triple, colors)
        color = make_colors(1, taken=colors)[0] if black_is_taken else NULL_COLOR
        self._set(names=[*self.names, NULL_CLASS], colors=[*colors, color], null_class=NULL_CLASS)

    @property
    def color_triples(self) -> list[tuple[float, float, float]]:
        """Red, green and blue of each class, from 0 to 1."""
        return [normalize_color(color) for color in self.colors or ()]
