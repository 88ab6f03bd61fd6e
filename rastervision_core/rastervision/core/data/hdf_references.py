"""References of HDF files to other files: external links, external storage, virtual datasets.

They are looked for in the bytes of the file, wherever it keeps its metadata, as the library that GDAL reads it with
cannot be asked. netCDF-4 is HDF5; older netCDF refers to nothing.
"""

import os
import re
import struct
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from typing import BinaryIO

import numpy as np

HDF5 = b'\x89HDF\r\n\x1a\n'
HDF4 = b'\x0e\x03\x13\x01'
BLOCK = 1 << 20  # bytes that are looked at together: they stay in a cache of the processor
OVERLAP = 32  # bytes of a place that looks like a reference
LONGEST_NAME = 1 << 18
MOST_LINKS = 10_000  # in a block that look like some
MOST = 100_000  # places that look like references, or that these could lead to
FIRST_PLACES = 24  # of the signature: 0, 512, 1024, 2048, ...

LINK_FLAGS, HAS_KIND = 0x20, 0x08  # flags are less than the first
EXTERNAL = 64  # the kind of a link
FIRST_VERSION, VIRTUAL = 4, 3  # of layouts; the class of one
LAST_ENTRY = 0xFFFF  # of a heap
NONE = np.zeros(0, np.int64)
HDF4_SPECIAL, HDF4_EXTERNAL = 0x4000, 2


def find_reference(path: str) -> str | None:
    """What another file is that an HDF file refers to, such as 'an external link to 'a.h5''; None if there is none.

    Also what cannot be looked through, such as packed links. Cost: the file is read once, and again if it changes.

    Args:
        path: A local file. One that is not HDF refers to nothing.
    """
    try:
        state = os.stat(path)
    except OSError:
        return None
    return _find(path, state.st_size, state.st_mtime_ns)


@lru_cache(1000)
def _find(path: str, size: int, changed: int) -> str | None:
    with open(path, 'rb') as file:
        head = file.read(8)
        if head.startswith(HDF4):
            return _find_in_hdf4(file)
        if size < len(HDF5):
            return None
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _find_in_hdf5(data)


# ------------------------------------------------------------------------------ HDF5
def _find_in_hdf5(data: mmap) -> str | None:
    places = [0, *(512 << power for power in range(FIRST_PLACES))]
    start = next((place for place in places if data[place : place + 8] == HDF5), None)
    if start is None:
        return None
    width = _width_of_addresses(data, start)
    if width is None:
        return 'a head of an unknown version'
    heaps, collections = _addresses(data, b'HEAP', start), _addresses(data, b'GCOL', start)
    if heaps is None or collections is None:
        return 'more heaps than can be looked through'
    if _has_packed_links(data):
        return 'links that are packed'
    finds = [(_find_link, heaps), (_find_storage, heaps), (_find_virtual, collections)]
    for offset in range(0, len(data), BLOCK):
        block = np.frombuffer(data[offset : offset + BLOCK + OVERLAP], np.uint8)
        block = np.append(block, np.zeros(max(OVERLAP - len(block), 0), np.uint8))
        for find, targets in finds:
            found = find(data, block, offset, targets, width)
            if found is not None:
                return found
    return None


def _width_of_addresses(data: mmap, start: int) -> int | None:
    """Bytes of an address, by the version of the head."""
    version = data[start + 8] if len(data) > start + 14 else None
    if version in (0, 1):
        return data[start + 13]
    return data[start + 9] if version in (2, 3) else None


def _addresses(data: mmap, signature: bytes, start: int) -> np.ndarray | None:
    """Where heaps of a kind are, as the file may call it; None: there are too many."""
    found: list[int] = []
    for match in re.finditer(re.escape(signature), data):
        found += {match.start(), match.start() - start}
        if len(found) > MOST:
            return None
    return np.array(sorted(found), dtype=np.int64)


def _has_packed_links(data: mmap) -> bool:
    """Whether a heap of links, or of attributes, goes through filters."""
    return any(any(data[match.start() + 7 : match.start() + 9]) for match in re.finditer(b'FRHP\0', data))


def _find_link(data: mmap, block: np.ndarray, offset: int, targets: np.ndarray, width: int) -> str | None:
    """A message of a link: version 1, flags that tell its kind and how long the length of its name is."""
    is_link = block[2:] == EXTERNAL
    is_link &= block[:-2] == 1
    candidates = np.flatnonzero(is_link)
    flags = block[candidates + 1]
    candidates = candidates[(flags < LINK_FLAGS) & (flags & HAS_KIND > 0)]
    if len(candidates) > MOST_LINKS:
        return 'more that looks like links than can be looked through'
    for candidate in candidates.tolist():
        target = _target_of_link(data, offset + candidate)
        if target is not None:
            return f'an external link to {target!r:.200}'
    return None


def _target_of_link(data: mmap, start: int) -> str | None:
    """The file that a link at a place leads to; None if it is no link."""
    flags = data[start + 1]
    place = start + 3 + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    place += width
    length = int.from_bytes(data[place - width : place], 'little')
    if length == 0 or place + length + 2 > len(data) or data.find(b'\0', place, place + min(length, LONGEST_NAME)) >= 0:
        return None
    if length > LONGEST_NAME:
        return 'a file, by a name without end'
    place += length
    value = data[place + 2 : place + 2 + int.from_bytes(data[place : place + 2], 'little')]
    parts = value[1:].split(b'\0')
    if value[:1] != b'\0' or len(parts) != 3 or not parts[0] or not parts[1] or parts[2]:
        return None
    return parts[0].decode(errors='replace')


def _find_storage(data: mmap, block: np.ndarray, offset: int, targets: np.ndarray, width: int) -> str | None:
    """A list of external files: version 1, three zeros, two counts, the address of a heap with their names."""
    is_list = block[:-16] == 1
    for place in (1, 2, 3):
        is_list &= block[place : place - 16] == 0
    candidates = np.flatnonzero(is_list) if len(targets) else NONE
    candidates = candidates[(block[candidates + 6] > 0) | (block[candidates + 7] > 0)]
    for place in _leading_to(block, candidates + 8, targets, width):
        there_is_room_for, there_are = struct.unpack('<HH', block[place - 4 : place].tobytes())
        if there_are <= there_is_room_for:
            return 'external storage'
    return None


def _find_virtual(data: mmap, block: np.ndarray, offset: int, targets: np.ndarray, width: int) -> str | None:
    """A layout of version 4 or later, whose class is virtual; the address of a heap with names, and the entry in it."""
    is_layout = block[1:] == VIRTUAL
    is_layout &= block[:-1] >= FIRST_VERSION
    candidates = np.flatnonzero(is_layout) if len(targets) else NONE
    for place in _leading_to(block, candidates + 2, targets, width):
        if 1 <= int.from_bytes(block[place + width : place + width + 4].tobytes(), 'little') <= LAST_ENTRY:
            return 'a virtual dataset'
    return None


def _leading_to(block: np.ndarray, places: np.ndarray, targets: np.ndarray, width: int) -> list[int]:
    """The places of a block at which there is the address of a target."""
    places = places[places + width <= len(block)]
    addresses = np.zeros(len(places), np.int64)
    for byte in range(min(width, 7)):  # files are smaller than that
        addresses |= block[places + byte].astype(np.int64) << (8 * byte)
    found: list[int] = places[np.isin(addresses, targets)].tolist()
    return found


# ------------------------------------------------------------------------------ HDF4
def _find_in_hdf4(file: BinaryIO) -> str | None:
    """Walks over the blocks of descriptors: number, place of the next block; then tag, reference, place, length."""
    place, seen = len(HDF4), set[int]()
    while place and place not in seen:
        if len(seen) > MOST:
            return 'more blocks than can be looked through'
        seen.add(place)
        file.seek(place)
        head = file.read(6)
        if len(head) < 6:
            return None
        count, place = struct.unpack('>HI', head)
        table = file.read(12 * count)
        for tag, _, where, _ in struct.iter_unpack('>HHII', table[: len(table) // 12 * 12]):
            if tag & HDF4_SPECIAL and not tag & 0x8000:
                file.seek(where)
                if file.read(2) == struct.pack('>H', HDF4_EXTERNAL):
                    return 'an external element'
    return None
