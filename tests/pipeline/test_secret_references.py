"""Passwords and the like in a config are written as references, and found again by who may."""

import copy
import json
import os
import re
from pathlib import Path

import pytest

from rastervision.pipeline.config.files import read_config_data, save_pipeline_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.execution import load_pipeline_config, prepare
from rastervision.pipeline.masking import mask, mask_data
from rastervision.pipeline.secret_references import (
    MAX_BYTES,
    REFERENCE,
    check_resolved,
    refer_to_secrets,
    references_in,
    resolve_secrets,
)

SECRET = 's3cr3t-V%2Fal+ue'
TEXTS = [
    f'https://ann:{SECRET}@host:80/a.tif',
    f'https://{SECRET}@host/owner/repo',
    f'https://ann:{SECRET}@host/a.tif?sig={SECRET}&id=5',
    f'https://ann:p@{SECRET}@host/a.tif',
    f'https://b.s3.amazonaws.com/a.tif?X-Amz-Date=1&X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}x&x=1',
    f'https://x.blob.core.windows.net/c/a.tif?sv=2020&sig={SECRET}%3D&se=2',
    f'https://api.host/a?access_token={SECRET}#layer',
    f'https://api.host/a?x=1&amp;apikey={SECRET}',
    f'/vsicurl/https://ann:{SECRET}@host/a.tif',
    f'zip+https://ann:{SECRET}@host/a.zip!b.tif',
    f'NETCDF:"https://ann:{SECRET}@host/a.nc":red',
    f'/vsicurl?header.Authorization=Bearer%20{SECRET}&url=https%3A%2F%2Fhost%2Fa%3Fsig%3D{SECRET}%26x%3D1',
    f'PG:host=h user=ann password={SECRET} dbname=x',
    f"PG:host=h password='{SECRET} x'",
    f'PG:host=h password="a&token={SECRET}"',
    f'Authorization: Bearer {SECRET}',
    f'<Url>https://host/?token={SECRET}</Url>',
]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    monkeypatch.setattr(os, 'environ', {name: value for name, value in os.environ.items() if 'SECRET' not in name})


def know(variables):
    os.environ.update(variables)


@pytest.mark.parametrize('text', TEXTS)
def test_references_hide_secrets_and_give_the_text_back(text):
    referring, variables = refer_to_secrets(text)

    assert 's3cr3t' not in referring and variables
    assert resolve_secrets(referring) == referring
    know(variables)
    assert resolve_secrets(referring) == text


@pytest.mark.parametrize('text', TEXTS)
def test_a_text_with_references_is_shown_like_the_text(text):
    assert mask(REFERENCE.sub('***', refer_to_secrets(text)[0])) == mask(text)


def test_a_whole_config_comes_back():
    data = {
        'uris': TEXTS,
        'api_key': SECRET,
        'deep': [{'mlflow_token': SECRET, 'a': [*TEXTS]}],
        'tokens': 5,
        'plain': 'a',
        'none': None,
    }
    given = copy.deepcopy(data)

    referring, variables = refer_to_secrets(data)

    assert data == given and 's3cr3t' not in json.dumps(referring)
    assert set(references_in(referring)) == set(variables)
    know(variables)
    assert resolve_secrets(referring) == data
    check_resolved(resolve_secrets(referring))


def test_names_stay_when_secrets_are_renewed_and_one_secret_has_one_name():
    uris = [f'https://host/{name}?sig={{}}' for name in 'abc']

    first = refer_to_secrets([uri.format('one') for uri in uris])
    second = refer_to_secrets([uri.format('two') for uri in uris])

    assert first[0] == second[0]
    assert list(first[1].values()) == ['one'] and list(second[1].values()) == ['two']


def test_without_secrets_nothing_changes():
    data = {'uris': ['s3://bucket/a@2x.tif', 'https://host/a.tif?id=5'], 'masked': 'https://***@host/?sig=***'}

    assert refer_to_secrets(data) == (data, {})


@pytest.mark.parametrize(
    'hostile',
    [
        'https://evil/?token={}',
        'https://evil/?u=https://good/&token={}',
        'https://good@evil/?token={}',
        'https://good:80/?token={}',
        'https://evil\\@good/?token={}',
        'https://good\\@evil/?token={}',
        'https://evil%2F@good/?token={}',
        'https://{}@evil/',
        'https:/evil/?token={}',
        '//evil/?token={}',
        'evil?token={}',
        '/vsicurl?header.Authorization={}&url=https%3A%2F%2Fevil%2F%3Fx%3Dhttps%3A%2F%2Fgood%2F',
    ],
)
def test_a_secret_goes_to_its_own_server_only(hostile):
    referring, variables = refer_to_secrets(f'https://good/a.tif?token={SECRET}')
    know(variables)
    [name] = variables

    assert 's3cr3t' in resolve_secrets(referring)
    assert 's3cr3t' not in resolve_secrets(hostile.format(f'${name}'))
    assert 's3cr3t' not in json.dumps(resolve_secrets({'api_key': f'${name}'}))


@pytest.mark.parametrize('name', ['HOME', 'AWS_SECRET_ACCESS_KEY', 'RASTERVISION_SECRET_A', 'RASTERVISION_USE_DDP'])
def test_no_other_variable_is_referred_to(name):
    know({name: 'value'})

    text = f'https://host/?token=${name}&a=${{{name}}}'

    assert resolve_secrets(text) == text


def test_settings_of_any_kind_may_hold_a_secret(tmp_path, monkeypatch):
    referring, variables = refer_to_secrets(TEXTS[0])
    [(name, value)] = variables.items()
    monkeypatch.chdir(tmp_path)
    (tmp_path / '.env').write_text(f"{name}='{value}'\n")
    from rastervision.pipeline.rv_config import rv_config_

    rv_config_.set_everett_config()
    try:
        assert resolve_secrets(referring) == TEXTS[0]
    finally:
        (tmp_path / '.env').unlink()
        rv_config_.set_everett_config()


def test_unknown_secrets_are_named_with_what_they_are_for():
    referring, variables = refer_to_secrets({'uris': TEXTS, 'api_key': SECRET})

    with pytest.raises(ConfigError) as error:
        check_resolved(referring)

    first = next(iter(variables))
    assert f"{first}: user and password of 'https://***@host:80/a.tif'" in str(error.value)
    assert f'and {len(variables) - 5} more' in str(error.value)


def test_what_an_unknown_secret_is_for_is_said():
    texts = [
        f'https://ann:{SECRET}@host/a?sig={SECRET}',
        f'PG:host=h password={SECRET}',
        f'Authorization: Bearer {SECRET}',
    ]

    roles = list(references_in(refer_to_secrets({'uris': texts, 'api_key': SECRET})[0]).values())

    uri = "'https://***@host/a?sig=***'"
    assert roles[:3] == [f'user and password of {uri}', f"'sig' of {uri}", "'password' of 'PG:host=h password=***'"]
    assert roles[3:] == ["a secret of 'Authorization: Bearer ***'", "the field 'api_key'"]


def test_more_secrets_than_a_process_can_be_given_are_refused():
    with pytest.raises(ConfigError, match='good for many files') as error:
        refer_to_secrets([f'https://host/a?sig={number:0100}' for number in range(MAX_BYTES // 100)])

    assert 'jobs can be given 500,000' in str(error.value)


def test_config_of_a_run_is_written_without_and_read_with_secrets(toy, tmp_path):
    config = toy(source='https://ann:s3cr3t@host/a.tif?sig=s1gned')

    uri = prepare(config).get_config_uri()

    written = Path(uri).read_text()
    assert 's3cr3t' not in written and 's1gned' not in written
    assert load_pipeline_config(uri).source == type(config).from_file(uri).source == config.source
    assert mask_data(json.loads(written))['source'] == 'https://***@host/a.tif?sig=***'


def test_job_without_the_secrets_says_which_variables_to_set(toy):
    uri = prepare(toy(source='https://ann:s3cr3t@host/a.tif')).get_config_uri()
    for name in [name for name in os.environ if name.startswith('RASTERVISION_SECRET_')]:
        del os.environ[name]

    with pytest.raises(ConfigError, match=r'pipeline-config\.json.*\n.*RASTERVISION_SECRET_\w+_1: user .*host/a\.tif'):
        load_pipeline_config(uri)
    with pytest.raises(ConfigError, match='RASTERVISION_SECRET_'):  # a finished config that is run
        prepare(toy().from_dict(read_config_data(uri)))


def test_saving_again_gives_the_same_bytes(toy):
    config = toy(source='https://ann:s3cr3t@host/a.tif')
    uri = prepare(config).get_config_uri()
    before = Path(uri).read_text()

    save_pipeline_config(load_pipeline_config(uri), uri)

    assert Path(uri).read_text() == before
    assert re.search(r'https://\$RASTERVISION_SECRET_[0-9A-F]{8}_1@host/a\.tif', before)
