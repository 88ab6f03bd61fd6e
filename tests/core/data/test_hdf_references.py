"""HDF files of a stranger that refer to other files are not opened."""

import base64
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy

from rastervision.core.box import Box
from rastervision.core.data import hdf_references
from rastervision.core.data.hdf_references import find_reference
from rastervision.core.data.raster_drivers import trusting_images
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.info.raster import describe_raster
from rastervision.pipeline.errors import NotReadableError

# What h5py makes, packed: a dataset `d` of 8 x 8 bytes, which are 9; or one that is in `../other/s.h5`, another such
# file, by an external link or as a virtual dataset, or in `../other/raw`. In the format of old, and `libver='latest'`.
FILES = {
    'plain': (
        'c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvf95_(<F!=;1%?PDCp!5nRm^dR?P68?}2sIyFT}Y6tD@gT!Gyt>5fCWNxFpPqc2s~UJ13+{H'
        'ln+a#Czw#xrJ$up4+`yNWMGAu#R%hTKxigLl=O&;W(K;H5$axK9jrha#AjlH7{me1A<T?0tqy1|X&4mo5bWpg0?N@a|0yt!rp-|>'
        '3Wh4+q!0iAk3}wW'
    ),
    'link': (
        'c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvfDwt9EF!=;1%?PDCp!5nRm^ceqP68?}05x9$YF-3XJS51~71?}rdq%;?1|F`C0m$iv14^G@'
        'LRAM#hXGWwmkFM7v8PNfpi3B$)Uz=tK-|IMz?dS$z@Vq6pI?%ZTBKjBmto4Fp8`_{0Cl`Q+W'
    ),
    'storage': (
        'c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvfHn5`dVe$!3nh{EOK<O1sFmXn(oCH){5NbZUx{x4OSCH!eXaHtU1`CAdU>F4>5qP*d27u@Y'
        'C?A$ePcWgXOF>JI9u(Tk$iN0MixI}xfY3~gDCrRw%?xxYBh<afI#_`;h|k0XF^C;#E+bS8D90G!Nbe4C^C3BknGu##9MDt-&@>(-'
        '(84)@1y!A%o_>BwMrx6MQDQlWAMEGv0`eEkKMKsFX__1W00vb$_y'
    ),
    'virtual': (
        'c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvf7$ng6P>=wn8KHCslwQFE6K4d=LA5goLd{247ZT*^3R3+a4Z!R%V1dva45MHq0uNWm01zDk'
        '<-=0x2_{r^DQM}@gF<^58Q36ZF~ay75Sob*B|YMznSm~4gt`}52P=>U@tK$*25~@r#KH{I3Q;Wt<$`#ut2nb67%B!d9)kV+T|hY+'
        '=064I(X=@VM!`@8?#})`j7SA4tlSJ`Kr2Y~^z`#fGE$55i}f;0fyFE{k{k#yA@L>9_#nUz#r7wo4UvR9_($Vl6pVsVFbYP&C>RB!'
        'U=)mkQ7{Td!6=|L007rLHCz'
    ),
    'plain_latest': (
        'c-rgqaB<`1lHy|K;9!7(|4`rn6*7Q|-)>KM?(g9e#Kcg+B!sLG2Dq3Q7#SGYco={bW6EZjc^(W@15&>a7=xVvw182Cfq{vMkrC!_'
        'Tr@Ke1ET-~$W0JYR-h}Hxj2A6U}l6Va)4Q|f?>#j!`r<j8Aib<7zLwX6pR9L04Ie20B<NL+y'
    ),
    'link_latest': (
        'c-rgqaB<`1lHy|K;9!7(|4^_Q$~S=0Q$xeL{XJZQm>4RUgpd`&02dPjBLf4QBm)B@hXZ2@P>r6Rett<tYLR}iUWO@yehLGFH3KD}'
        'kR#w50R4U?js'
    ),
    'storage_latest': (
        'c-rgqaB<`1lHy|K;9!7(|4{Iq5yCfsiZ9I(_4W5~31VWXU=l)B2m@S93_vYxJPbgJF=aE%JP!t{0jb{yjKNL-TEM8nz`(@B$Ov;d'
        'E}EH#fl+_~<R*wHE6|n9T<jV^6TqU34Eq^Tb-;iF%p{<1nHgcego!fLFbpWj%X$06!__eW#Fl`HK|R87pAl89o}PYwNk(dseo<mM'
        'hz|fvfHof'
    ),
    'virtual_latest': (
        'c-rmNxeCHS5C-6XcRgY}u@XDMItt<gh@t@n!Dmnq6vP9xwM^%8h@IHm`A`;`Yatebg$Tm`!7^laHakf(j@{{I&9bQs1KJ~mQt(_4'
        '^DW0o4(-lJVke8yLd}#AKq3P-i1As!&&Jo3@7IRkLM47o&7uoJQ~@c4&>!+HstiN{UXMXG?sl!xMh=K6UF7eb@K=_z{S8D!M4#xj'
        'hXa4u6(WPr)z<|&VOh1sW;$8b*4DI%F;ryFBfZJ$<)jSH34fRdadp|wU+z8R`R|E{h=_=Yh<@b>tk5!`'
    ),
}
FOUND = {
    'link': r"an external link to '\.\./other/s\.h5'",
    'storage': 'external storage',
    'virtual': 'a virtual dataset',
}
REFERRING = [name for name in FILES if not name.startswith('plain')]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stranger's folder, beside one of somebody else."""
    for name in ('other', 'in'):
        (tmp_path / name).mkdir()
    (tmp_path / 'other' / 's.h5').write_bytes(content('plain'))
    (tmp_path / 'other' / 'raw').write_bytes(bytes([9]) * 64)
    return tmp_path / 'in'


def content(name: str) -> bytes:
    return zlib.decompress(base64.b85decode(FILES[name]))


def put(folder: Path, name: str, data: bytes | None = None, ending: str = '.h5') -> str:
    path = folder / f'{name}{ending}'
    path.write_bytes(content(name) if data is None else data)
    return str(path)


@pytest.mark.parametrize('name', REFERRING)
@pytest.mark.parametrize('uri', ['HDF5:"{}"://d', 'NETCDF:"{}":d', '{}'])
def test_a_file_that_refers_to_another_is_not_opened(folder: Path, monkeypatch, name: str, uri: str) -> None:
    monkeypatch.chdir(folder)  # the library looks for external storage from here
    uri = uri.format(put(folder, name))

    for read in (RasterioSource, describe_raster):
        with pytest.raises(NotReadableError, match=f'{name}.* is not opened: it has {FOUND[name.partition("_")[0]]}'):
            read(uri)

    driver = uri.partition(':')[0]
    if driver == 'NETCDF' or (driver == 'HDF5' and not name.startswith('link')):  # what was refused is dangerous
        source = RasterioSource(uri, trust_references=True)
        assert (source.get_chip(Box(0, 0, 8, 8)) == 9).all()


@pytest.mark.parametrize('name', ['plain', 'plain_latest'])
def test_a_file_that_refers_to_none_is_read(folder: Path, name: str) -> None:
    with trusting_images(False):
        assert (RasterioSource(put(folder, name)).get_chip(Box(0, 0, 8, 8)) == 9).all()


@pytest.mark.parametrize('name', REFERRING)
@pytest.mark.parametrize('ending', ['.nc', '.hdf', '', '.dat'])
def test_the_name_of_the_file_hides_nothing(folder: Path, name: str, ending: str) -> None:
    with pytest.raises(NotReadableError, match='is not opened: it has '):
        RasterioSource(put(folder, name, ending=ending))


@pytest.mark.parametrize('name', REFERRING)
def test_a_block_of_the_user_before_it_hides_nothing(folder: Path, name: str) -> None:
    assert find_reference(put(folder, name, bytes(2048) + content(name))) is not None


@pytest.mark.parametrize('name', REFERRING)
@pytest.mark.parametrize('offset', range(-40, 41, 8))
def test_an_edge_of_what_is_looked_at_together_hides_nothing(folder: Path, monkeypatch, name: str, offset: int) -> None:
    path = put(folder, name)
    monkeypatch.setattr(hdf_references, 'BLOCK', max(len(content(name)) // 2 + offset, 64))

    assert find_reference(path) is not None


def test_in_an_archive_it_cannot_be_seen(folder: Path) -> None:
    with zipfile.ZipFile(folder / 'a.zip', 'w') as archive:
        archive.writestr('a.h5', content('plain'))

    with pytest.raises(NotReadableError, match='is not itself a file of this machine'):
        RasterioSource(f'zip://{folder}/a.zip!a.h5')


def test_a_netcdf_of_classes_and_texts_is_read(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (2, 700, 700), dtype=np.int32)
    pixels[0, :10] = 1
    with rasterio.open(
        tmp_path / 'a.tif', 'w', driver='GTiff', count=2, height=700, width=700, dtype='int32'
    ) as dataset:
        dataset.write(pixels)
        dataset.update_tags(note='HEAP GCOL ' * 50)
    for form in ('NC', 'NC2', 'NC4', 'NC4C'):
        path = str(tmp_path / f'{form}.nc')
        copy(str(tmp_path / 'a.tif'), path, driver='netCDF', FORMAT=form)
        assert (RasterioSource(f'NETCDF:"{path}":Band1').get_chip(Box(0, 0, 700, 700))[..., 0] == pixels[0]).all()


@pytest.mark.parametrize(
    'pattern', [b'HEAP', b'GCOL', b'\x01\x08\x40', b'FRHP\0', b'\x04\x03', b'\x01\0\0\0\x01\0\x01\0']
)
def test_hostile_bytes_are_looked_through_soon(folder: Path, pattern: bytes) -> None:
    path = put(folder, 'odd', content('plain') + pattern * (20_000_000 // len(pattern)))
    started = time.perf_counter()

    find_reference(path)

    assert time.perf_counter() - started < 15


@pytest.mark.parametrize('seed', range(20))
def test_damaged_files_raise_nothing(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name in FILES:
        data = np.frombuffer(content(name), np.uint8)[: rng.integers(1, len(content(name)))].copy()
        data[rng.integers(0, len(data), 20)] = rng.integers(0, 256, 20)
        find_reference(put(folder, f'{name}{seed}', data.tobytes()))


def hdf4(*elements: tuple[int, bytes]) -> bytes:
    """An HDF4 file of elements, each with its tag, in a block of descriptors of its own."""
    place = 4 + len(elements) * (6 + 12)
    blocks, bodies = b'', b''
    for index, (tag, body) in enumerate(elements):
        following = 4 + 18 * (index + 1) if index + 1 < len(elements) else 0
        blocks += struct.pack('>HI', 1, following) + struct.pack('>HHII', tag, 1, place + len(bodies), len(body))
        bodies += body
    return hdf_references.HDF4 + blocks + bodies


EXTERNAL_ELEMENT = struct.pack('>HIII', 2, 64, 0, 6) + b'../raw'


def test_external_elements_of_hdf4_are_found(folder: Path) -> None:
    def found(*elements: tuple[int, bytes]) -> str | None:
        return find_reference(put(folder, str(len(elements)), hdf4(*elements)))

    special, plain = 0x4000 | 702, 702
    assert found((plain, bytes(64)), (special, EXTERNAL_ELEMENT)) == 'an external element'
    assert found((plain, EXTERNAL_ELEMENT), (special, struct.pack('>HI', 3, 9)), (plain, b'')) is None
    assert find_reference(put(folder, 'circle', hdf_references.HDF4 + struct.pack('>HI', 0, 4))) is None
