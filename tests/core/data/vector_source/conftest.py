import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine

from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer

DRIVERS = {
    '.gpkg': 'GPKG',
    '.fgb': 'FlatGeobuf',
    '.shp': 'ESRI Shapefile',
    '.geojson': 'GeoJSON',
    '.geojsonl': 'GeoJSONSeq',
    '.kml': 'KML',
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def metres():
    """A scene with pixels of a metre whose upper left corner is at 3 degrees east, 1000 metres north of the equator."""
    return RasterioCRSTransformer(Affine(1, 0, 500_000, 0, -1, 1000), 'epsg:32631')


@pytest.fixture
def write(tmp_path):
    """Writes features to a file whose ending says the format; coordinates are in EPSG:4326 unless said otherwise."""
    import geopandas as gpd

    def write(name, geometries, crs='EPSG:4326', layer=None, **columns):
        path = tmp_path / name
        frame = gpd.GeoDataFrame(columns, geometry=np.asarray(geometries, dtype=object), crs=crs)
        if path.suffix == '.parquet':
            frame.to_parquet(path, write_covering_bbox=True)
        else:
            pyogrio.write_dataframe(frame, path, driver=DRIVERS[path.suffix], layer=layer)
        return str(path)

    return write


@pytest.fixture
def pixel_boxes(metres):
    """Squares of 4 pixels at places in pixels, in degrees."""

    def make(*corners):
        pixels = np.array([shapely.box(x, y, x + 4, y + 4) for x, y in corners], dtype=object)
        return metres.to_map(pixels)

    return make


@pytest.fixture
def serve(tmp_path):
    """The URI of a server of the temporary folder."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_address[1]}'
    server.shutdown()
    server.server_close()
