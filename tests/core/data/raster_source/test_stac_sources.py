"""STAC items as catalogues write them: in degrees, with several bands in an asset, with fields of any type."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from shapely.geometry import box, mapping

from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.stac_config import STACItemCollectionConfig, STACItemConfig
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_source.xarray_source_config import XarraySourceConfig
from rastervision.core.data.stac_catalog import parse_stac
from rastervision.pipeline.errors import DataError, NotReadableError, RasterVisionError

HEIGHT, WIDTH = 40, 50
UTM = {'crs': 'EPSG:32633', 'transform': from_origin(500_000, 5_000_000, 10, 10)}
DEGREES = {'crs': 'EPSG:4326', 'transform': from_origin(14, 46, 0.001, 0.001)}
GRID = {'crs': 'EPSG:32633', 'resolution': 10}
ODD: list[Any] = [None, 5, -1e300, 'x', '', [], [5], {}, {'x': 5}, True]


def make_item(folder: Path, pixels: np.ndarray, place: dict[str, Any] = UTM, **profile: Any) -> pystac.Item:
    """An item with the asset 'visual', an image of these bands (bands, height, width)."""
    path = str(folder / 'image.tif')
    shape = {'count': len(pixels), 'height': pixels.shape[1], 'width': pixels.shape[2], 'dtype': pixels.dtype}
    with rasterio.open(path, 'w', driver='GTiff', **shape, **place, **profile) as image:
        image.write(pixels)
        bounds = transform_bounds(image.crs, 'EPSG:4326', *image.bounds)
    item = pystac.Item('a', mapping(box(*bounds)), list(bounds), datetime(2024, 5, 1, tzinfo=UTC), {})
    item.add_asset('visual', pystac.Asset(path, media_type=pystac.MediaType.GEOTIFF, roles=['data']))
    return item


def bands(*values: int) -> np.ndarray:
    return np.stack([np.full((HEIGHT, WIDTH), value, 'uint8') for value in values])


@pytest.mark.parametrize('temporal', [True, False])
@pytest.mark.parametrize('stream', [True, False])
def test_a_grid_in_degrees_is_read(temporal: bool, stream: bool, tmp_path: Path) -> None:
    pixels = np.arange(1, 2001, dtype='float32').reshape(1, HEIGHT, WIDTH)
    item = make_item(tmp_path, pixels, DEGREES)
    source = XarraySource.from_stac(
        item, temporal=temporal, allow_streaming=stream, stackstac_args={'crs': 'EPSG:4326', 'resolution': 0.001}
    )
    assert np.array_equal(np.squeeze(source.get_chip(source.extent)), pixels[0])


@pytest.mark.parametrize('options', [{}, {'assets': ['visual']}])
@pytest.mark.parametrize('said', [None, [{'data_type': 'uint8'}], [{'data_type': 'uint8'}] * 3])
def test_all_bands_of_an_asset_are_channels(options: dict[str, Any], said: Any, tmp_path: Path) -> None:
    item = make_item(tmp_path, bands(10, 20, 30))
    if said is not None:
        item.assets['visual'].extra_fields['raster:bands'] = said
    source = XarraySource.from_stac(item, stackstac_args=GRID | options)
    assert source.shape == (HEIGHT, WIDTH, 3)
    assert source.dtype == np.uint8
    assert source[:1, :1].ravel().tolist() == [10, 20, 30]
    assert 'raster:bands' not in item.assets['visual'].extra_fields or said is not None
    assert MultiRasterSource.from_stac(item, assets=None).shape == source.shape


@pytest.mark.parametrize(('value', 'dtype'), [(-9999, 'int16'), (0, 'uint8'), (255, 'uint8'), (np.nan, 'float32')])
def test_nodata_that_only_the_file_declares_counts(value: float, dtype: str, tmp_path: Path) -> None:
    pixels = np.full((1, HEIGHT, WIDTH), 7, dtype)
    pixels[:, :5] = value
    source = XarraySource.from_stac(make_item(tmp_path, pixels, nodata=value), stackstac_args=GRID)
    assert source.dtype == np.dtype(dtype)
    assert np.unique(source[:, :]).tolist() == [0, 7]
    mask = source.get_nodata_mask(source.extent)
    assert mask is not None and mask.sum() == 5 * WIDTH


def test_scale_and_offset_of_each_band_count(tmp_path: Path) -> None:
    item = make_item(tmp_path, bands(10, 20))
    item.assets['visual'].extra_fields['raster:bands'] = [{'scale': 2}, {'scale': 3, 'offset': 1}]
    source = XarraySource.from_stac(item, stackstac_args=GRID | {'rescale': True})
    assert source[:1, :1].ravel().tolist() == [20, 61]


@pytest.mark.parametrize('options', [{'resolution': 1e-5}, {'resolution': 1, 'x': (0, 1e12), 'y': (0, 1)}])
@pytest.mark.parametrize('stream', [True, False])
def test_a_grid_that_no_machine_holds_is_an_error_at_once(
    options: dict[str, Any], stream: bool, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"'a'.*the grid would have"):
        XarraySource.from_stac(
            make_item(tmp_path, bands(1)), allow_streaming=stream, stackstac_args={'crs': 'EPSG:32633'} | options
        )


def test_an_asset_that_describes_other_files_is_refused(tmp_path: Path) -> None:
    item = make_item(tmp_path, bands(1))
    (tmp_path / 'image.tif').write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    with pytest.raises(NotReadableError, match=r"'a'.*image\.tif"):
        XarraySource.from_stac(item, stackstac_args=GRID)


def test_an_asset_that_refers_to_other_files_is_refused(tmp_path: Path) -> None:
    item = make_item(tmp_path, bands(1))
    with rasterio.open(tmp_path / 'image.tif', 'r+') as image:
        image.update_tags(ns='OVERVIEWS', OVERVIEW_FILE='/nowhere/a.tif')
    with pytest.raises(NotReadableError, match=r"'a'.*image\.tif.* is not opened: its overviews"):
        XarraySource.from_stac(item, stackstac_args=GRID)


def test_a_catalogue_that_links_to_itself_ends(tmp_path: Path) -> None:
    links = [{'rel': 'child', 'href': './catalog.json'}, {'rel': 'self', 'href': str(tmp_path / 'catalog.json')}]
    catalog = {'type': 'Catalog', 'id': 'c', 'stac_version': '1.0.0', 'description': 'd', 'links': links}
    (tmp_path / 'catalog.json').write_text(json.dumps(catalog))
    with pytest.raises(DataError, match='no label items'):
        parse_stac(str(tmp_path / 'catalog.json'))


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all values in JSON."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield (*path, key)
        yield from places(child, (*path, key))


def mutations(data: dict[str, Any], step: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each value in JSON in turn replaced by one of another type; every `step`-th of them all."""
    every = [(path, value) for path in places(data) for value in ODD]
    for path, value in every[::step]:
        changed = json.loads(json.dumps(data))
        node = changed
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        yield f'{path} = {value!r}', changed


def full_item(folder: Path) -> dict[str, Any]:
    """An item with the fields of the usual extensions, as JSON."""
    data: dict[str, Any] = make_item(folder, bands(10, 20, 30)).to_dict()
    data['stac_extensions'] = ['https://stac-extensions.github.io/projection/v1.0.0/schema.json']
    data['properties'] |= {'proj:epsg': 32633, 'gsd': 10}
    data['assets']['visual'] |= {
        'href': './image.tif',
        'proj:shape': [HEIGHT, WIDTH],
        'proj:transform': [10, 0, 500_000, 0, -10, 5_000_000],
        'raster:bands': [{'data_type': 'uint8', 'nodata': 0, 'scale': 1}] * 3,
        'eo:bands': [{'name': 'red', 'common_name': 'red'}],
    }
    return data


def test_values_of_wrong_types_in_items_are_errors_that_name_them(tmp_path: Path) -> None:
    path = tmp_path / 'item.json'
    for what, data in mutations(full_item(tmp_path), step=17):
        for kind in ('item', 'collection'):
            stac: Any = STACItemConfig(uri=str(path))
            if kind == 'collection':
                stac = STACItemCollectionConfig(uri=str(path))
                data = {'type': 'FeatureCollection', 'features': [data]}
            path.write_text(json.dumps(data))
            try:
                XarraySourceConfig(stac=stac, stackstac_args={'resolution': 10, 'rescale': True}).build(str(tmp_path))
            except RasterVisionError as error:
                assert 'item' in str(error), what


def test_values_of_wrong_types_in_catalogues_are_errors_that_name_them(tmp_path: Path) -> None:
    label = {
        'type': 'Feature',
        'id': 'labels',
        'stac_version': '1.0.0',
        'bbox': [3, 41, 4, 42],
        'geometry': mapping(box(3, 41, 4, 42)),
        'properties': {'datetime': '2020-01-01T00:00:00Z'},
        'stac_extensions': ['https://stac-extensions.github.io/label/v1.0.1/schema.json'],
        'links': [{'rel': 'source', 'href': './item.json'}],
        'assets': {'labels': {'href': './labels.geojson', 'roles': ['labels'], 'type': 'application/geo+json'}},
    }
    links = [{'rel': 'item', 'href': './labels.json'}]
    catalog = {'type': 'Catalog', 'id': 'c', 'stac_version': '1.0.0', 'description': 'd', 'links': links}
    files = {'catalog.json': catalog, 'labels.json': label, 'item.json': full_item(tmp_path)}
    for name, data in files.items():
        for other, content in files.items():
            (tmp_path / other).write_text(json.dumps(content))
        assert len(parse_stac(str(tmp_path / 'catalog.json'))) == 1
        for what, changed in mutations(json.loads(json.dumps(data)), step=3):
            (tmp_path / name).write_text(json.dumps(changed))
            try:
                parse_stac(str(tmp_path / 'catalog.json'))
            except RasterVisionError as error:
                assert str(tmp_path) in str(error) or "'labels'" in str(error) or "item 'a'" in str(error), what
