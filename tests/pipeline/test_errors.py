import inspect
import pickle

import pytest

from rastervision.pipeline import errors

ARGUMENTS = {errors.ChannelOrderError: ([0, 7], 3)}
ERRORS = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.RasterVisionError)]


@pytest.mark.parametrize('cls', ERRORS)
def test_errors_come_back_whole_from_worker_processes(cls):
    error = cls(*ARGUMENTS.get(cls, ('what, where, what to try',)))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (cls, str(error))
