"""Predicting for the samples of a dataset."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from rastervision.core.data.chip import Chip
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.progress_bar import progress_bar as follow
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.sample_chips import Chips, CollateWithChips, SampleChip, with_options
from rastervision.pytorch_learner.learner.model import NO_OPTIONS, ModelPart, usable_workers

if TYPE_CHECKING:
    from torch.utils.data import Dataset

log = logging.getLogger(__name__)

ReturnFormat = Literal['xyz', 'yz', 'z']


class PredictingPart(ModelPart):
    """The part of a learner that predicts for datasets."""

    def predict_dataset(
        self,
        dataset: 'Dataset[Any]',
        return_format: ReturnFormat = 'z',
        raw_out: bool = True,
        numpy_out: bool = False,
        predict_kw: Mapping[str, Any] = NO_OPTIONS,
        dataloader_kw: Mapping[str, Any] = NO_OPTIONS,
        progress_bar: bool = True,
        progress_bar_kw: Mapping[str, Any] = NO_OPTIONS,
    ) -> Iterator[Any]:
        """Predict for each sample of a dataset, one batch at a time.

        Warns if the windows of a sliding dataset leave out rows or columns of the scene.

        Of pixels that are no data, predictions say nothing: scores and numbers are NaN, class ids -1, and there are no
        boxes. Samples of which no pixel is data are not computed. What is data, datasets of this package know.

        Args:
            dataset: The dataset.
            return_format: What to yield of a sample: z is its prediction, x the image, y the label.
            raw_out: Whether predictions are scores.
            numpy_out: Whether to yield arrays instead of tensors.
            predict_kw: Passed to `predict`.
            dataloader_kw: Passed to `DataLoader`.
            progress_bar: Show a progress bar.
            progress_bar_kw: Passed to :func:`.progress_bar`, and so to tqdm.
        """
        _warn_of_what_is_left_out(dataset)
        workers = rv_config_.get_namespace_int('rastervision', 'PREDICT_NUM_WORKERS', self.cfg.data.num_workers)
        batch_sz = self.cfg.solver.batch_sz if self.cfg.solver is not None else 1
        options: dict[str, Any] = {
            'batch_size': batch_sz,
            'num_workers': usable_workers(workers),
            'shuffle': False,
            'collate_fn': self.get_collate_fn(),  # type: ignore[attr-defined]
        }
        options |= dataloader_kw
        options['collate_fn'] = CollateWithChips(options['collate_fn'])
        marked = with_options(dataset, gives_chips=True, mixes_gaps=self.cfg.no_data == 'mixed')
        dl: DataLoader[Any] = DataLoader(marked, **options)
        samples = self.predict_dataloader(
            dl, batched_output=False, return_format=return_format, raw_out=raw_out, predict_kw=predict_kw
        )
        if numpy_out:
            samples = (self._to_numpy(sample, return_format) for sample in samples)
        if not progress_bar:
            return iter(samples)
        about = {'desc': 'Predicting', 'total': num_samples(dataset)}
        return follow(samples, **{**about, **progress_bar_kw})

    def predict_dataloader(
        self,
        dl: 'DataLoader[Any]',
        batched_output: bool = True,
        return_format: ReturnFormat = 'z',
        raw_out: bool = True,
        predict_kw: Mapping[str, Any] = NO_OPTIONS,
    ) -> Iterator[Any]:
        """Predict for each batch, or sample, of a loader.

        Args:
            dl: The loader.
            batched_output: Yield batches instead of samples.
            return_format: What to yield: z is the prediction, x the image, y the label.
            raw_out: Whether predictions are scores.
            predict_kw: Passed to `predict`.

        Raises:
            ConfigError: If the format is not one of the three.
        """
        if return_format not in ('xyz', 'yz', 'z'):
            raise ConfigError(f"return_format {return_format!r}: not valid. Choose from 'xyz', 'yz', 'z'.")
        return self._predict_batches(dl, batched_output, return_format, raw_out, predict_kw)

    def _predict_batches(
        self, dl: 'DataLoader[Any]', batched: bool, fmt: ReturnFormat, raw_out: bool, predict_kw: Mapping[str, Any]
    ) -> Iterator[Any]:
        for x, y, *others in dl:
            chips = others[-1] if others and isinstance(others[-1], Chips) else None
            z = self._predict_data(x, chips, raw_out, predict_kw)
            parts = {'xyz': (x, y, z), 'yz': (y, z), 'z': (z,)}[fmt]
            rows = [parts] if batched else zip(*parts, strict=True)
            for row in rows:
                yield row[0] if fmt == 'z' else row

    def _to_numpy(self, sample: Any, fmt: ReturnFormat) -> Any:
        if fmt == 'z':
            return self.output_to_numpy(sample)
        *others, z = sample
        return (*(part.numpy() if isinstance(part, Tensor) else part for part in others), self.output_to_numpy(z))

    # ------------------------------------------------------------- what is no data
    def nothing(self, size: tuple[int, int], *, raw_out: bool) -> Any:
        """The prediction for an image of which no pixel is data. None: it is predicted as others are.

        Args:
            size: Height and width of predictions that have a place in the image.
            raw_out: Whether it is scores.
        """
        return None

    def only_of_data(self, out: Any, valid: np.ndarray) -> Any:
        """The prediction for an image, without what it says of pixels that are no data.

        Args:
            out: The prediction.
            valid: Which pixels are data, bool, of the height and width of the prediction.
        """
        return out

    def _predict_data(self, x: Tensor, chips: Chips | None, raw_out: bool, predict_kw: Mapping[str, Any]) -> Any:
        """The prediction for a batch, or for each of its images, some of whose pixels may be no data."""
        if chips is None or all(chip is None or chip.valid is None for chip in chips):
            return self.predict(x, raw_out=raw_out, **predict_kw)
        height, width = predict_kw.get('out_shape') or x.shape[-2:]
        data = [chip.data_in((height, width)) if isinstance(chip, SampleChip) else None for chip in chips]
        outs = [
            None if valid is None or valid.any() else self.nothing((height, width), raw_out=raw_out) for valid in data
        ]
        kept = [index for index, out in enumerate(outs) if out is None]
        if kept:
            more = self.gaps_kw([chips[index] for index in kept], x.shape[-2:], predict_kw.get('out_shape'))
            for index, out in zip(kept, self.predict(x[kept], raw_out=raw_out, **predict_kw, **more), strict=True):
                valid = data[index]
                outs[index] = out if valid is None or valid.all() else self.only_of_data(out, valid)
        return outs

    def gaps_kw(
        self, chips: Sequence[Chip | None], image_size: Sequence[int], out_size: Sequence[int] | None
    ) -> dict[str, Any]:
        """What `predict` is to be told of pixels that are no data, if it resizes predictions.

        Args:
            chips: The images of a batch.
            image_size: Their height and width.
            out_size: Height and width that predictions are resized to. None: they are not.

        Returns:
            `valid`, a bool tensor (batch, height, width): which pixels are data; or nothing.
        """
        masks = [None if chip is None else chip.valid for chip in chips]
        is_resized = out_size is not None and tuple(image_size) != tuple(out_size)
        has_gaps = is_resized and any(valid is not None for valid in masks)
        if self.cfg.no_data == 'mixed' or not has_gaps or not self._is_told_of_gaps:
            return {}
        whole = torch.ones(tuple(image_size), dtype=torch.bool)
        return {'valid': torch.stack([whole if valid is None else torch.from_numpy(valid) for valid in masks])}

    @property
    def _is_told_of_gaps(self) -> bool:
        """Whether `predict` has an argument `valid`, which one of a plugin may not."""
        return 'valid' in signature(self.predict).parameters


def _warn_of_what_is_left_out(dataset: 'Dataset[Any]') -> None:
    """Say which pixels of a scene will have no prediction because no window reaches them."""
    for part in getattr(dataset, 'datasets', [dataset]):
        if isinstance(part, SlidingWindowGeoDataset) and any(left_out := part.get_rows_and_columns_left_out()):
            rows, columns = left_out
            log.warning(
                f'{rows} rows and {columns} columns of scene {part.scene.id} will have no prediction: windows of '
                f'{part.size} with stride {part.stride} and padding={part.padding} do not reach them. '
                'Use padding=None, and a stride that is not larger than the windows, to cover the whole scene.'
            )
