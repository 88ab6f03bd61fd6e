"""The connection to AWS Batch and to the logs of its jobs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from rastervision.pipeline.errors import RunError

ATTEMPTS = 10
MAX_DESCRIBED = 100  # jobs in one request


@cache
def get_client(service: str) -> Any:
    """A client of boto3, with the credentials, region and endpoint that boto3 finds."""
    with explained('connect'):
        return boto3.client(service, config=Config(retries={'mode': 'standard', 'total_max_attempts': ATTEMPTS}))


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn errors of boto3 into RunError.

    Args:
        doing: What is tried, for the message.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise RunError(
            'There are no credentials for AWS. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
        ) from error
    except NoRegionError as error:
        raise RunError('Which region of AWS? Set AWS_DEFAULT_REGION, or a region in the profile.') from error
    except (BotoCoreError, ClientError) as error:
        raise RunError(f'AWS Batch: {doing}: {error}') from error


def describe_jobs(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What AWS Batch says of jobs, by id, without those that it has forgotten (a week after their end)."""
    found: dict[str, dict[str, Any]] = {}
    with explained('describe jobs'):
        for start in range(0, len(ids), MAX_DESCRIBED):
            answer = get_client('batch').describe_jobs(jobs=list(ids[start : start + MAX_DESCRIBED]))
            found |= {job['jobId']: job for job in answer['jobs']}
    return found


def variables_of(job_def: str) -> set[str]:
    """Names of the variables, secret ones too, that a job definition sets in the environment of its jobs.

    Args:
        job_def: Its name, with or without `:<revision>`, or its ARN.
    """
    is_exact = ':' in job_def
    wanted = {'jobDefinitions': [job_def]} if is_exact else {'jobDefinitionName': job_def, 'status': 'ACTIVE'}
    with explained(f'describe {job_def}'):
        found = get_client('batch').describe_job_definitions(**wanted)['jobDefinitions']
    newest: dict[str, Any] = max(found, key=lambda each: each['revision'], default={})
    properties = newest.get('containerProperties', {})
    return {each['name'] for kind in ('environment', 'secrets') for each in properties.get(kind, ())}


def read_log(group: str, stream: str, token: str | None) -> tuple[list[str], str | None]:
    """Lines of a log.

    Args:
        group: Its group.
        stream: Its name in the group.
        token: What this gave the last time. None: start near the end.

    Returns:
        The lines since then, and where to go on; nothing new if the log cannot be read, as it is only shown.
    """
    options = {} if token is None else {'nextToken': token}
    try:
        answer = get_client('logs').get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=token is not None, **options
        )
    except (BotoCoreError, ClientError):
        return [], token
    lines = [event['message'].rstrip() for event in answer['events']]
    return [line for line in lines if line], answer.get('nextForwardToken', token)
