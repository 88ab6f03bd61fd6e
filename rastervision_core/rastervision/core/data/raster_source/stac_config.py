"""Configures what is read from STAC catalogues."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from pystac import Item, ItemCollection

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: file_to_json')


def subset_assets(item: 'Item', assets: list[str]) -> 'Item':
    """A copy of an item with some of its assets, in the given order.

    Raises:
        ConfigError: If the item does not have one of them.
    """
    missing = [name for name in assets if name not in item.assets]
    if missing:
        raise ConfigError(
            f'STAC item {item.id!r} has no asset {missing[0]!r}. It has {", ".join(item.assets)}'
            f'{did_you_mean(missing[0], item.assets) or "."}'
        )
    subset: Item = item.clone()
    subset.assets = {name: subset.assets[name] for name in assets}
    return subset


@register_config('stac_item')
class STACItemConfig(Config):
    """Configure which STAC item to read, and which of its assets."""

    uri: str = Field(..., description='URI of the JSON file of the item.')
    assets: list[str] | None = Field(None, description='Names of the assets to use, in that order. None: all.')

    def build(self) -> 'Item':
        """Read the item."""
        lazy.require('pystac', 'rastervision_core[stac]')
        from pystac import Item

        from rastervision.core.data.stac_io import FileSystemStacIO, stac_errors

        with stac_errors(repr(self.uri)):
            item = Item.from_file(self.uri, stac_io=FileSystemStacIO())
            return item if self.assets is None else subset_assets(item, self.assets)


@register_config('stac_item_collection')
class STACItemCollectionConfig(Config):
    """Configure which STAC item collection to read, and which assets of its items."""

    uri: str = Field(..., description='URI of the JSON file of the item collection.')
    assets: list[str] | None = Field(
        None, description='Names of the assets to use of each item, in that order. None: all.'
    )

    def build(self) -> 'ItemCollection':
        """Read the item collection."""
        lazy.require('pystac', 'rastervision_core[stac]')
        from pystac import ItemCollection

        from rastervision.core.data.stac_io import FileSystemStacIO, stac_errors

        with stac_errors(repr(self.uri)):
            items = ItemCollection.from_file(self.uri, stac_io=FileSystemStacIO())
            if self.assets is None:
                return items
            return ItemCollection([subset_assets(item, self.assets) for item in items], clone_items=False)
