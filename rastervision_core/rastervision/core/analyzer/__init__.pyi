from rastervision.core.analyzer.analyzer import Analyzer as Analyzer
from rastervision.core.analyzer.analyzer_config import AnalyzerConfig as AnalyzerConfig
from rastervision.core.analyzer.stats_analyzer import StatsAnalyzer as StatsAnalyzer
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig as StatsAnalyzerConfig
from rastervision.core.data.scene import Scene as Scene
from rastervision.core.raster_stats import RasterStats as RasterStats
from rastervision.pipeline.config.base import Config as Config
from rastervision.pipeline.errors import ConfigError as ConfigError
