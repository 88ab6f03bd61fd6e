"""Models and losses that are defined outside Raster Vision, in a torch.hub style `hubconf.py`."""

import logging
import os
import tempfile
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.utils import is_local
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.user_code import code_digest
from rastervision.pytorch_learner.utils.torch_hub import (
    HUBCONF,
    definition_at,
    get_hubconf_dir_from_cfg,
    torch_hub_load_github,
    torch_hub_load_local,
    torch_hub_load_uri,
)

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

log = logging.getLogger(__name__)


def _has_changed(cfg: 'ExternalModuleConfig', kept: str) -> bool:
    """Whether the code of a local definition is another than what is kept of it. If it is gone, what is kept counts."""
    if cfg.uri is None or not is_local(cfg.uri) or not os.path.exists(cfg.uri):
        return False
    try:
        with definition_at(cfg.uri) as folder:
            return code_digest(folder) != code_digest(kept)
    except NotReadableError:
        return False


def build_external(
    cfg: 'ExternalModuleConfig', save_dir: str, *, hubconf_dir: str | None = None, ddp_rank: int | None = None
) -> Any:
    """Make what an external definition defines. This runs its code.

    Args:
        cfg: The definition.
        save_dir: Folder to keep the definition in, under a name made from `cfg`.
        hubconf_dir: Folder that has it already; nothing is fetched then.
        ddp_rank: Rank of this process on its machine in distributed training. Others than 0 read what is kept if it
            is current, and else fetch the definition for themselves, so that none waits for another.
    """
    args, kwargs = cfg.entrypoint_args, cfg.entrypoint_kwargs
    if hubconf_dir is not None:
        return torch_hub_load_local(hubconf_dir, cfg.entrypoint, *args, **kwargs)
    kept = get_hubconf_dir_from_cfg(cfg, parent=save_dir)
    if os.path.isfile(os.path.join(kept, HUBCONF)) and not (cfg.force_reload or _has_changed(cfg, kept)):
        log.info('Using the definition kept in %s', kept)
        return torch_hub_load_local(kept, cfg.entrypoint, *args, **kwargs)
    if ddp_rank:
        kept = os.path.join(tempfile.mkdtemp(dir=rv_config_.get_tmp_dir_root()), 'definition')
    if cfg.github_repo is not None:
        return torch_hub_load_github(cfg.github_repo, cfg.entrypoint, *args, dst_dir=kept, **kwargs)
    return torch_hub_load_uri(str(cfg.uri), cfg.entrypoint, *args, dst_dir=kept, **kwargs)
