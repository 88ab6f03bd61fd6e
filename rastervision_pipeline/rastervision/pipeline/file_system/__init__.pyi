from rastervision.pipeline.errors import NotReadableError as NotReadableError
from rastervision.pipeline.errors import NotWritableError as NotWritableError
from rastervision.pipeline.file_system.file_system import FileSystem as FileSystem
from rastervision.pipeline.file_system.http_file_system import (
    HttpFileSystem as HttpFileSystem,
)
from rastervision.pipeline.file_system.http_file_system import (
    get_file_obj as get_file_obj,
)
from rastervision.pipeline.file_system.local_file_system import (
    LocalFileSystem as LocalFileSystem,
)
from rastervision.pipeline.file_system.local_file_system import (
    make_dir as make_dir,
)
from rastervision.pipeline.file_system.local_file_system import (
    progressbar as progressbar,
)
from rastervision.pipeline.file_system.publish import publish_dir as publish_dir
from rastervision.pipeline.file_system.publish import publish_file as publish_file
from rastervision.pipeline.file_system.publish import record_outputs as record_outputs
from rastervision.pipeline.file_system.utils import (
    download_if_needed as download_if_needed,
)
from rastervision.pipeline.file_system.utils import (
    download_or_copy as download_or_copy,
)
from rastervision.pipeline.file_system.utils import (
    extract as extract,
)
from rastervision.pipeline.file_system.utils import (
    file_exists as file_exists,
)
from rastervision.pipeline.file_system.utils import (
    file_to_json as file_to_json,
)
from rastervision.pipeline.file_system.utils import (
    file_to_str as file_to_str,
)
from rastervision.pipeline.file_system.utils import (
    get_local_path as get_local_path,
)
from rastervision.pipeline.file_system.utils import (
    get_tmp_dir as get_tmp_dir,
)
from rastervision.pipeline.file_system.utils import (
    is_archive as is_archive,
)
from rastervision.pipeline.file_system.utils import (
    is_local as is_local,
)
from rastervision.pipeline.file_system.utils import (
    json_to_file as json_to_file,
)
from rastervision.pipeline.file_system.utils import (
    list_paths as list_paths,
)
from rastervision.pipeline.file_system.utils import (
    start_sync as start_sync,
)
from rastervision.pipeline.file_system.utils import (
    str_to_file as str_to_file,
)
from rastervision.pipeline.file_system.utils import (
    sync_from_dir as sync_from_dir,
)
from rastervision.pipeline.file_system.utils import (
    sync_to_dir as sync_to_dir,
)
from rastervision.pipeline.file_system.utils import (
    unzip as unzip,
)
from rastervision.pipeline.file_system.utils import (
    upload_or_copy as upload_or_copy,
)
from rastervision.pipeline.file_system.utils import (
    zipdir as zipdir,
)
