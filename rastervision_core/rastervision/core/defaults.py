"""Numbers and names that several modules share."""

TRAIN_GROUP = 'train_scenes'
VALIDATION_GROUP = 'validation_scenes'
TEST_GROUP = 'test_scenes'
NO_GROUP = '__N/A__'  # scene group of statistics in bundles of 0.12, which had one set of them

SCENE_ID = '{scene_id}'  # in a URI, for the id of each scene

NULL_CLASS = 'null'
NULL_COLOR = 'black'

MAP_CRS = 'epsg:4326'  # of map coordinates, so of GeoJSON

CHIP_SZ = 300
PREDICT_BATCH_SZ = 8
MAX_WINDOWS = 10_000
MAX_SAMPLE_ATTEMPTS = 100
STATS_SAMPLE_PROB = 0.1
DENOISE_DIAMETER = 8
BLOCK_SZ = 256
SEED = 0

# Of a tiny run that shows whether everything works.
TEST_FOLDER = 'test_mode'
TEST_WINDOWS = 8  # of a scene, to train on
TEST_PREDICTED_WINDOWS = 4
TEST_BATCH_SZ = 4
TEST_EPOCHS = 2
TEST_SAMPLE_PROB = 0.01

# More is a mistake, or meant to use up memory.
MAX_CHANNELS = 65_536
MAX_SIDE = 16_384  # of a chip, in pixels
MAX_ZOOM = 30  # of web tiles; a pixel is then smaller than a millimetre
