"""The connection to S3: settings, credentials, retries.

Settings come from the section `AWS_S3` (`requester_pays`, `endpoint_url`, `unsigned`, `profile`), all else from where
boto3 looks: `AWS_*` variables, profiles, roles. Clients are kept and made anew when one of these changes.
"""

import os
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.utils import is_true

AWS_S3 = 'aws_s3'
REQUESTER = 'requester'
NOBODY = 'None'
ATTEMPTS = 8
CONNECTIONS = 32
CONNECT_SECONDS = 10
READ_SECONDS = 60
# How boto3 found keys that GDAL finds in the same way; GDAL then also renews those that expire.
FOUND_BY_GDAL = ('env', 'shared-credentials-file', 'iam-role', 'container-role')

_clients: dict[Any, Any] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Settings:
    """What the section `AWS_S3` says.

    Attributes:
        requester_pays: Whether this account pays for what it reads from other people's buckets.
        endpoint_url: Another store than Amazon's. None: where boto3 looks.
        unsigned: Ask without credentials, for public data.
        profile: Name of a profile of AWS. None: where boto3 looks.
    """

    requester_pays: bool
    endpoint_url: str | None
    unsigned: bool
    profile: str | None

    @classmethod
    def read(cls) -> 'Settings':
        """Those in force."""

        def option(key: str) -> str | None:
            value = rv_config_.get_namespace_option(AWS_S3, key)
            return None if value is None else str(value) or None

        def is_set(key: str, *, default: bool) -> bool:
            return bool(rv_config_.get_namespace_option(AWS_S3, key, default, as_bool=True))

        no_sign = os.environ.get('AWS_NO_SIGN_REQUEST', '')
        payer = os.environ.get('AWS_REQUEST_PAYER', '')
        return cls(
            requester_pays=is_set('requester_pays', default=payer.lower() == REQUESTER),
            endpoint_url=option('endpoint_url'),
            unsigned=is_set('unsigned', default=is_true(no_sign, 'AWS_NO_SIGN_REQUEST')),
            profile=option('profile'),
        )


def get_session() -> 'boto3.Session':
    """A session of boto3, with the profile of the settings."""
    return boto3.Session(profile_name=Settings.read().profile)


def get_client() -> Any:
    """The client of S3, which threads may share. It is kept until a setting changes; a forked process makes its own."""
    settings = Settings.read()
    variables = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith('AWS_')))
    key = (os.getpid(), settings, variables)
    with _lock:
        if key not in _clients:
            _clients.clear()
            _clients[key] = _make_client(settings)
        return _clients[key]


def payer_arguments() -> dict[str, str]:
    """The argument of requests that says who pays, if it is not the owner of the bucket."""
    return {'RequestPayer': REQUESTER} if Settings.read().requester_pays else {}


def gdal_options() -> dict[str, str]:
    """The settings with which GDAL reads `/vsis3/` from the same store in the same name; cheap.

    Keys are passed on only if GDAL does not look where they were found: it renews those that it has found itself.
    """
    settings, client = Settings.read(), get_client()
    region = client.meta.region_name
    options = {} if region in (None, 'aws-global') else {'AWS_REGION': str(region)}
    endpoint = urlsplit(client.meta.endpoint_url)
    if not _is_amazon(endpoint.hostname or ''):
        is_virtual = (client.meta.config.s3 or {}).get('addressing_style') == 'virtual'
        options |= {
            'AWS_S3_ENDPOINT': endpoint.netloc + endpoint.path.rstrip('/'),
            'AWS_HTTPS': 'NO' if endpoint.scheme == 'http' else 'YES',
            'AWS_VIRTUAL_HOSTING': 'TRUE' if is_virtual else 'FALSE',
        }
    if settings.requester_pays:
        options['AWS_REQUEST_PAYER'] = REQUESTER
    if settings.unsigned:
        return {**options, 'AWS_NO_SIGN_REQUEST': 'YES'}
    return options | _keys_for_gdal(client, settings)


def _keys_for_gdal(client: Any, settings: Settings) -> dict[str, str]:
    profile = {'AWS_PROFILE': settings.profile} if settings.profile else {}
    credentials = client._request_signer._credentials  # those the client signs with; boto3 offers no public way
    if credentials is None or credentials.method in FOUND_BY_GDAL:
        return profile
    keys = credentials.get_frozen_credentials()
    options = {'AWS_ACCESS_KEY_ID': keys.access_key, 'AWS_SECRET_ACCESS_KEY': keys.secret_key}
    return options | ({'AWS_SESSION_TOKEN': keys.token} if keys.token else {})


def _make_client(settings: Settings) -> Any:
    session = boto3.Session(profile_name=settings.profile)
    own = session._session.get_config_variable  # what the user's profile and variables say
    retries: dict[str, Any] = {} if own('max_attempts') else {'total_max_attempts': ATTEMPTS}
    if own('retry_mode') in (None, 'legacy'):
        retries['mode'] = 'standard'
    options: dict[str, Any] = {'signature_version': UNSIGNED} if settings.unsigned else {}
    config = Config(
        retries=retries,
        max_pool_connections=CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        **options,
    )
    return session.client('s3', endpoint_url=settings.endpoint_url, config=config)


def _is_amazon(host: str) -> bool:
    return host.endswith(('.amazonaws.com', '.amazonaws.com.cn'))
