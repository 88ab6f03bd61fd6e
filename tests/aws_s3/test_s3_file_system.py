import hashlib
import os
import sys

import pytest

from rastervision.aws_s3 import transfer
from rastervision.aws_s3.client import Settings
from rastervision.aws_s3.s3_file_system import (
    S3FileSystem,
    get_matching_s3_keys,
    get_matching_s3_objects,
    progressbar,
)
from rastervision.pipeline.errors import (
    ArgumentError,
    ConfigError,
    MissingFileError,
    NotReadableError,
    NotWritableError,
)
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.rv_config import rv_config_

MB = 1 << 20


def headers(requests, method):
    """The headers of the requests of a method, each as text."""
    texts = []
    for request in requests:
        if request.method == method:
            values = {name: request.headers[name] for name in request.headers}
            texts.append(
                {
                    name.lower(): value.decode() if isinstance(value, bytes) else str(value)
                    for name, value in values.items()
                }
            )
    return texts


def test_uri_is_bucket_and_key():
    assert S3FileSystem.parse_uri('s3://b/k/x#1?y=a b') == ('b', 'k/x#1?y=a b')
    assert S3FileSystem.parse_uri('s3://b') == ('b', '')
    assert S3FileSystem.matches_uri('s3://b/k', 'w')
    assert not S3FileSystem.matches_uri('/s3/b/k', 'r')
    with pytest.raises(ArgumentError, match='Write s3://bucket/key'):
        S3FileSystem.parse_uri('s3:///k')


def test_local_path_stays_in_the_folder_for_downloads():
    assert S3FileSystem.local_path('s3://b/k/x', '/tmp/d') == '/tmp/d/s3/b/k/x'
    assert S3FileSystem.local_path('s3://b/../../x', '/tmp/d') == '/tmp/d/s3/b/x'


@pytest.mark.parametrize('size', [0, 1, 33 * MB + 7])
def test_file_of_any_size_comes_back_with_its_checksum(bucket, tmp_path, requests, size):
    data = os.urandom(size)
    (tmp_path / 'x').write_bytes(data)

    S3FileSystem.copy_to(str(tmp_path / 'x'), f'{bucket}/x')
    S3FileSystem.copy_from(f'{bucket}/x', str(tmp_path / 'y'))

    assert hashlib.sha256((tmp_path / 'y').read_bytes()).digest() == hashlib.sha256(data).digest()
    sent = headers(requests, 'PUT')
    assert len(sent) == (3 if size > 32 * MB else 1)
    assert all('x-amz-checksum-crc32' in found or 'x-amz-trailer' in found for found in sent)


def test_large_bytes_are_sent_in_parts(bucket, requests):
    data = os.urandom(17 * MB)

    S3FileSystem.write_bytes(f'{bucket}/x', data)

    assert len(headers(requests, 'PUT')) == 2
    assert S3FileSystem.read_bytes(f'{bucket}/x') == data


def test_small_file_costs_one_request_to_read_or_write(bucket, requests):
    S3FileSystem.write_bytes(f'{bucket}/x', b'x')
    S3FileSystem.read_bytes(f'{bucket}/x')

    assert [request.method for request in requests] == ['PUT', 'GET']


def test_sync_sends_only_what_changed(bucket, tmp_path, requests):
    for name in ('a', 'b', 'c'):
        (tmp_path / name).write_text(name)
    (tmp_path / 'large').write_bytes(os.urandom(17 * MB))
    os.mkdir(tmp_path / 'empty')
    S3FileSystem.sync_to_dir(str(tmp_path), f'{bucket}/to')
    requests.clear()
    (tmp_path / 'b').write_text('z')
    os.utime(tmp_path / 'a')  # newer, but the same

    S3FileSystem.sync_to_dir(str(tmp_path), f'{bucket}/to')

    assert [request.url.rpartition('/')[2] for request in requests if request.method == 'PUT'] == ['b']


def test_folder_is_listed_over_pages(bucket, monkeypatch):
    client = S3FileSystem.get_client()
    for number in range(5):
        client.put_object(Bucket=bucket[5:], Key=f'x/{number}.txt', Body=b'')
    original = client.get_paginator('list_objects_v2').paginate
    monkeypatch.setattr(
        type(client.get_paginator('list_objects_v2')),
        'paginate',
        lambda self, **arguments: original(**arguments, PaginationConfig={'PageSize': 2}),
    )

    assert len(S3FileSystem.list_paths(f'{bucket}/x', 'txt')) == 5
    assert list(get_matching_s3_keys(bucket[5:], 'x/', '3.txt')) == ['x/3.txt']


def test_matching_objects_are_those_before_the_delimiter(bucket):
    for name in ('x/a.txt', 'x/b.json', 'x/deep/c.txt'):
        S3FileSystem.write_str(f'{bucket}/{name}', 'abc')

    assert [key for key, _ in get_matching_s3_objects(bucket[5:], 'x/', '.txt')] == ['x/a.txt']
    found = dict(get_matching_s3_objects(bucket[5:], 'x/', '.txt', delimiter=''))
    assert {key: item['Size'] for key, item in found.items()} == {'x/a.txt': 3, 'x/deep/c.txt': 3}


def test_object_whose_key_would_leave_the_folder_is_refused(bucket, tmp_path):
    S3FileSystem.get_client().put_object(Bucket=bucket[5:], Key='x/../../evil', Body=b'')

    with pytest.raises(NotReadableError, match='not the path of a file'):
        S3FileSystem.sync_from_dir(f'{bucket}/x', str(tmp_path / 'x'))


def test_objects_that_stand_for_folders_are_left_out(bucket, tmp_path):
    S3FileSystem.get_client().put_object(Bucket=bucket[5:], Key='x/', Body=b'')
    S3FileSystem.write_str(f'{bucket}/x/a', 'a')

    S3FileSystem.sync_from_dir(f'{bucket}/x', str(tmp_path / 'x'))

    assert os.listdir(tmp_path / 'x') == ['a']
    assert S3FileSystem.list_paths(f'{bucket}/x') == [f'{bucket}/x/a']


def test_root_of_a_bucket_is_a_folder(bucket):
    assert S3FileSystem.file_exists(bucket)
    assert S3FileSystem.list_paths(bucket) == []


@pytest.mark.parametrize('setting', ['AWS_S3_REQUESTER_PAYS', 'AWS_REQUEST_PAYER'])
def test_requester_pays_if_told_to(bucket, monkeypatch, tmp_path, setting):
    monkeypatch.setenv(setting, 'requester' if setting.endswith('PAYER') else 'true')
    rv_config_.set_everett_config()
    requests = []
    S3FileSystem.get_client().meta.events.register('before-send.s3', lambda request, **_: requests.append(request))

    S3FileSystem.write_str(f'{bucket}/x', 'x')
    S3FileSystem.copy_from(f'{bucket}/x', str(tmp_path / 'x'))
    S3FileSystem.list_paths(bucket)
    S3FileSystem.file_exists(f'{bucket}/x')

    assert S3FileSystem.get_request_payer() == 'requester'
    assert len(requests) > 3
    assert all(request.headers['x-amz-request-payer'] == b'requester' for request in requests)
    assert S3FileSystem.streaming_options()['AWS_REQUEST_PAYER'] == 'requester'


def test_owner_pays_by_default(bucket, requests):
    S3FileSystem.write_str(f'{bucket}/x', 'x')

    assert S3FileSystem.get_request_payer() == 'None'
    assert 'x-amz-request-payer' not in requests[0].headers


@pytest.mark.parametrize('setting', ['AWS_S3_UNSIGNED', 'AWS_NO_SIGN_REQUEST'])
def test_public_data_needs_no_credentials(bucket, monkeypatch, setting):
    S3FileSystem.write_str(f'{bucket}/x', 'x')
    S3FileSystem.get_client().put_object_acl(Bucket=bucket[5:], Key='x', ACL='public-read')
    monkeypatch.delenv('AWS_ACCESS_KEY_ID')
    monkeypatch.delenv('AWS_SECRET_ACCESS_KEY')
    monkeypatch.setenv(setting, 'yes')
    rv_config_.set_everett_config()
    sent = []
    S3FileSystem.get_client().meta.events.register('before-send.s3', lambda request, **_: sent.append(request))

    S3FileSystem.read_str(f'{bucket}/x')

    assert 'Authorization' not in sent[0].headers
    assert S3FileSystem.streaming_options()['AWS_NO_SIGN_REQUEST'] == 'YES'


def test_store_is_set_by_the_profile(bucket, aws, monkeypatch, tmp_path):
    S3FileSystem.write_str(f'{bucket}/x', 'x')
    monkeypatch.delenv('AWS_ENDPOINT_URL')
    (tmp_path / 'lab').write_text(f'[AWS_S3]\nendpoint_url = {aws["AWS_ENDPOINT_URL"]}\n')
    rv_config_.set_everett_config(profile='lab', rv_home=str(tmp_path))
    try:
        assert S3FileSystem.read_str(f'{bucket}/x') == 'x'
        schema = registry_.get_rv_config_schema()
        assert rv_config_.get_job_variables(schema)['AWS_S3_ENDPOINT_URL'] == aws['AWS_ENDPOINT_URL']
        assert 'aws_s3_endpoint_url' not in rv_config_.get_config_dict(schema)
    finally:
        rv_config_.__init__()


def test_nothing_that_a_config_records_decides_where_requests_go_and_who_pays(aws):
    keys = ('requester_pays', 'endpoint_url', 'profile')
    before = Settings.read(), S3FileSystem.get_client().meta.endpoint_url
    try:
        for value in ('yes', 'http://elsewhere', 'elsewhere'):
            rv_config_.set_recorded({f'aws_s3_{key}': value for key in keys}, registry_.get_rv_config_schema())
            assert (Settings.read(), S3FileSystem.get_client().meta.endpoint_url) == before
    finally:
        rv_config_.__init__()


@pytest.mark.parametrize('name', ['AWS_S3_UNSIGNED', 'AWS_S3_REQUESTER_PAYS', 'AWS_NO_SIGN_REQUEST'])
def test_settings_that_mean_neither_yes_nor_no_are_refused(aws, monkeypatch, name):
    monkeypatch.setenv(name, 'requester')

    with pytest.raises(ConfigError, match=f"{name}.*is 'requester', which means neither yes nor no"):
        S3FileSystem.get_request_payer()


def test_amazon_needs_no_address_of_a_store(aws, monkeypatch):
    monkeypatch.delenv('AWS_ENDPOINT_URL')

    assert S3FileSystem.streaming_options() == {'AWS_REGION': 'us-east-1'}


def test_keys_that_only_boto3_finds_are_given_to_gdal(aws, monkeypatch, tmp_path):
    program = f'{sys.executable} {tmp_path / "keys.py"}'
    (tmp_path / 'keys.py').write_text(
        'print(\'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}\')'
    )
    (tmp_path / 'config').write_text(f'[default]\ncredential_process = {program}\n')
    monkeypatch.setenv('AWS_CONFIG_FILE', str(tmp_path / 'config'))
    monkeypatch.delenv('AWS_ACCESS_KEY_ID')
    monkeypatch.delenv('AWS_SECRET_ACCESS_KEY')

    options = S3FileSystem.streaming_options()

    keys = ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')
    assert [options[name] for name in keys] == ['A', 'S', 'T']


# ------------------------------------------------------------------------- errors
def test_missing_file_is_an_error_of_its_own(bucket):
    with pytest.raises(
        MissingFileError, match=r"s3://.*/x' cannot be read: there is no such file\. Check the spelling"
    ):
        S3FileSystem.read_bytes(f'{bucket}/x')


def test_folder_is_not_read_as_a_file(bucket, tmp_path):
    S3FileSystem.write_str(f'{bucket}/x/a', 'a')

    with pytest.raises(MissingFileError, match='It is a folder'):
        S3FileSystem.copy_from(f'{bucket}/x', str(tmp_path / 'x'))


def test_missing_bucket_is_said(aws, tmp_path):
    uri = 's3://no-such-bucket-here/x'
    (tmp_path / 'x').write_text('x')
    with pytest.raises(NotReadableError, match='no such bucket'):
        S3FileSystem.read_bytes(uri)
    with pytest.raises(NotReadableError, match='no such bucket'):
        S3FileSystem.list_paths(uri)
    with pytest.raises(NotWritableError, match='no such bucket'):
        S3FileSystem.write_str(uri, 'x')
    with pytest.raises(NotWritableError, match='no such bucket'):
        S3FileSystem.copy_to(str(tmp_path / 'x'), uri)


def test_without_credentials_it_says_how_to_get_some(bucket, monkeypatch):
    monkeypatch.delenv('AWS_ACCESS_KEY_ID')
    monkeypatch.delenv('AWS_SECRET_ACCESS_KEY')

    with pytest.raises(NotReadableError, match=r'no usable credentials .*AWS_PROFILE.*aws sso login.*AWS_NO_SIGN'):
        S3FileSystem.read_bytes(f'{bucket}/x')


def test_unknown_profile_is_said(bucket, monkeypatch):
    monkeypatch.setenv('AWS_PROFILE', 'nobody')

    with pytest.raises(NotReadableError, match=r'nobody.*Check AWS_PROFILE'):
        S3FileSystem.read_bytes(f'{bucket}/x')


def test_store_that_is_not_there_is_said(aws, monkeypatch):
    monkeypatch.setenv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    monkeypatch.setenv('AWS_MAX_ATTEMPTS', '1')

    with pytest.raises(NotReadableError, match=r'Is the network up\?.*AWS_S3_ENDPOINT_URL'):
        S3FileSystem.file_exists('s3://bucket/x')


@pytest.mark.parametrize(
    ('code', 'status', 'hint'),
    [
        ('AccessDenied', 403, 'aws sts get-caller-identity'),
        ('ExpiredToken', 400, 'have expired'),
        ('InvalidAccessKeyId', 403, 'does not know the access key'),
        ('PermanentRedirect', 301, 'another region, eu-west-1. Set AWS_REGION'),
        ('PreconditionFailed', 412, 'changed while it was read'),
    ],
)
def test_answer_of_the_store_is_explained(bucket, code, status, hint):
    from botocore.stub import Stubber

    client = S3FileSystem.get_client()
    with Stubber(client) as stub:
        stub.add_client_error('get_object', code, http_status_code=status, service_error_meta={'Region': 'eu-west-1'})
        with pytest.raises(NotReadableError, match=hint):
            S3FileSystem.read_bytes(f'{bucket}/x')


def test_interrupted_upload_leaves_nothing(bucket, tmp_path):
    (tmp_path / 'x').write_bytes(os.urandom(40 * MB))

    with pytest.raises(KeyboardInterrupt), transfer.Transfers() as transfers:
        transfers.upload(str(tmp_path / 'x'), bucket[5:], 'x')
        raise KeyboardInterrupt

    assert not S3FileSystem.file_exists(f'{bucket}/x')
    assert 'Uploads' not in S3FileSystem.get_client().list_multipart_uploads(Bucket=bucket[5:])


def test_failing_upload_ends_the_others(bucket, tmp_path):
    (tmp_path / 'x').write_bytes(os.urandom(40 * MB))

    with pytest.raises(NotWritableError, match='no such bucket'), transfer.Transfers() as transfers:
        transfers.upload(str(tmp_path / 'x'), 'no-such-bucket-here', 'x')
        transfers.upload(str(tmp_path / 'x'), bucket[5:], 'x')

    assert 'Uploads' not in S3FileSystem.get_client().list_multipart_uploads(Bucket=bucket[5:])


@pytest.mark.parametrize('is_terminal', [True, False])
def test_progress_is_shown_on_a_terminal_only(capsys, monkeypatch, is_terminal):
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: is_terminal)

    with progressbar(3, 'Uploading') as show:
        show(3)

    assert ('Uploading: 100%' in capsys.readouterr().err) == is_terminal


@pytest.mark.parametrize('size', [3 * MB, 33 * MB])
@pytest.mark.parametrize(
    'variable', ['RASTERVISION_MAX_DOWNLOAD_MB=2', f'RASTERVISION_DOWNLOAD_KEEP_FREE_MB={1 << 40}']
)
@pytest.mark.parametrize('of_folder', [False, True])
def test_download_ends_at_the_limit_and_leaves_nothing(bucket, tmp_path, monkeypatch, size, variable, of_folder):
    S3FileSystem.write_bytes(f'{bucket}/d/x', bytes(size))
    monkeypatch.setenv(*variable.split('='))

    with pytest.raises(NotReadableError, match=f'd/x.* is not downloaded.*{variable.partition("=")[0]}'):
        if of_folder:
            S3FileSystem.sync_from_dir(f'{bucket}/d', str(tmp_path / 'to'))
        else:
            S3FileSystem.copy_from(f'{bucket}/d/x', str(tmp_path / 'to' / 'x'))
    assert [name for _, _, names in os.walk(tmp_path / 'to') for name in names] == []


def test_object_that_is_larger_than_said_ends_at_the_limit(bucket, tmp_path, monkeypatch):
    S3FileSystem.write_bytes(f'{bucket}/x', bytes(3 * MB))
    head = S3FileSystem.get_client().head_object(Bucket=bucket[5:], Key='x')
    remote = transfer.Remote('x', 10, head['ETag'].strip('"'), head['LastModified'])
    monkeypatch.setenv('RASTERVISION_MAX_DOWNLOAD_MB', '2')

    with pytest.raises(NotReadableError, match='more than 2 MB'), transfer.Transfers() as transfers:
        transfers.download(bucket[5:], remote, str(tmp_path / 'y'))
    assert not list(tmp_path.glob('y*'))
