"""Configures a model or a loss that is defined outside Raster Vision."""

import os
import re
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

NonEmptyStr = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
GithubRepo = Annotated[str, StringConstraints(strip_whitespace=True, pattern='.+/.+')]


@register_config('external-module')
class ExternalModuleConfig(Config):
    """Configure an object that a torch.hub style `hubconf.py` makes.

    The code runs with the rights of the user: name only places that are trusted.
    """

    uri: NonEmptyStr | None = Field(None, description='Folder with hubconf.py, or a zip of one; local or remote.')
    github_repo: GithubRepo | None = Field(
        None, description='Repository with hubconf.py, as "owner/name[:branch or tag]".'
    )
    name: NonEmptyStr | None = Field(
        None, description='Name of the folder that the definition is kept in. None: made from the place and entrypoint.'
    )
    entrypoint: NonEmptyStr = Field(..., description='Name of the function in hubconf.py that makes the object.')
    entrypoint_args: list[Any] = Field(default_factory=list, description='Positional arguments for the entrypoint.')
    entrypoint_kwargs: dict[str, Any] = Field(default_factory=dict, description='Keyword arguments for the entrypoint.')
    force_reload: bool = Field(False, description='Fetch the definition again although a copy is there.')

    @field_validator('name')
    @classmethod
    def _name_stays_in_its_folder(cls, v: str | None) -> str | None:
        """A name is one of a folder below the one that definitions are kept in.

        Raises:
            ConfigError: If it leads elsewhere.
        """
        if v is not None and (':' in v or any(part in ('', '.', '..', '~') for part in re.split(r'[/\\]', v))):
            raise ConfigError(
                f'name {v!r}: not valid. It is the name of a folder that the definition is kept in, below the output '
                'of training: leave out "..", and do not begin with a slash.'
            )
        return v

    @model_validator(mode='after')
    def check_either_uri_or_repo(self) -> Self:
        """Exactly one place must be given."""
        if (self.uri is None) == (self.github_repo is None):
            raise ConfigError(f'give either uri or github_repo (uri={self.uri!r}, github_repo={self.github_repo!r}).')
        return self

    def code_uris(self) -> list[str]:
        """URIs that stand for the code: the files of a local folder, else the place as it is; none of a repository."""
        if self.uri is None or not os.path.isdir(self.uri):
            return [] if self.uri is None else [self.uri]
        from rastervision.pytorch_learner.user_code import code_files

        return code_files(self.uri)

    def build(self, save_dir: str, hubconf_dir: str | None = None, ddp_rank: int | None = None) -> Any:
        """Make the object by running the external code.

        Args:
            save_dir: Folder to keep the definition in.
            hubconf_dir: Folder that has it already; nothing is fetched then.
            ddp_rank: Rank of this process on its machine in distributed training. Only that of rank 0 is kept in
                `save_dir`.

        Returns:
            What the entrypoint returns.
        """
        from rastervision.pytorch_learner.models.external import build_external

        return build_external(self, save_dir, hubconf_dir=hubconf_dir, ddp_rank=ddp_rank)
