"""Images of all kinds of names, formats and contents: what is read, and what is said of what is not."""

import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin

from rastervision.core.box import Box
from rastervision.core.data.raster_drivers import trusting_images
from rastervision.core.data.raster_names import RasterName, files_of
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.rasterio_io import get_aws_session, open_raster
from rastervision.core.info.raster import describe_raster
from rastervision.pipeline.errors import DataError, NotReadableError

HEIGHT, WIDTH = 40, 50
PLACE = {'crs': 'epsg:32633', 'transform': from_origin(500_000, 5_000_000, 10, 10)}
COPIES = {
    'PNG': 'a.png',
    'JPEG': 'a.jpg',
    'JP2OpenJPEG': 'a.jp2',
    'BMP': 'a.bmp',
    'WEBP': 'a.webp',
    'HFA': 'a.img',
    'ENVI': 'a.dat',
    'NITF': 'a.ntf',
    'GPKG': 'a.gpkg',
    'MRF': 'a.mrf',
    'GRIB': 'a.grb2',
    'VRT': 'a.vrt',
    'COG': 'a.cog.tif',
}
SECRET = 'root:x:0:0:' * 400
RAW = (
    '<VRTDataset rasterXSize="64" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
    '<SourceFilename relativeToVRT="{relative}">{path}</SourceFilename><ImageOffset>0</ImageOffset>'
    '<PixelOffset>1</PixelOffset><LineOffset>64</LineOffset></VRTRasterBand></VRTDataset>'
)
SIMPLE = (
    '<VRTDataset rasterXSize="50" rasterYSize="40"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
    '<SourceFilename relativeToVRT="{relative}">{path}</SourceFilename><SourceBand>1</SourceBand>'
    '</SimpleSource></VRTRasterBand></VRTDataset>'
)
WMS = (
    '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl></Service><DataWindow>'
    '<SizeX>64</SizeX><SizeY>64</SizeY></DataWindow><BandsCount>3</BandsCount></GDAL_WMS>'
)


def write(path: Path, count: int = 3, dtype: str = 'uint8', **options: object) -> str:
    """A GeoTIFF whose band i has the value 10 i."""
    with rasterio.open(
        path, 'w', driver='GTiff', count=count, height=HEIGHT, width=WIDTH, dtype=dtype, **PLACE | options
    ) as image:
        for band in range(1, count + 1):
            image.write(np.full((HEIGHT, WIDTH), 10 * band, image.dtypes[band - 1]), band)
    return str(path)


@pytest.mark.parametrize('driver', COPIES)
def test_every_format_is_read_under_its_own_name(driver: str, tmp_path: Path) -> None:
    image = write(tmp_path / 'source.tif')
    path = str(tmp_path / COPIES[driver])
    copy(image, path, driver=driver)
    source = RasterioSource(path)
    assert source.shape[:2] == (HEIGHT, WIDTH)
    assert abs(source[:, :][..., 0].astype(float) - 10).max() <= 6
    assert describe_raster(path).width == WIDTH


@pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.jp2', 'a', 'a.bin', 'a.img'])
def test_a_picture_is_read_under_a_wrong_or_no_name(name: str, tmp_path: Path) -> None:
    copy(write(tmp_path / 'source.tif'), str(tmp_path / 'a.png'), driver='PNG')
    (tmp_path / 'a.png').rename(tmp_path / name)
    assert RasterioSource(str(tmp_path / name))[0:1, 0:1].ravel().tolist() == [10, 20, 30]


class TestFilesWithSeveralRasters:
    @pytest.fixture
    def netcdf(self, tmp_path: Path) -> str:
        copy(write(tmp_path / 'source.tif', dtype='float32'), str(tmp_path / 'a.nc'), driver='netCDF')
        return str(tmp_path / 'a.nc')

    @pytest.mark.parametrize('read', [RasterioSource, describe_raster, open_raster])
    def test_the_file_alone_is_an_error_that_lists_them(self, read: Callable[[str], object], netcdf: str) -> None:
        with pytest.raises(NotReadableError, match=r'holds 3 rasters.*a\.nc:Band1.*a\.nc:Band3'):
            read(netcdf)

    @pytest.mark.parametrize('name', ['NETCDF:"{}":Band2', 'netcdf:{}:Band2'])
    def test_each_can_be_named(self, name: str, netcdf: str) -> None:
        uri = name.format(netcdf)
        assert RasterioSource(uri)[0:1, 0:1].tolist() == [[[20]]]
        assert describe_raster(uri).height == HEIGHT

    def test_several_make_a_mosaic(self, netcdf: str) -> None:
        assert RasterioSource([f'NETCDF:"{netcdf}":Band1', f'NETCDF:"{netcdf}":Band3'])[0:1, 0:1].tolist() == [[[30]]]

    def test_directories_of_a_tiff_and_tables_of_a_geopackage_can_be_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / 'a.tif')
        assert RasterioSource(f'GTIFF_DIR:1:{path}').shape == (HEIGHT, WIDTH, 3)
        copy(path, str(tmp_path / 'a.gpkg'), driver='GPKG', raster_table='one')
        with sqlite3.connect(tmp_path / 'a.gpkg') as database:  # a second table, which shows the same tiles
            for table in ('gpkg_contents', 'gpkg_tile_matrix_set', 'gpkg_tile_matrix'):
                database.execute(f'create table t as select * from {table}')
                database.execute("update t set table_name = 'two'")
                if table == 'gpkg_contents':
                    database.execute("update t set identifier = 'two'")
                database.execute(f'insert into {table} select * from t')
                database.execute('drop table t')
            database.execute('create table two as select * from one')
        with pytest.raises(NotReadableError, match='holds 2 rasters'):
            RasterioSource(str(tmp_path / 'a.gpkg'))
        assert RasterioSource(f'GPKG:{tmp_path}/a.gpkg:two').shape[:2] == (HEIGHT, WIDTH)

    @pytest.mark.parametrize('name', ['zip://{}!in/a.tif', '/vsizip/{}/in/a.tif', '/vsizip/{{{}}}/in/a.tif'])
    def test_an_image_in_an_archive_can_be_named(self, name: str, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
            archive.write(write(tmp_path / 'a.tif'), 'in/a.tif')
        assert RasterioSource(name.format(tmp_path / 'a.zip')).shape == (HEIGHT, WIDTH, 3)

    def test_bands_can_be_picked_by_a_vrt_uri(self, tmp_path: Path) -> None:
        source = RasterioSource(f'vrt://{write(tmp_path / "a.tif")}?bands=3,1')
        assert source[0:1, 0:1].tolist() == [[[30, 10]]]

    def test_one_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotReadableError, match=r'nope\.nc'):
            RasterioSource(f'NETCDF:"{tmp_path}/nope.nc":x')

    def test_a_file_without_pixels_says_so(self, tmp_path: Path) -> None:
        import geopandas
        import shapely

        frame = geopandas.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs='epsg:4326')
        frame.to_file(tmp_path / 'a.gpkg')
        with pytest.raises(NotReadableError, match=r'a\.gpkg'):
            RasterioSource(str(tmp_path / 'a.gpkg'))


@pytest.mark.parametrize(
    ('uri', 'file', 'suffix'),
    [
        ('/a/b.tif', '/a/b.tif', '.tif'),
        ('NETCDF:"s3://bucket/b.nc":red', 's3://bucket/b.nc', '.nc'),
        ('HDF5:"/a.h5"://group/x', '/a.h5', '.h5'),
        ('HDF5:/a.h5://group/x', '/a.h5', '.h5'),
        ('HDF4_EOS:EOS_GRID:"f.hdf":grid:v', 'f.hdf', '.hdf'),
        ('GTIFF_DIR:off:8:/x/a.tif', '/x/a.tif', '.tif'),
        ('zip+https://host/a.zip!b.tif', 'https://host/a.zip', '.tif'),
        ('/vsizip/a.zip/b.tif', 'a.zip', '.tif'),
        ('/vsicurl/https://host/a.tif?key=1.2', None, '.tif'),
        ('WMS:http://host', None, ''),
        ('netcdf.nc', 'netcdf.nc', '.nc'),
        ('file:///a%20b.tif', 'file:///a%20b.tif', '.tif'),
    ],
)
def test_the_file_in_a_name_is_found(uri: str, file: str | None, suffix: str) -> None:
    name = RasterName.of(uri)
    assert (name.file, name.suffix) == (file, suffix)
    if file is not None and not uri.startswith(('zip', '/vsi')):
        assert name.with_file(file) == uri
    assert files_of([uri, uri]) == ([] if file is None else [file])


class TestDescriptionsOfOtherFiles:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        (tmp_path / 'secret').write_text(SECRET)
        return tmp_path / 'secret'

    @pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.jp2', 'a.nc', 'a.grb', 'a', 'a.dat', 'a.img', 'a.mrf'])
    @pytest.mark.parametrize('text', [RAW, WMS], ids=['VRT', 'WMS'])
    def test_under_another_name_are_not_opened(self, text: str, name: str, secret: Path) -> None:
        path = secret.parent / name
        path.write_text(text.replace('{relative}', '0').replace('{path}', str(secret)))
        for read in (RasterioSource, describe_raster, lambda uri: RasterioSource([uri, uri])):
            with pytest.raises(NotReadableError, match=str(path)):
                read(str(path))

    @pytest.mark.parametrize('text', [RAW, SIMPLE], ids=['raw', 'simple'])
    @pytest.mark.parametrize('relative', [True, False])
    def test_a_vrt_reads_only_its_folder(self, text: str, relative: bool, secret: Path) -> None:
        image = write(secret.parent / 'a.tif')
        folder = secret.parent / 'sub'
        folder.mkdir()
        target = secret if text is RAW else Path(image)
        path = folder / 'a.vrt'
        path.write_text(text.format(relative=int(relative), path=f'../{target.name}' if relative else target))
        with pytest.raises(NotReadableError, match='not in its folder'):
            RasterioSource(str(path))
        with trusting_images(False), pytest.raises(NotReadableError, match='not in its folder'):
            RasterioSource(str(path), trust_references=True)
        assert RasterioSource(str(path), trust_references=True).get_chip(Box(0, 0, 8, 50)).any()
        with trusting_images(True):
            assert RasterioSource(str(path)).get_chip(Box(0, 0, 8, 50)).any()

    @pytest.mark.parametrize('relative', [True, False])
    def test_a_vrt_reads_its_folder(self, relative: bool, tmp_path: Path) -> None:
        (tmp_path / 'tiles').mkdir()
        image = write(tmp_path / 'tiles' / 'a.tif')
        (tmp_path / 'a.vrt').write_text(
            SIMPLE.format(relative=int(relative), path='tiles/a.tif' if relative else image)
        )
        with trusting_images(False):
            assert RasterioSource(str(tmp_path / 'a.vrt')).get_chip(Box(0, 0, 8, 50)).min() == 10

    @pytest.mark.parametrize(
        'source',
        [
            '/vsicurl/http://127.0.0.1:9/a.tif',
            'WMS:http://127.0.0.1:9',
            'link.tif',
            'inner.tif',
            'inner.vrt',
            '/vsizip/a.zip/b.vrt',
        ],
    )
    def test_no_way_leads_out_of_its_folder(self, source: str, secret: Path) -> None:
        folder = secret.parent / 'sub'
        folder.mkdir()
        (folder / 'link.tif').symlink_to(secret)
        for name in ('inner.tif', 'inner.vrt'):
            (folder / name).write_text(RAW.format(relative=0, path=secret))
        (folder / 'a.vrt').write_text(SIMPLE.format(relative=int(not source.startswith(('/', 'WMS'))), path=source))
        with pytest.raises(NotReadableError, match='is not opened'):
            RasterioSource(str(folder / 'a.vrt'))

    def test_entities_and_odd_spellings_do_not_hide_a_file(self, secret: Path) -> None:
        folder = secret.parent / 'sub'
        folder.mkdir()
        plain = RAW.format(relative=0, path=secret)
        for text in (
            '<!DOCTYPE x [<!ENTITY y "z">]>' + plain,
            plain.replace('SourceFilename', 'SOURCEFILENAME'),
            plain.replace('</VRTDataset>', ''),
        ):
            (folder / 'a.vrt').write_text(text)
            with pytest.raises(NotReadableError, match=r'a\.vrt'):
                RasterioSource(str(folder / 'a.vrt'))

    def test_a_service_is_asked_only_if_the_user_names_it(self) -> None:
        with trusting_images(False), pytest.raises(NotReadableError, match='asks a service'):
            open_raster('WMS:http://127.0.0.1:9')


class TestFilesBesideAnImage:
    """Masks and overviews of an image that a stranger made."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> str:
        """An image of one value in another folder, which a mask could be made of."""
        (tmp_path / 'other').mkdir()
        path = str(tmp_path / 'other' / 'mask.tif')
        with rasterio.open(path, 'w', driver='GTiff', count=1, height=HEIGHT, width=WIDTH, dtype='uint8') as dataset:
            dataset.update_tags(INTERNAL_MASK_FLAGS_1='2')
        return path

    @pytest.fixture
    def image(self, tmp_path: Path) -> str:
        (tmp_path / 'in').mkdir()
        return write(tmp_path / 'in' / 'a.tif', 1)

    def describing(self, other: str) -> str:
        metadata = '<Metadata><MDI key="INTERNAL_MASK_FLAGS_1">2</MDI></Metadata>'
        return SIMPLE.format(relative=0, path=other).replace('<VRTRasterBand', f'{metadata}<VRTRasterBand', 1)

    def refused(self, image: str, name: str) -> None:
        for read in (RasterioSource, describe_raster, lambda uri: RasterioSource([uri, uri])):
            with pytest.raises(NotReadableError, match=rf'a\.tif.* is not opened: .*{name}'):
                read(image)

    @pytest.mark.parametrize('ending', ['.msk', '.MSK', '.ovr', '.msk.ovr'])
    def test_that_describe_others_are_refused(self, image: str, other: str, ending: str) -> None:
        Path(f'{image}{ending}').write_text(self.describing(other))
        self.refused(image, f'a\\.tif{ending}.* is not the TIFF')
        source = RasterioSource(image, trust_references=True)
        if ending == '.msk':
            mask = source.get_nodata_mask(source.extent)
            assert mask is not None
            assert mask.all()  # what was refused is dangerous

    @pytest.mark.parametrize('name', ['a.tif.msk', 'a.tif.ovr', 'a.tif.aux.xml', 'a.tfw'])
    def test_that_lead_out_of_the_folder_are_refused(self, image: str, other: str, name: str) -> None:
        Path(image).with_name(name).symlink_to(other)
        self.refused(image, f'{name}.* leads out of its folder')

    def test_links_within_the_folder_count(self, image: str, other: str) -> None:
        Path(other).rename(Path(image).with_name('mask.tif'))
        Path(f'{image}.msk').symlink_to('mask.tif')
        mask = RasterioSource(image).get_nodata_mask(Box(0, 0, HEIGHT, WIDTH))
        assert mask is not None
        assert mask.all()

    def test_overviews_by_name_are_refused(self, image: str, other: str) -> None:
        Path(f'{image}.aux.xml').write_text(
            f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{other}</MDI></Metadata></PAMDataset>'
        )
        self.refused(image, 'its overviews are said to be in .*mask.tif')
        Path(f'{image}.aux.xml').unlink()
        with rasterio.open(image, 'r+') as dataset:
            dataset.update_tags(ns='OVERVIEWS', OVERVIEW_FILE='/vsicurl/http://127.0.0.1:9/a.tif')
        self.refused(image, 'its overviews are said to be in ')

    def test_those_of_images_in_a_vrt_are_looked_at(self, image: str, other: str) -> None:
        vrt = Path(image).with_name('a.vrt')
        vrt.write_text(SIMPLE.format(relative=1, path='a.tif'))
        assert RasterioSource(str(vrt)).get_chip(Box(0, 0, 8, 50)).any()
        Path(f'{image}.ovr').write_text(self.describing(other))
        vrt.write_text(SIMPLE.format(relative=1, path='./a.tif'))
        with pytest.raises(NotReadableError, match=r'a\.vrt.* is not opened: .*a\.tif\.ovr'):
            RasterioSource(str(vrt))

    def test_those_in_an_archive_are_looked_at(self, image: str, other: str, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
            archive.write(image, 'a.tif')
            archive.writestr('a.tif.msk', self.describing(other))
        with pytest.raises(NotReadableError, match=r'a\.tif\.msk.* is not the TIFF'):
            RasterioSource(f'zip://{tmp_path}/a.zip!a.tif')

    def test_a_description_without_end_is_refused(self, image: str) -> None:
        Path(f'{image}.aux.xml').touch()
        os.truncate(f'{image}.aux.xml', 1 << 40)
        self.refused(image, r'a\.tif\.aux\.xml.* is larger than 64 MB')


HEADERS = {
    'a.ers': (
        'DatasetHeader Begin\nVersion = "6.0"\nDataSetType = ERStorage\nDataType = Raster\nByteOrder = LSBFirst\n'
        'DataFile = "{}"\nRasterInfo Begin\nCellType = Unsigned8BitInteger\nNrOfLines = 64\nNrOfCellsPerLine = 64\n'
        'NrOfBands = 1\nRasterInfo End\nDatasetHeader End\n'
    ),
    'a.lbl': (
        'CCSD3ZF0000100000001NJPL3IF0PDSX00000001\nPDS_VERSION_ID=PDS3\nRECORD_TYPE=FIXED_LENGTH\nRECORD_BYTES=64\n'
        '^IMAGE=("{}",1)\nOBJECT=IMAGE\nLINES=64\nLINE_SAMPLES=64\nSAMPLE_TYPE=UNSIGNED_INTEGER\nSAMPLE_BITS=8\n'
        'END_OBJECT=IMAGE\nEND\n'
    ),
}


class TestHeadersThatNameFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ('in', 'other'):
            (tmp_path / name).mkdir()
            (tmp_path / name / 'raw').write_bytes(bytes([9]) * 4096)
        return tmp_path / 'in'

    @pytest.mark.parametrize('name', HEADERS)
    def test_of_other_folders_are_refused(self, folder: Path, name: str) -> None:
        path = str(folder / name)
        (folder / name).write_text(HEADERS[name].format('../other/raw'))
        for read in (RasterioSource, describe_raster):
            with pytest.raises(NotReadableError, match=r'it is read from .*other/raw.*not in its folder'):
                read(path)
        assert (RasterioSource(path, trust_references=True).get_chip(Box(0, 0, 64, 64)) == 9).all()
        (folder / name).write_text(HEADERS[name].format('raw'))
        assert (RasterioSource(path).get_chip(Box(0, 0, 64, 64)) == 9).all()

    def test_pixels_of_an_imagine_file_elsewhere_are_refused(self, folder: Path) -> None:
        path = folder / 'abcdefghijk.img'
        copy(write(folder / 'a.tif', 1), str(path), driver='HFA', USE_SPILL='YES')
        assert RasterioSource(str(path)).get_chip(Box(0, 0, 9, 9)).any()
        path.with_suffix('.ige').rename(folder.parent / 'other' / 'a.ige')
        path.write_bytes(path.read_bytes().replace(b'abcdefghijk.ige', b'../other/a.ige\0'))
        with pytest.raises(NotReadableError, match=r'it is read from .*a\.ige.*not in its folder'):
            RasterioSource(str(path))

    def test_an_image_that_is_a_link_has_its_parts_where_it_leads(self, folder: Path) -> None:
        (folder / 'a.ers').write_text(HEADERS['a.ers'].format('raw'))
        link = folder.parent / 'link.ers'
        link.symlink_to(folder / 'a.ers')
        (folder.parent / 'raw').symlink_to(folder / 'raw')
        assert RasterioSource(str(link)).get_chip(Box(0, 0, 9, 9)).any()


class TestOddBands:
    def test_bands_of_several_dtypes_are_read_in_one_that_holds_all(self, tmp_path: Path) -> None:
        parts = [write(tmp_path / f'{dtype}.tif', 1, dtype) for dtype in ('uint8', 'uint16', 'float32')]
        bands = ''.join(
            f'<VRTRasterBand dataType="{kind}" band="{band}"><SimpleSource><SourceFilename relativeToVRT="0">{path}'
            '</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>'
            for band, (kind, path) in enumerate(zip(('Byte', 'UInt16', 'Float32'), parts, strict=True), 1)
        )
        path = tmp_path / 'a.vrt'
        path.write_text(f'<VRTDataset rasterXSize="{WIDTH}" rasterYSize="{HEIGHT}">{bands}</VRTDataset>')
        for channels, dtype in ((None, 'float32'), ([0], 'uint8'), ([0, 1], 'uint16'), ([2], 'float32')):
            source = RasterioSource(str(path), channel_order=channels)
            chip = source.get_chip(Box(-2, -2, 8, 8))
            assert source.dtype == chip.dtype == dtype
            assert chip[5, 5].tolist() == [10] * len(channels or [0, 1, 2])
            assert source.get_chip(Box(0, 0, 8, 8), bands=[0], out_shape=(4, 4)).dtype == dtype
        assert describe_raster(str(path)).bands[2].dtype == 'float32'

    @pytest.mark.parametrize(
        'dtype', ['complex_int16', 'complex64', 'complex128', 'int8', 'uint32', 'int64', 'float64']
    )
    def test_any_dtype_is_read_and_described(self, dtype: str, tmp_path: Path) -> None:
        path = tmp_path / 'a.tif'
        with rasterio.open(path, 'w', driver='GTiff', count=1, height=8, width=8, dtype=dtype, **PLACE) as image:
            image.write(np.full((1, 8, 8), 3, 'complex64' if dtype == 'complex_int16' else dtype))
        source = RasterioSource(str(path))
        assert source[:, :].dtype == source.dtype
        assert (source[:, :] == 3).all()
        describe_raster(str(path))

    def test_one_bit_images_are_read(self, tmp_path: Path) -> None:
        path = tmp_path / 'a.tif'
        with rasterio.open(path, 'w', driver='GTiff', count=1, height=8, width=8, dtype='uint8', nbits=1) as image:
            image.write(np.eye(8, dtype='uint8')[np.newaxis])
        assert np.array_equal(RasterioSource(str(path))[:, :][..., 0], np.eye(8))
        describe_raster(str(path))

    @pytest.mark.parametrize('size', [(4, 4), (16, 16), (8, 9)])
    def test_a_mask_of_another_size_is_an_error_or_left_out(self, size: tuple[int, int], tmp_path: Path) -> None:
        path = tmp_path / 'a.tif'
        for name, shape in (('a.tif', (8, 8)), ('a.tif.msk', size)):
            with rasterio.open(
                tmp_path / name, 'w', driver='GTiff', count=1, height=shape[0], width=shape[1], dtype='uint8'
            ) as image:
                image.write(np.ones((1, *shape), 'uint8'))
                image.update_tags(INTERNAL_MASK_FLAGS_1=2)
        try:
            source = RasterioSource(str(path))
            assert (source[:, :] == 1).all() or source.get_nodata_mask(source.extent) is not None
        except NotReadableError as error:
            assert 'a.tif' in str(error)


@pytest.mark.parametrize('cut', [8, 100, 200, 400, 3000])
@pytest.mark.parametrize(
    'driver', ['GTiff', 'PNG', 'JPEG', 'JP2OpenJPEG', 'HFA', 'netCDF', 'GPKG', 'GRIB', 'NITF', 'WEBP']
)
def test_files_cut_short_are_errors_that_name_them(driver: str, cut: int, tmp_path: Path) -> None:
    count = 1 if driver == 'netCDF' else 3
    copy(write(tmp_path / 'source.tif', count), str(tmp_path / 'whole'), driver=driver)
    data = (tmp_path / 'whole').read_bytes()
    endings = {'GTiff': 'tif', 'JP2OpenJPEG': 'jp2', 'HFA': 'img', 'netCDF': 'nc', 'GRIB': 'grb', 'NITF': 'ntf'}
    path = tmp_path / f'a.{endings.get(driver, driver.lower())}'
    path.write_bytes(data[: min(cut, len(data) - 1)])
    for read in (lambda uri: RasterioSource(uri)[:, :], describe_raster, lambda uri: RasterioSource([uri, uri])):
        try:
            read(str(path))
        except (NotReadableError, DataError) as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ('name', 'value', 'pays'),
    [
        ('AWS_REQUEST_PAYER', 'requester', True),
        ('AWS_S3_REQUESTER_PAYS', 'True', True),
        ('AWS_S3_REQUESTER_PAYS', 'no', False),
        ('AWS_REQUEST_PAYER', 'owner', False),
    ],
)
def test_a_session_of_aws_knows_who_pays(monkeypatch, name, value, pays):
    pytest.importorskip('boto3')
    for each in ('AWS_REQUEST_PAYER', 'AWS_S3_REQUESTER_PAYS'):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)

    assert bool(get_aws_session().requester_pays) is pays
