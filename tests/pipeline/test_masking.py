import json
import pickle
import time

import pytest

from rastervision.pipeline.cli.failures import print_error, report
from rastervision.pipeline.errors import MissingFileError, NotReadableError, about
from rastervision.pipeline.masking import has_secret, is_secret_name, mask, mask_data
from rastervision.pipeline.plain_text import plain

SECRET = 's3cr3t-V%2Fal+ue'
TEXTS = [
    f'https://ann:{SECRET}@host:80/a.tif',
    f'https://ann:p@{SECRET}@host/a.tif',
    f'https://{SECRET}@github.com/owner/repo',
    f'git+https://x:{SECRET}@host/a.git',
    f'https://b.s3.amazonaws.com/a.tif?X-Amz-Date=1&X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}&x=1',
    f'https://storage.googleapis.com/b/a.tif?X-Goog-Signature={SECRET}',
    f'https://x.blob.core.windows.net/c/a.tif?sv=2020&sig={SECRET}&se=2',
    f'https://api.host/a?access_token={SECRET}',
    f'https://api.host/a?API_KEY={SECRET}#layer',
    f'https://api.host/a?x=1&amp;apikey={SECRET}',
    f'/vsicurl/https://ann:{SECRET}@host/a.tif',
    f'/vsicurl?header.Authorization=Bearer%20{SECRET}&url=https%3A%2F%2Fhost%2Fa%3Fsig%3D{SECRET}%26x%3D1',
    f'PG:host=h user=ann password={SECRET} dbname=x',
    f"PG:host=h password='{SECRET} x'",
    f'AWS_SECRET_ACCESS_KEY={SECRET}',
    f'Authorization: Bearer {SECRET}',
]
HARMLESS = [
    's3://bucket/a@2x.tif',
    'https://host/a.tif?id=5&format=tif',
    'write to ann@host.org',
    'key=3',
    'tokens = 5 and token_size=3',
    'basic shapes',
    "the field 'secret' is missing",
]


@pytest.mark.parametrize('text', TEXTS)
def test_secrets_are_masked_and_the_rest_stays(text):
    masked = mask(f'{text!r} cannot be read.')

    assert 's3cr3t' not in masked and 'ue x' not in masked
    assert masked.endswith(' cannot be read.') and '***' in masked
    assert mask(masked) == masked and not has_secret(masked)
    assert has_secret(text)


@pytest.mark.parametrize('text', HARMLESS)
def test_text_without_secrets_stays(text):
    assert mask(text) == text


def test_host_and_other_parameters_are_still_told():
    uri = f'https://ann:{SECRET}@host:80/a.tif?id=5&sig={SECRET}&se=2'

    assert mask(uri) == 'https://***@host:80/a.tif?id=5&sig=***&se=2'


@pytest.mark.parametrize('text', ['a.', 'token', '://', 'token=', "password='", 'bearer ', 'a-token_', '&sig%3D'])
def test_masking_is_quick_for_any_text(text):
    start = time.perf_counter()

    mask(f'{text * (200_000 // len(text))}@=')

    assert time.perf_counter() - start < 5


def test_data_are_masked_in_depth_and_by_name():
    data = {'uris': [TEXTS[0], 'a.tif'], 'api_key': 'x', 'num_tokens': 3, 'empty_token': '', 'deep': {'a': (TEXTS[6],)}}

    masked = mask_data(data)

    assert 's3cr3t' not in json.dumps(masked)
    assert masked['uris'][1] == 'a.tif' and masked['api_key'] == '***'
    assert masked['num_tokens'] == 3 and masked['empty_token'] == ''
    assert data['api_key'] == 'x'


@pytest.mark.parametrize('name', ['password', 'AWS_SECRET_ACCESS_KEY', 'mlflow_token', 'api-key', 'account_key'])
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize('name', ['uri', 'key', 'tokens', 'root_uri', 'attempts', 'monkey', 5, None])
def test_names_of_other_things(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize('kind', [NotReadableError, MissingFileError])
def test_errors_show_no_secrets(kind, capsys):
    error = kind(f'{TEXTS[0]!r} cannot be read: no answer.')

    print_error(f'Error: {error}')
    report(error)
    report(ValueError(TEXTS[4]))  # one that is not ours

    assert 's3cr3t' not in ''.join(
        [str(error), repr(error), str(pickle.loads(pickle.dumps(error))), *capsys.readouterr()]
    )
    assert '@host:80/a.tif' in str(error)


def test_file_of_an_error_is_named_once():
    with pytest.raises(NotReadableError) as error, about(TEXTS[0]):
        raise NotReadableError(f'{TEXTS[0]!r} cannot be read.')

    assert str(error.value) == "'https://***@host:80/a.tif' cannot be read."


def test_terminal_shows_no_secrets():
    assert 's3cr3t' not in plain(TEXTS[6])
