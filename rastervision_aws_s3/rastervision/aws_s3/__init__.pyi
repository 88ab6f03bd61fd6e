from rastervision.aws_s3.client import AWS_S3 as AWS_S3
from rastervision.aws_s3.listing import get_matching_s3_keys as get_matching_s3_keys
from rastervision.aws_s3.listing import get_matching_s3_objects as get_matching_s3_objects
from rastervision.aws_s3.s3_file_system import S3FileSystem as S3FileSystem
from rastervision.aws_s3.transfer import progressbar as progressbar
from rastervision.pipeline.errors import NotReadableError as NotReadableError
from rastervision.pipeline.errors import NotWritableError as NotWritableError
from rastervision.pipeline.file_system.file_system import FileSystem as FileSystem
