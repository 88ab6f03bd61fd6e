"""Files in cupboards: cupboard://name/file lies in the folder that the environment names."""

import os
import shutil
from datetime import UTC, datetime

from rastervision.pipeline.file_system import FileSystem, NotReadableError, NotWritableError
from rastervision.written_for_031.marks import mark

SCHEME = 'cupboard://'


def path_of(uri):
    return os.path.join(os.environ['CUPBOARD'], uri[len(SCHEME) :])


class CupboardFileSystem(FileSystem):
    @staticmethod
    def matches_uri(uri: str, mode: str) -> bool:
        return uri.startswith(SCHEME)

    @staticmethod
    def file_exists(uri: str, include_dir: bool = True) -> bool:
        path = path_of(uri)
        return os.path.isfile(path) or (include_dir and os.path.isdir(path))

    @staticmethod
    def read_str(uri: str) -> str:
        return CupboardFileSystem.read_bytes(uri).decode()

    @staticmethod
    def read_bytes(uri: str) -> bytes:
        mark('CupboardFileSystem.read')
        try:
            with open(path_of(uri), 'rb') as file:
                return file.read()
        except OSError as error:
            raise NotReadableError(f'Could not read {uri}') from error

    @staticmethod
    def write_str(uri: str, data: str) -> None:
        CupboardFileSystem.write_bytes(uri, data.encode())

    @staticmethod
    def write_bytes(uri: str, data: bytes) -> None:
        mark('CupboardFileSystem.write')
        path = path_of(uri)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as file:
                file.write(data)
        except OSError as error:
            raise NotWritableError(f'Could not write {uri}') from error

    @staticmethod
    def sync_to_dir(src_dir: str, dst_dir_uri: str, delete: bool = False) -> None:
        mark('CupboardFileSystem.sync_to_dir')
        if delete:
            shutil.rmtree(path_of(dst_dir_uri), ignore_errors=True)
        shutil.copytree(src_dir, path_of(dst_dir_uri), dirs_exist_ok=True)

    @staticmethod
    def sync_from_dir(src_dir_uri: str, dst_dir: str, delete: bool = False) -> None:
        if delete:
            shutil.rmtree(dst_dir, ignore_errors=True)
        if os.path.isdir(path_of(src_dir_uri)):
            shutil.copytree(path_of(src_dir_uri), dst_dir, dirs_exist_ok=True)

    @staticmethod
    def copy_to(src_path: str, dst_uri: str) -> None:
        if os.path.isdir(src_path):
            CupboardFileSystem.sync_to_dir(src_path, dst_uri)
            return
        with open(src_path, 'rb') as file:
            CupboardFileSystem.write_bytes(dst_uri, file.read())

    @staticmethod
    def copy_from(src_uri: str, dst_path: str) -> None:
        data = CupboardFileSystem.read_bytes(src_uri)
        os.makedirs(os.path.dirname(dst_path), exist_ok=True)
        with open(dst_path, 'wb') as file:
            file.write(data)

    @staticmethod
    def local_path(uri: str, download_dir: str) -> str:
        return os.path.join(download_dir, 'cupboard', uri[len(SCHEME) :])

    @staticmethod
    def last_modified(uri: str) -> datetime:
        return datetime.fromtimestamp(os.path.getmtime(path_of(uri)), UTC)

    @staticmethod
    def list_paths(uri: str, ext: str = '') -> list[str]:
        names = sorted(os.listdir(path_of(uri)))
        return [os.path.join(uri, name) for name in names if name.endswith(ext)]
