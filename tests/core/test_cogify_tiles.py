"""Tiles of map services and of folders become GeoTIFFs, pixel by pixel."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from pyproj import Transformer
from rasterio.enums import MaskFlags

from rastervision.core.cogify_command import cogify
from rastervision.core.cogify_config import CogifyConfig
from rastervision.core.data.rasterio_io import open_raster
from rastervision.core.data.tile_service import service_name
from rastervision.core.data.web_tiles import HALF_WORLD
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError, WebPageError

ZOOM, SIDE = 5, 32
FIRST, LAST = (8, 10), (12, 15)  # columns and rows of the tiles, the last ones exclusive
MISSING = (9, 12)
SPAN = 2 * HALF_WORLD / 2**ZOOM
PIXEL = SPAN / SIDE


def source(bands=3, dtype='uint8'):
    """The pixels of all tiles, (bands, height, width); none is 0."""
    rng = np.random.default_rng(0)
    shape = (bands, (LAST[1] - FIRST[1]) * SIDE, (LAST[0] - FIRST[0]) * SIDE)
    return rng.integers(1, 250, shape).astype(dtype)


def write_tiles(folder, pixels, *, south=False, driver='PNG', ending='png', **options):
    for x in range(FIRST[0], LAST[0]):
        for y in range(FIRST[1], LAST[1]):
            row = 2**ZOOM - 1 - y if south else y
            path = folder / str(ZOOM) / str(x) / f'{row}.{ending}'
            path.parent.mkdir(parents=True, exist_ok=True)
            top, left = (y - FIRST[1]) * SIDE, (x - FIRST[0]) * SIDE
            part = pixels[:, top : top + SIDE, left : left + SIDE]
            profile = {'width': SIDE, 'height': SIDE, 'count': len(pixels), 'dtype': pixels.dtype, **options}
            if (x, y) != MISSING:
                with rasterio.open(path, 'w', driver=driver, **profile) as tile:
                    tile.write(part)
    return f'{folder}/{{z}}/{{x}}/{{y}}.{ending}'


def bbox_of(left, top, right, bottom):
    """A box from columns and rows of tiles, which may be fractions, in EPSG:3857."""
    return (left * SPAN - HALF_WORLD, HALF_WORLD - bottom * SPAN, right * SPAN - HALF_WORLD, HALF_WORLD - top * SPAN)


ALL = bbox_of(*FIRST, *LAST)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; some paths are answered in other ways."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if '/page/' in self.path:
            self.answer(200, b'<html><title>Sign in</title></html>', 'text/html')
        elif '/text/' in self.path:
            self.answer(200, b'{"error": "no such map"}', 'application/json')
        elif '/empty/' in self.path:
            self.answer(204, b'', 'image/png')
        elif '/forbidden/' in self.path:
            self.answer(403, b'', 'text/plain')
        else:
            super().do_GET()

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A web server of tmp_path; `uri` and, in `asked`, the paths that it was asked for."""
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(tmp_path))) as server:
        server.uri, server.asked = f'http://127.0.0.1:{server.server_port}', []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def made(tmp_path, uri, bbox=ALL, **options):
    """What cogify makes of tiles: pixels, valid, and the rest as rasterio has it."""
    config = {'bbox_crs': 'EPSG:3857', 'zoom': ZOOM, 'overviews': [2], 'block_size': 128, **options}
    config = CogifyConfig(root_uri=str(tmp_path / 'out'), uris=[uri], bbox=bbox, **config)
    config.recursive_validate_config()
    config.build(str(tmp_path / 'tmp')).cogify()
    (name,) = os.listdir(tmp_path / 'out')
    with rasterio.open(tmp_path / 'out' / name) as dataset:
        return dataset.read(), dataset.dataset_mask() != 0, dataset.profile | {'flags': dataset.mask_flag_enums[0]}


def expected_valid():
    valid = np.ones(source().shape[1:], dtype=bool)
    left, top = (MISSING[0] - FIRST[0]) * SIDE, (MISSING[1] - FIRST[1]) * SIDE
    valid[top : top + SIDE, left : left + SIDE] = False
    return valid


@pytest.mark.parametrize('kind', ['XYZ', 'TMS', 'xyz', 'XYZ-y'])
@pytest.mark.parametrize('remote', [False, True])
def test_tiles_become_the_image_that_they_were_cut_from(tmp_path, server, kind, remote):
    south = kind in ('TMS', 'XYZ-y')
    template = write_tiles(tmp_path / 'tiles', source(), south=south)
    template = template.replace(str(tmp_path), server.uri) if remote else template
    template = template.replace('{y}', '{-y}') if kind == 'XYZ-y' else template

    pixels, valid, profile = made(tmp_path, f'{kind.partition("-")[0]}:{template}')

    assert np.array_equal(valid, expected_valid())
    assert np.array_equal(pixels, source() * valid)
    assert profile['crs'].to_epsg() == 3857
    assert np.allclose(profile['transform'][:6], (PIXEL, 0, ALL[0], 0, -PIXEL, ALL[3]))
    assert os.listdir(tmp_path / 'tmp') == []
    assert len(server.asked) == (20 if remote else 0)


@pytest.mark.parametrize(
    ('bands', 'dtype', 'driver', 'ending', 'options'),
    [
        (1, 'uint8', 'PNG', 'png', {}),
        (2, 'uint8', 'PNG', 'png', {}),
        (4, 'uint8', 'PNG', 'png', {}),
        (1, 'uint16', 'PNG', 'png', {}),
        (3, 'uint8', 'WEBP', 'webp', {'lossless': True}),
        (5, 'float32', 'GTiff', 'tif', {'nodata': 7}),
    ],
)
def test_tiles_of_any_kind_keep_their_values(tmp_path, bands, dtype, driver, ending, options):
    image = source(bands, dtype)
    template = write_tiles(tmp_path / 'tiles', image, driver=driver, ending=ending, **options)
    colours = image[:-1] if bands in (2, 4) else image  # the last one is alpha
    gaps = (image == 7).all(axis=0) if 'nodata' in options else False

    pixels, valid, profile = made(tmp_path, f'XYZ:{template}')

    assert profile['dtype'] == dtype and profile['flags'] == [MaskFlags.per_dataset]
    assert np.array_equal(valid, expected_valid() & ~gaps)
    assert np.array_equal(pixels[:, valid], colours[:, valid])


def test_palettes_become_colours(tmp_path):
    image = source(1) % 3
    template = write_tiles(tmp_path / 'tiles', image)
    colours = np.array([[9, 8, 7], [1, 2, 3], [200, 100, 50]], dtype=np.uint8)
    for path in (tmp_path / 'tiles').rglob('*.png'):
        with rasterio.open(path) as tile:
            values = tile.read()
        with rasterio.open(path, 'w', driver='PNG', width=SIDE, height=SIDE, count=1, dtype='uint8') as tile:
            tile.write_colormap(1, {i: (*colour, 0 if i == 1 else 255) for i, colour in enumerate(colours.tolist())})
            tile.write(values)

    pixels, valid, _ = made(tmp_path, f'XYZ:{template}')

    assert np.array_equal(valid, expected_valid() & (image[0] != 1))
    assert np.array_equal(pixels[:, valid], np.moveaxis(colours[image[0]], -1, 0)[:, valid])


@pytest.mark.parametrize('box', [(8.5, 10.25, 10.75, 12.5), (10.1, 13.02, 10.3, 13.9), (8, 10, 9, 11), (7, 9, 14, 11)])
def test_the_image_is_cut_to_the_pixels_of_the_box(tmp_path, box):
    template = write_tiles(tmp_path / 'tiles', source())
    pixels, valid, profile = made(tmp_path, f'XYZ:{template}', bbox_of(*box))

    left, top = np.floor((np.array(box[:2]) - FIRST) * SIDE + 1e-6).astype(int)
    right, bottom = np.ceil((np.array(box[2:]) - FIRST) * SIDE - 1e-6).astype(int)
    whole = np.pad(source() * expected_valid(), ((0, 0), (SIDE, SIDE), (SIDE, 2 * SIDE)))
    inside = (slice(top + SIDE, bottom + SIDE), slice(left + SIDE, right + SIDE))
    assert np.array_equal(pixels, whole[(slice(None), *inside)])
    assert valid.any()
    corner = ((FIRST[0] + left / SIDE) * SPAN - HALF_WORLD, HALF_WORLD - (FIRST[1] + top / SIDE) * SPAN)
    assert np.allclose(profile['transform'].c, corner[0]) and np.allclose(profile['transform'].f, corner[1])


def test_the_box_is_in_degrees_unless_said_otherwise_and_the_command_takes_it(tmp_path, server):
    write_tiles(tmp_path / 'tiles', source())
    (west, east), (south, north) = Transformer.from_crs(3857, 4326, always_xy=True).transform(
        *[(ALL[0] + 1, ALL[2] - 1), (ALL[1] + 1, ALL[3] - 1)]
    )
    uri = f'XYZ:{server.uri}/tiles/{{z}}/{{x}}/{{y}}.png'
    words = [str(tmp_path / 'out'), uri, '--bbox', *map(str, (west, south, east, north)), '--zoom', '5']

    result = CliRunner().invoke(cogify, words, catch_exceptions=False)

    assert result.exit_code == 0
    with rasterio.open(tmp_path / 'out' / 'tiles-5.tif') as dataset:
        assert np.array_equal(dataset.read(), source() * expected_valid())
        assert dataset.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'


@pytest.mark.parametrize(
    ('folder', 'kind', 'message'),
    [
        ('page', WebPageError, r'page/5/8/10.png.*web page instead'),
        ('text', DataError, r'page|text/5/8/10.png.*no image.*no such map'),
        ('forbidden', NotReadableError, r'forbidden/5/8/10.png'),
        ('empty', DataError, r'None of the 20 tiles exists, from .*empty/5/8/10.png'),
        ('nothing', DataError, r'None of the 20 tiles exists, from .*nothing/5/8/10.png'),
    ],
)
def test_what_is_no_tile_is_an_error_that_names_it(tmp_path, server, folder, kind, message):
    with pytest.raises(kind, match=message):
        made(tmp_path, f'XYZ:{server.uri}/{folder}/{{z}}/{{x}}/{{y}}.png')
    assert not any((tmp_path / 'out').glob('*'))


def test_a_server_that_is_gone_is_an_error_and_not_an_empty_image(tmp_path, monkeypatch):
    monkeypatch.setattr('rastervision.pipeline.file_system.http_stream.ATTEMPTS', 0)
    with pytest.raises(NotReadableError, match=r'127.0.0.1:9/5/8/10.png'):
        made(tmp_path, 'XYZ:http://127.0.0.1:9/{z}/{x}/{y}.png')


@pytest.mark.parametrize('text', ['<VRTDataset rasterXSize="32" rasterYSize="32"/>', 'plain', '<?xml version="1.0"?>'])
def test_a_tile_that_describes_other_files_is_no_image(tmp_path, text):
    template = write_tiles(tmp_path / 'tiles', source())
    (tmp_path / 'tiles/5/8/10.png').write_text(text)
    with pytest.raises(DataError, match=r'5/8/10.png.*is no image'):
        made(tmp_path, f'XYZ:{template}')


def test_tiles_of_two_kinds_are_refused_by_name(tmp_path):
    template = write_tiles(tmp_path / 'tiles', source())
    with rasterio.open(
        tmp_path / 'tiles/5/9/11.png', 'w', driver='PNG', width=64, height=64, count=3, dtype='uint8'
    ) as d:
        d.write(np.ones((3, 64, 64), dtype=np.uint8))
    with pytest.raises(DataError, match=r"5/9/11.png.*another kind.*3, 64, 64\) instead of \('uint8', 3, 32, 32\)"):
        made(tmp_path, f'XYZ:{template}')


def test_no_more_tiles_are_fetched_than_allowed(tmp_path, server):
    write_tiles(tmp_path / 'tiles', source())
    uri = f'XYZ:{server.uri}/tiles/{{z}}/{{x}}/{{y}}.png'
    with pytest.raises(ConfigError, match=r'20 tiles are needed, more than max_tiles 19.*lower by 1'):
        made(tmp_path, uri, max_tiles=19)
    with pytest.raises(ConfigError, match=r'1048576 tiles are needed.*lower by 4'):
        made(tmp_path, uri, bbox=(-180, -90, 180, 90), bbox_crs='EPSG:4326', zoom=10)
    assert server.asked == []
    assert made(tmp_path, uri, max_tiles=20)[1].any()


@pytest.mark.parametrize(
    ('uri', 'options', 'message'),
    [
        ('XYZ:a/{z}/{x}.png', {}, r'no template of tiles: it needs \{z\}, \{x\} and \{y\}'),
        ('XYZ:https://{s}.a.org/{z}/{x}/{y}.png', {}, r'\{s\} is none of.*one of the servers'),
        ('XYZ:a/{z}/{x}/{y}.png', {'zoom': 31}, 'zoom 31 does not exist'),
        ('XYZ:a/{z}/{x}/{y}.png', {'zoom': None}, 'are tiles: give zoom, and bbox'),
        ('XYZ:a/{z}/{x}/{y}.png', {'bbox': None}, 'are tiles: give zoom, and bbox'),
        ('XYZ:a/{z}/{x}/{y}.png', {'bbox': (170, 0, -170, 9)}, 'holds nothing.*180th'),
        ('XYZ:a/{z}/{x}/{y}.png', {'bbox_crs': 'EPSG:0'}, "bbox_crs: 'EPSG:0' is no CRS"),
        ('XYZ:a/{z}/{x}/{y}.png', {'bbox': (3e7, 0, 4e7, 9)}, 'has no part of the tiles'),
        ('XYZ:a/{z}/{x}/{y}.png', {'max_tiles': 0}, 'max_tiles'),
        ('image.tif', {}, 'bbox is for tiles'),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, uri, options, message):
    with pytest.raises(ConfigError, match=message):
        made(tmp_path, uri, **options)


def test_an_image_is_called_after_the_service():
    names = {
        'XYZ:https://a.org/aerial/{z}/{x}/{y}.png?token=1': 'aerial',
        'TMS:/data/old map/{z}/{x}/{y}.png': 'old-map',
        'XYZ:https://tile.a.org/{z}/{x}/{y}.png': 'tile.a.org',
        'XYZ:{z}/{x}/{y}.png': 'xyz',
        'WMTS:https://a.org/wmts/1.0.0/caps.xml,layer=dop 20,tilematrixset=web': 'dop-20',
        'WMTS:https://a.org/wmts/caps.xml': 'caps.xml',
    }
    assert {uri: service_name(uri) for uri in names} == names


def test_a_raster_source_says_that_tiles_are_to_become_an_image_first():
    with pytest.raises(NotReadableError, match=r'These are tiles.*rastervision cogify'):
        open_raster('XYZ:https://a.org/{z}/{x}/{y}.png')


# ------------------------------------------------------------------------- WMTS
def capabilities(server, *, kvp=False, crs='urn:ogc:def:crs:EPSG::3857', origin=None, scale=None, resource=None):
    """Capabilities of a service with one layer and the matrices 3 to 5, the last one of which has the tiles."""
    resource = resource or f'{server.uri}/tiles/{{TileMatrix}}/{{TileCol}}/{{TileRow}}.png?s={{style}}&t={{Time}}'
    tile = f'<ResourceURL format="image/png" resourceType="tile" template="{resource}"/>'.replace('&', '&amp;')
    x, y = origin or (-HALF_WORLD, HALF_WORLD)
    matrices = ''.join(
        f'<TileMatrix><ows:Identifier>{zoom}</ows:Identifier><TopLeftCorner>{x} {y}</TopLeftCorner>'
        f'<ScaleDenominator>{(scale or SPAN / SIDE / 0.28e-3) * 2 ** (ZOOM - zoom)!r}</ScaleDenominator>'
        f'<TileWidth>{SIDE}</TileWidth><TileHeight>{SIDE}</TileHeight>'
        f'<MatrixWidth>{2**zoom}</MatrixWidth><MatrixHeight>{2**zoom}</MatrixHeight></TileMatrix>'
        for zoom in (5, 3, 4)
    )
    return f"""<?xml version="1.0"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1"
  xmlns:xlink="http://www.w3.org/1999/xlink" version="1.0.0">
<ows:OperationsMetadata><ows:Operation name="GetTile"><ows:DCP><ows:HTTP>
  <ows:Get xlink:href="{server.uri}/kvp/"/></ows:HTTP></ows:DCP></ows:Operation></ows:OperationsMetadata>
<Contents><Layer><ows:Identifier>aerial</ows:Identifier>
  <Style isDefault="true"><ows:Identifier>plain</ows:Identifier></Style>
  <Format>image/jpeg</Format><Format>image/png</Format>
  <Dimension><ows:Identifier>Time</ows:Identifier><Default>2020</Default><Value>2020</Value></Dimension>
  <TileMatrixSetLink><TileMatrixSet>web</TileMatrixSet></TileMatrixSetLink>{'' if kvp else tile}</Layer>
<TileMatrixSet><ows:Identifier>web</ows:Identifier><ows:SupportedCRS>{crs}</ows:SupportedCRS>{matrices}</TileMatrixSet>
</Contents></Capabilities>"""


@pytest.mark.parametrize('options', ['', ',layer=aerial', ',layer=aerial,tilematrixset=web,style=plain'])
def test_tiles_of_a_wmts_become_the_image(tmp_path, server, options):
    write_tiles(tmp_path / 'tiles', source())
    (tmp_path / 'caps.xml').write_text(capabilities(server))

    pixels, valid, profile = made(tmp_path, f'WMTS:{server.uri}/caps.xml{options}', zoom=2)

    assert np.array_equal(pixels, source() * expected_valid()) and np.array_equal(valid, expected_valid())
    assert profile['crs'].to_epsg() == 3857
    assert np.allclose(profile['transform'][:6], (PIXEL, 0, ALL[0], 0, -PIXEL, ALL[3]))
    assert '/tiles/5/8/10.png?s=plain&t=2020' in server.asked


def test_a_wmts_may_ask_for_tiles_by_a_query(tmp_path, server):
    (tmp_path / 'caps.xml').write_text(capabilities(server, kvp=True))
    with pytest.raises(DataError, match=r'None of the 20 tiles'):
        made(tmp_path, f'WMTS:{server.uri}/caps.xml', zoom=2)
    assert server.asked[1] == (
        '/kvp/?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=aerial&STYLE=plain&FORMAT=image%2Fpng&Time=2020'
        '&TILEMATRIXSET=web&TILEMATRIX=5&TILEROW=10&TILECOL=8'
    )


@pytest.mark.parametrize(
    ('crs', 'swapped'), [('urn:ogc:def:crs:EPSG::4326', True), ('urn:ogc:def:crs:OGC:1.3:CRS84', False)]
)
def test_a_wmts_in_degrees_has_its_own_order_of_axes(tmp_path, server, crs, swapped):
    write_tiles(tmp_path / 'tiles', source())
    degrees = 360 / 2**ZOOM / SIDE
    origin = (90, -180) if swapped else (-180, 90)
    text = capabilities(server, crs=crs, origin=origin, scale=degrees * np.pi / 180 * 6378137 / 0.28e-3)
    (tmp_path / 'caps.xml').write_text(text)
    span = degrees * SIDE
    box = (-180 + 8 * span, 90 - 15 * span, -180 + 12 * span, 90 - 10 * span)

    pixels, _, profile = made(tmp_path, f'WMTS:{server.uri}/caps.xml', bbox=box, bbox_crs='EPSG:4326', zoom=2)

    assert np.array_equal(pixels, source() * expected_valid())
    assert np.allclose(profile['transform'][:6], (degrees, 0, box[0], 0, -degrees, box[3]))


@pytest.mark.parametrize(
    ('change', 'options', 'kind', 'message'),
    [
        ({}, ',layer=arial', ConfigError, r"no Layer 'arial'.*'aerial'"),
        ({}, ',tilematrixset=x', ConfigError, "no TileMatrixSet 'x'.*web"),
        ({'resource': 'file:///etc/{TileRow}'}, '', DataError, 'which is no web server'),
        ({'crs': 'nonsense'}, '', ConfigError, "'nonsense' is no CRS"),
        ({'origin': ('a', 'b')}, '', DataError, 'no TopLeftCorner that is a number'),
        ({'resource': '<x'}, '', DataError, 'no WMTS capabilities, but should be XML'),
        ({'crs': '<!DOCTYPE a>'}, '', DataError, 'defines entities'),
    ],
)
def test_capabilities_that_cannot_be_used_say_why(tmp_path, server, change, options, kind, message):
    (tmp_path / 'caps.xml').write_text(capabilities(server, **change))
    with pytest.raises(kind, match=message):
        made(tmp_path, f'WMTS:{server.uri}/caps.xml{options}', zoom=2)


def test_a_zoom_that_a_wmts_has_not_says_which_there_are(tmp_path, server):
    (tmp_path / 'caps.xml').write_text(capabilities(server))
    with pytest.raises(ConfigError, match=r"zoom 3: 'web'.*has 3 zooms, from 0"):
        made(tmp_path, f'WMTS:{server.uri}/caps.xml', zoom=3)


def test_another_document_is_no_capabilities(tmp_path):
    (tmp_path / 'wms.xml').write_text('<WMS_Capabilities/>')
    with pytest.raises(DataError, match=r"but 'WMS_Capabilities'. Is it the address of another service"):
        made(tmp_path, f'WMTS:{tmp_path}/wms.xml')
