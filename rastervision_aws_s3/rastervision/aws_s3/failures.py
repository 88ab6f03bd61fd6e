"""Errors of S3, said so that one knows what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from rastervision.pipeline.errors import (
    AccessDeniedError,
    MissingFileError,
    NotReadableError,
    NotWritableError,
    RasterVisionError,
)

NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
)
# What may pass when it is tried again: the connection was cut, or what came is not what was sent.
BROKEN_OFF = (boto.HTTPClientError, boto.FlexibleChecksumError, boto.IncompleteReadError, HTTPError, ConnectionError)
MISSING = ('404', 'NoSuchKey', 'NotFound')
DENIALS = ('403', 'AccessDenied', 'AllAccessDisabled', 'Forbidden')
HINTS = {
    'NoSuchBucket': 'there is no such bucket. Check the spelling',
    'InvalidBucketName': 'no bucket can have such a name. Check the spelling',
    'InvalidAccessKeyId': 'the store does not know the access key. Check AWS_PROFILE and AWS_ACCESS_KEY_ID',
    'SignatureDoesNotMatch': 'the secret key does not fit the access key. Check AWS_SECRET_ACCESS_KEY',
    'ExpiredToken': 'the credentials have expired. Log in again (aws sso login) or renew AWS_SESSION_TOKEN',
    'RequestTimeTooSkewed': 'the clock of this machine is wrong. Set it',
    'PreconditionFailed': 'it changed while it was read. Try again',
    '412': 'it changed while it was read. Try again',
    'NoSuchUpload': 'the upload was ended by somebody else. Try again',
    'SlowDown': 'the store asks to slow down. Try again later, or start fewer jobs at a time',
    'RequestLimitExceeded': 'the store asks to slow down. Try again later, or start fewer jobs at a time',
    'InvalidObjectState': 'it is archived (Glacier). Restore it first',
}
DENIED = (
    'access is denied. Check who you are (aws sts get-caller-identity) and the policies of user and bucket. For public '
    'data set AWS_NO_SIGN_REQUEST=yes; if the reader pays, AWS_S3_REQUESTER_PAYS=true'
)
WRONG_REGION = 'the bucket is in another region{}. Set AWS_REGION to it'


@contextmanager
def explained(uri: str, verb: str = 'read') -> Iterator[None]:
    """Turn errors of boto3 into NotReadableError, or NotWritableError if `verb` is `'written'`.

    Args:
        uri: What is read or written.
        verb: `'read'` or `'written'`.
    """
    try:
        yield
    except RasterVisionError:
        raise
    except (BotoCoreError, ClientError, HTTPError) as error:
        kind: type[RasterVisionError] = NotWritableError if verb == 'written' else NotReadableError
        if verb == 'read' and code_of(error) in MISSING:
            kind = MissingFileError
        elif verb == 'read' and code_of(error) in DENIALS:
            kind = AccessDeniedError
        raise kind(f'{uri!r} cannot be {verb}: {_reason(error)}.') from error


def code_of(error: Exception) -> str:
    """What the store calls an error, such as `'NoSuchKey'`; an empty string if it was not the store that failed."""
    return str(error.response.get('Error', {}).get('Code', '')) if isinstance(error, ClientError) else ''


def is_missing(error: Exception) -> bool:
    """Whether an error says that there is no such object."""
    return code_of(error) in MISSING


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        return _answer(error.response, code_of(error)) or _short(error)
    if isinstance(error, NO_KEYS):
        return (
            f'there are no usable credentials ({_short(error)}). Set AWS_PROFILE, or log in (aws sso login), or for '
            'public data AWS_NO_SIGN_REQUEST=yes'
        )
    if isinstance(error, boto.ProfileNotFound):
        return f'{_short(error)}. Check AWS_PROFILE and ~/.aws/config'
    if isinstance(error, boto.EndpointConnectionError | boto.ConnectTimeoutError):
        return f'{_short(error)}. Is the network up? A store other than Amazon is set by AWS_S3_ENDPOINT_URL'
    return f'{_short(error)}. Try again later'


def _answer(response: dict[str, Any], code: str) -> str | None:
    """What an answer of the store means, if it is a known one."""
    if code in MISSING:
        return 'there is no such file. Check the spelling of bucket and key'
    if code in DENIALS:
        return DENIED
    if code in ('301', 'PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'):
        headers = response.get('ResponseMetadata', {}).get('HTTPHeaders', {})
        region = response.get('Error', {}).get('Region') or headers.get('x-amz-bucket-region')
        return WRONG_REGION.format(f', {region}' if region else '')
    return HINTS.get(code)


def _short(error: Exception) -> str:
    return str(error).strip().rstrip('.')
