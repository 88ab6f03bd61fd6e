"""A pipeline that measures how bright images are."""

from functools import partial

from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.file_system.utils import file_to_json, json_to_file
from rastervision.pipeline.manifest import run_step
from rastervision.pipeline.pipeline import Pipeline

from rastervision.{{ cookiecutter.package }}.brightness_config import {{ cookiecutter.class_prefix }}BrightnessConfig


class {{ cookiecutter.class_prefix }}Brightness(Pipeline):
    """Measures how bright each image is, then all together."""

    commands: list[str] = ['measure', 'summarize']
    split_commands: list[str] = ['measure']
    gpu_commands: list[str] = []

    config: {{ cookiecutter.class_prefix }}BrightnessConfig

    def measure(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Measure the images of one part; if it is stopped, the next run goes on with those that are missing."""
        for uri in self.config.uris[split_ind::num_splits]:
            run_step(uri, partial(self.measure_image, uri))

    def summarize(self) -> None:
        """Put together what was measured."""
        measures = [file_to_json(self.config.measure_uri(uri)) for uri in self.config.uris]
        pixels = sum(measure['pixels'] for measure in measures)
        mean = sum(measure['sum'] for measure in measures) / pixels
        json_to_file({'pixels': pixels, 'mean': mean}, self.config.summary_uri)

    def inputs_of(self, command: str) -> list[str]:
        """A command runs again when one of these files changes."""
        return self.config.uris if command == 'measure' else []

    def measure_image(self, uri: str) -> None:
        """Measure one image, a window at a time: memory does not grow with its size."""
        source = RasterioSource(uri)
        windows = source.extent.get_windows(self.config.chip_sz, self.config.chip_sz)
        total = 0.0
        for window in windows:
            total += float(source.get_chip(window.intersection(source.extent)).sum())
        height, width, channels = source.shape
        json_to_file({'pixels': height * width * channels, 'sum': total}, self.config.measure_uri(uri))
