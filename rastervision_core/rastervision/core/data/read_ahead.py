"""Reading windows of a remote image whose order is known: threads fetch what comes next.

The image is divided into pages of whole blocks. Each page is fetched once, by one request with its neighbours where
they lie side by side, and kept until the last window that needs it has been read.
"""

import os
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import ColorInterp, Interleaving, MaskFlags
from rasterio.windows import Window

from rastervision.core.box import Box

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from rastervision.core.data.dataset_pool import PooledDataset

THREADS = 8
REQUEST_BYTES = 2 << 20  # of pixels
MAX_BYTES = 128 << 20
MAX_WINDOWS = 64  # ahead; what is fetched in vain if reading ends early
SMALLEST_PAGE = 64  # rows and columns; a strip of a few rows is not worth a request
Page = tuple[int, int]


class ReadAhead:
    """An open image whose `read` gives windows that were fetched before; in all else it is the dataset itself.

    Windows should be read in the order they were announced; others, resampled ones and other bands cost a request of
    their own. A window may be read several times before the next one. Results never depend on what is fetched when.

    Memory: at most `max_bytes` of pages, or what one window needs. Pages that a later row of windows needs are given
    up, and fetched again, if they do not fit. Cost: one request for a page, or for pages side by side.

    A context manager; only one thread may read.
    """

    def __init__(
        self,
        image: 'PooledDataset',
        windows: Sequence[Box],
        bands: Sequence[int],
        *,
        threads: int = THREADS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Nothing is fetched yet.

        Args:
            image: The image; each thread opens it.
            windows: What will be read, in order, in pixels of the image. They may reach over its edges.
            bands: Bands, counted from 1, that will be read.
            threads: How many requests may be under way.
            max_bytes: The most that is kept.
        """
        self._image = image
        self._pid = os.getpid()
        dataset = image.get()
        self._size, self._dtype = (dataset.height, dataset.width), dataset.dtypes[0]
        self._alpha = _alpha_band(dataset)
        self._bands = _bands_to_fetch(dataset, bands, self._alpha)
        self._page = tuple(side * ceil(SMALLEST_PAGE / side) for side in dataset.block_shapes[0])
        self._page_bytes: int = self._page[0] * self._page[1] * len(self._bands) * np.dtype(self._dtype).itemsize
        self._max_bytes = max_bytes
        extent = Box(0, 0, *self._size)
        parts = [window.intersection(extent) for window in windows]
        self._windows = [part for part in parts if part.area]
        self._page_boxes = np.array([self._page_box(part) for part in self._windows]).reshape(-1, 4)
        self._needs = self._count_needs()
        self._turns: dict[tuple[int, ...], deque[int]] = defaultdict(deque)
        for index, part in enumerate(self._windows):
            self._turns[tuple(part)].append(index)
        self._pages: OrderedDict[Page, tuple[Future[np.ndarray], Page]] = OrderedDict()
        self._next = 0  # index of the window that is expected
        self._asked = 0  # index of the first window whose pages are not asked for yet
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix='read ahead')
        self._stopped = threading.Event()

    def __enter__(self) -> 'ReadAhead':
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)
        self._pages.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image.get(), name)

    @property
    def is_mine(self) -> bool:
        """Whether this process made it: a forked one has no threads."""
        return self._pid == os.getpid()

    def read(self, bands: Sequence[int], *, window: Window, **options: Any) -> np.ndarray:
        """Read a window; see `rasterio.DatasetReader.read`.

        Returns:
            Array (bands, height, width).
        """
        part = Box(window.row_off, window.col_off, window.row_off + window.height, window.col_off + window.width)
        is_small = part.area * len(self._bands) * np.dtype(self._dtype).itemsize <= self._max_bytes
        if options or not is_small or not set(bands) <= set(self._bands) or not self._expects(part):
            pixels: np.ndarray = self._image.get().read(list(bands), window=window, **options)
            return pixels
        self._ask()
        chip = self._assemble(part)
        order = [self._bands.index(band) for band in bands]
        return chip if order == list(range(len(self._bands))) else chip[order]

    def read_masks(self, band: int, *, window: Window, **options: Any) -> np.ndarray:
        """Read the mask of a window; see `rasterio.DatasetReader.read_masks`. An alpha band is read ahead."""
        mask: np.ndarray
        if self._alpha is None or options:
            mask = self._image.get().read_masks(band, window=window, **options)
        else:
            mask = np.where(self.read([self._alpha], window=window)[0] > 0, 255, 0).astype(np.uint8)
        return mask

    # ---------------------------------------------------------------- planning
    def _page_box(self, part: Box) -> tuple[int, int, int, int]:
        """First and last (exclusive) row and column of the pages that a window needs."""
        h, w = self._page
        return part.ymin // h, part.xmin // w, -(-part.ymax // h), -(-part.xmax // w)

    def _count_needs(self) -> np.ndarray:
        """How many windows need each page: (rows, columns) of pages."""
        h, w = self._page
        steps = np.zeros((-(-self._size[0] // h) + 1, -(-self._size[1] // w) + 1), dtype=np.int32)
        for y, x, sign in ((0, 1, 1), (0, 3, -1), (2, 1, -1), (2, 3, 1)):
            np.add.at(steps, (self._page_boxes[:, y], self._page_boxes[:, x]), sign)
        needs: np.ndarray = steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
        return needs

    def _expects(self, part: Box) -> bool:
        """Whether a window is the one expected, or a later one; then those before it have had their turn."""
        turns = self._turns.get(tuple(part))
        while turns and turns[0] < self._next:
            turns.popleft()
        if not turns:
            return False
        index = turns[0]
        for done in range(self._next, index):
            ymin, xmin, ymax, xmax = self._page_boxes[done]
            self._needs[ymin:ymax, xmin:xmax] -= 1
        if index > self._next:
            self._next = index
            for page in [page for page in self._pages if self._needs[page] <= 0]:
                del self._pages[page]
        self._asked = max(self._asked, index)
        return True

    def _ask(self) -> None:
        """Have the pages of coming windows fetched, as many as may be kept; those of the expected one in any case.

        They are asked for when half of what was asked for before is used up: pages of many windows lie side by side.
        """
        if self._asked > self._next + MAX_WINDOWS // 2:
            return
        pages: dict[Page, None] = {}
        while self._asked < min(len(self._windows), self._next + MAX_WINDOWS):
            missing = [page for page in self._missing(self._asked) if page not in pages]
            is_expected = self._asked == self._next
            if not self._make_room(len(pages) + len(missing)) and not is_expected:
                break
            self._asked += 1
            if is_expected:
                self._fetch(missing)  # at once
            else:
                pages.update(dict.fromkeys(missing))
        self._fetch(sorted(pages))

    def _missing(self, index: int) -> list[Page]:
        ymin, xmin, ymax, xmax = self._page_boxes[index]
        pages = [(y, x) for y in range(ymin, ymax) for x in range(xmin, xmax)]
        for page in pages:
            if page in self._pages:
                self._pages.move_to_end(page)
        return [page for page in pages if page not in self._pages]

    def _make_room(self, count: int) -> bool:
        """Give up pages that none of the windows asked for needs, if need be. Whether there is room then."""
        excess = len(self._pages) + count - self._max_bytes // self._page_bytes
        if excess <= 0 or not self._pages:
            return excess <= 0
        boxes = self._page_boxes[self._next : self._asked + 1]
        y, x = np.array(list(self._pages))[..., None].transpose(1, 0, 2)
        needed = (boxes[:, 0] <= y) & (y < boxes[:, 2]) & (boxes[:, 1] <= x) & (x < boxes[:, 3])
        spare = [page for page, is_needed in zip(list(self._pages), needed.any(axis=1), strict=True) if not is_needed]
        for page in spare[:excess]:
            del self._pages[page]
        return len(spare) >= excess

    # ---------------------------------------------------------------- fetching
    def _fetch(self, pages: Sequence[Page]) -> None:
        """Have pages fetched, in boxes of a size that is worth a request."""
        longest = max(1, REQUEST_BYTES // self._page_bytes)
        for box in side_by_side(pages):
            for left in range(box.xmin, box.xmax, longest):
                right = min(left + longest, box.xmax)
                rows = max(1, longest // (right - left))
                for top in range(box.ymin, box.ymax, rows):
                    self._submit(Box(top, left, min(top + rows, box.ymax), right))

    def _submit(self, box: Box) -> None:
        future = self._pool.submit(self._read_pages, box)
        for y in range(box.ymin, box.ymax):
            for x in range(box.xmin, box.xmax):
                self._pages[y, x] = future, (box.ymin, box.xmin)

    def _read_pages(self, box: Box) -> np.ndarray:
        from rastervision.core.data.rasterio_io import read_window_again

        if self._stopped.is_set():
            return np.empty((0, 0, 0))
        return read_window_again(self._image.get(), self._pixels(box), self._bands)

    def _pixels(self, box: Box) -> Box:
        """The part of the image that a box of pages covers."""
        h, w = self._page
        return Box(box.ymin * h, box.xmin * w, min(box.ymax * h, self._size[0]), min(box.xmax * w, self._size[1]))

    def _assemble(self, part: Box) -> np.ndarray:
        chip = np.empty((len(self._bands), *part.size), dtype=self._dtype)
        ymin, xmin, ymax, xmax = self._page_box(part)
        for box in side_by_side([(y, x) for y in range(ymin, ymax) for x in range(xmin, xmax)], self._owner):
            page = (box.ymin, box.xmin)
            future, origin = self._pages[page]
            pixels = future.result()
            covered = self._pixels(box).intersection(part)
            source = covered.to_local_coords(self._pixels(Box(*origin, origin[0] + 1, origin[1] + 1)))
            chip[(slice(None), *covered.to_local_coords(part).to_slices())] = pixels[(slice(None), *source.to_slices())]
        return chip

    def _owner(self, page: Page) -> int:
        """What pages that were fetched together have in common."""
        return id(self._pages[page][0])


def _alpha_band(dataset: 'DatasetReader') -> int | None:
    """The alpha band that masks all bands, if there is one."""
    is_masked = all(
        MaskFlags.alpha in flags
        for flags, colour in zip(dataset.mask_flag_enums, dataset.colorinterp, strict=True)
        if colour != ColorInterp.alpha
    )
    colours = list(dataset.colorinterp)
    return colours.index(ColorInterp.alpha) + 1 if is_masked and ColorInterp.alpha in colours else None


def _bands_to_fetch(dataset: 'DatasetReader', bands: Sequence[int], alpha: int | None) -> list[int]:
    """These bands and alpha; all, if one cannot be fetched without the others."""
    if dataset.interleaving == Interleaving.pixel:
        return list(dataset.indexes)
    return sorted({*bands, *([] if alpha is None else [alpha])})


def side_by_side(pages: Sequence[Page], owner: Any = None) -> Iterator[Box]:
    """Boxes of pages that cover these pages, and no other; few, so that few requests are made.

    Args:
        pages: Row and column of each, in order of rows.
        owner: If given, pages of a box have the same value of this function.
    """
    runs: dict[tuple[int, int, Any], Box] = {}
    start = 0
    for index in range(1, len(pages) + 1):
        (y, x), last = pages[start], pages[index - 1]
        is_next = index < len(pages) and pages[index] == (y, last[1] + 1)
        if is_next and (owner is None or owner(pages[index]) == owner(pages[start])):
            continue
        key = (x, last[1] + 1, owner(pages[start]) if owner else None)
        above = runs.get(key)
        if above is not None and above.ymax == y:
            runs[key] = Box(above.ymin, x, y + 1, key[1])
        else:
            if above is not None:
                yield above
            runs[key] = Box(y, x, y + 1, key[1])
        start = index
    yield from runs.values()
