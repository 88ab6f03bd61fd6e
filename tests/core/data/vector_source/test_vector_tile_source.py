import gzip
import os
import shutil
import warnings

import numpy as np
import pyogrio
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.vector_source.tiles import tiles_in
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig
from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource
from rastervision.core.data.vector_source.vector_tile_source_config import VectorTileVectorSourceConfig
from rastervision.core.data.web_tiles import Tile, tile_uri
from rastervision.pipeline.errors import ArgumentError, ConfigError, DataError

ZOOM = 16  # tiles of about 610 metres
WINDOW = Box(0, 0, 1000, 1000)


@pytest.fixture
def tiles(tmp_path, metres):
    """Writes a long box and a line across several tiles, and a small box, as template and as .mbtiles."""
    import geopandas as gpd

    shapes = [shapely.box(100, 400, 900, 500), shapely.LineString([(50, 50), (950, 60)]), shapely.box(20, 20, 30, 30)]
    pixels = metres.to_map(np.array(shapes, dtype=object))
    frame = gpd.GeoDataFrame({'uid': [7, 8, 9], 'kind': ['long', 'line', 'small']}, geometry=pixels, crs=4326)
    options = {'MINZOOM': ZOOM, 'MAXZOOM': ZOOM, 'EXTENT': 8192}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        pyogrio.write_dataframe(frame, tmp_path / 'tiles', driver='MVT', layer='things', **options)
        pyogrio.write_dataframe(frame, tmp_path / 'tiles.mbtiles', driver='MBTiles', layer='things', **options)
    return {'template': f'{tmp_path}/tiles/{{z}}/{{x}}/{{y}}.pbf', 'mbtiles': f'{tmp_path}/tiles.mbtiles'}


@pytest.mark.parametrize('kind', ['template', 'mbtiles'])
def test_pieces_of_a_feature_are_joined_by_its_id(tiles, metres, kind):
    source = VectorTileSource(tiles[kind], metres, ZOOM, id_field='uid')
    found = source.get_features(window=WINDOW)
    by_kind = {p['kind']: geom for p, geom in zip(found.properties, found.geometries, strict=True)}
    assert len(found) == len(by_kind) == 3
    assert np.allclose(by_kind['long'].bounds, (100, 400, 900, 500), atol=1.5)
    assert by_kind['line'].geom_type == 'LineString'
    assert abs(by_kind['line'].length - 900) < 3


def test_pieces_without_an_id_stay_pieces(tiles, metres):
    found = VectorTileSource(tiles['template'], metres, ZOOM).get_features(window=WINDOW)
    assert len(found) > 3
    long = found.geometries[[p['kind'] == 'long' for p in found.properties]]
    assert np.allclose(shapely.union_all(long).bounds, (100, 400, 900, 500), atol=1.5)


def test_only_tiles_that_touch_the_region_are_needed(tiles, metres):
    folder = tiles['template'].partition('{')[0]
    source = VectorTileSource(tiles['template'], metres, ZOOM, bbox=Box(0, 0, 40, 40), id_field='uid')
    assert [p['kind'] for p in source.get_features().properties] == ['small']
    assert len(os.listdir(folder)) > 0


def test_tiles_may_be_plain_or_gzipped_and_missing_ones_are_empty(tiles, metres, caplog):
    folder = tiles['template'].partition('{')[0]
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith('.pbf')]
    for path in paths:
        with open(path, 'rb') as file:
            data = file.read()
        with open(path, 'wb') as file:
            file.write(gzip.decompress(data))
    whole = VectorTileSource(tiles['mbtiles'], metres, ZOOM, id_field='uid').get_geojson(window=WINDOW)
    assert VectorTileSource(tiles['template'], metres, ZOOM, id_field='uid').get_geojson(window=WINDOW) == whole
    shutil.rmtree(folder)
    assert len(VectorTileSource(tiles['template'], metres, ZOOM).get_features(window=WINDOW)) == 0
    assert 'tiles of' in caplog.text


def test_remote_tiles_are_the_same(tiles, metres, serve, tmp_path, monkeypatch):
    from rastervision.pipeline.rv_config import rv_config_

    monkeypatch.setattr(rv_config_, 'get_cache_dir', lambda: str(tmp_path / 'cache'))
    local = VectorTileSource(tiles['template'], metres, ZOOM, bbox=Box(0, 0, 40, 40))
    remote = VectorTileSource(f'{serve}/tiles/{{z}}/{{x}}/{{y}}.pbf', metres, ZOOM, bbox=Box(0, 0, 40, 40))
    assert remote.get_geojson() == local.get_geojson()


def test_mbtiles_can_be_read_as_a_whole_a_template_cannot(tiles, metres):
    assert len(VectorTileSource(tiles['mbtiles'], metres, ZOOM, id_field='uid').get_features()) == 3
    with pytest.raises(ArgumentError, match='whole world'):
        VectorTileSource(tiles['template'], metres, ZOOM).get_features()
    with pytest.raises(DataError, match=r'no tiles of zoom 3, but of \[16\]'):
        VectorTileSource(tiles['mbtiles'], metres, 3).get_features()


def test_the_layer_can_be_chosen(tiles, metres):
    assert len(VectorTileSource(tiles['mbtiles'], metres, ZOOM, layer='things').get_features()) > 0
    assert len(VectorTileSource(tiles['mbtiles'], metres, ZOOM, layer='roads').get_features()) == 0


def test_damaged_tiles_are_named(tmp_path, metres):
    (tmp_path / 'a.mbtiles').write_text('no database')
    with pytest.raises(DataError, match=r'a\.mbtiles is no \.mbtiles file'):
        VectorTileSource(str(tmp_path / 'a.mbtiles'), metres, ZOOM).get_features()
    folder = tmp_path / '0' / '0'
    folder.mkdir(parents=True)
    (folder / '0.mvt').write_bytes(b'\x1f\x8bnothing')
    with pytest.raises(DataError, match=r'Tile\(z=0, x=0, y=0\)'):
        VectorTileSource(f'{tmp_path}/{{z}}/{{x}}/{{y}}.mvt', metres, 0).get_features(window=WINDOW)


def test_tiles_are_counted_from_the_north_west():
    assert tiles_in((-1.0, -1.0, 1.0, 1.0), 1) == [Tile(1, 0, 0), Tile(1, 1, 0), Tile(1, 0, 1), Tile(1, 1, 1)]
    assert tile_uri('a/{z}/{x}/{y}.mvt', Tile(2, 1, 0)) == 'a/2/1/0.mvt'
    assert tile_uri('a/{z}/{x}/{-y}.mvt', Tile(2, 1, 0)) == 'a/2/1/3.mvt'
    with pytest.raises(ConfigError, match='Use a lower zoom'):
        tiles_in((-1e7, -1e7, 1e7, 1e7), 12)


def test_the_config_of_0_12_is_accepted(tiles, metres):
    config = VectorSourceConfig.from_dict(
        {'type_hint': 'vector_tile_vector_source', 'uri': tiles['mbtiles'], 'zoom': ZOOM, 'id_field': 'uid'}
    )
    assert isinstance(config, VectorTileVectorSourceConfig)
    assert len(config.build(ClassConfig(names=['a']), metres).get_geoms()) == 3


def test_a_uri_that_is_no_tiles_is_refused():
    with pytest.raises(ConfigError, match='neither a template'):
        VectorTileVectorSourceConfig(uri='labels.geojson', zoom=3)
