from rastervision.aws_batch.aws_batch_runner import AWS_BATCH as AWS_BATCH
from rastervision.aws_batch.aws_batch_runner import AWSBatchRunner as AWSBatchRunner
from rastervision.pipeline.runner.runner import Runner as Runner
