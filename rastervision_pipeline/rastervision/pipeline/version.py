"""The version of the framework."""

from importlib.metadata import version

__version__ = version('rastervision_pipeline')
