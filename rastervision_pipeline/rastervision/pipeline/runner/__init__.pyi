from rastervision.pipeline.file_system.utils import download_if_needed as download_if_needed
from rastervision.pipeline.file_system.utils import str_to_file as str_to_file
from rastervision.pipeline.pipeline import Pipeline as Pipeline
from rastervision.pipeline.runner.inprocess_runner import INPROCESS as INPROCESS
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner as InProcessRunner
from rastervision.pipeline.runner.local_runner import LOCAL as LOCAL
from rastervision.pipeline.runner.local_runner import (
    LocalRunner as LocalRunner,
)
from rastervision.pipeline.runner.local_runner import (
    make_makefile_entry_for_cmd as make_makefile_entry_for_cmd,
)
from rastervision.pipeline.runner.local_runner import (
    make_run_cmd_invocation as make_run_cmd_invocation,
)
from rastervision.pipeline.runner.runner import Runner as Runner
from rastervision.pipeline.utils import terminate_at_exit as terminate_at_exit
