"""Training with several processes (PyTorch's DistributedDataParallel)."""

import logging
import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.overriding import is_overridden
from rastervision.pipeline.published_files import knowing_files, published_files
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.own_class import own_class

if TYPE_CHECKING:
    from types import TracebackType

    from rastervision.pytorch_learner.learner.learner import Learner
    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

T = TypeVar('T')

log = logging.getLogger(__name__)

DEFAULT_ADDRESS = 'localhost'
DEFAULT_PORT = '12355'


def __getattr__(name: str) -> str:
    """`DDP_BACKEND`, the setting, is read when it is asked for."""
    if name != 'DDP_BACKEND':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return str(rv_config_.get_namespace_option('rastervision', 'DDP_BACKEND', 'nccl'))


def ddp_environment() -> tuple[int, int, int] | None:
    """Number of this process among all, and on its machine, and how many there are; None: it is the only one.

    They are read from RANK, LOCAL_RANK and WORLD_SIZE, which torchrun sets.
    """
    values = [os.environ.get(name) for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')]
    if any(value is None for value in values):
        return None
    try:
        rank, local_rank, world_size = (int(str(value)) for value in values)
    except ValueError as error:
        raise ConfigError(
            f'RANK, LOCAL_RANK and WORLD_SIZE are {", ".join(map(repr, values))}, which are not all whole numbers. '
            'Unset them, or start training with torchrun, which sets them.'
        ) from error
    return rank, local_rank, world_size


class DDPContextManager(AbstractContextManager[Any]):
    """Inside, a learner is one of several processes that train one model together.

    Args:
        learner: The learner.
        rank: Number of this process. None: from the environment.
        world_size: Number of processes. None: from the environment.
    """

    def __init__(self, learner: 'Learner', rank: int | None = None, world_size: int | None = None) -> None:
        self.learner = learner
        self.rank = learner.ddp_rank if rank is None else rank
        self.world_size = learner.ddp_world_size if world_size is None else world_size

    def __enter__(self) -> 'DDPContextManager':
        """Join the others and give the model to all."""
        learner, cuda = self.learner, self.learner.device.type == 'cuda'
        os.environ.setdefault('MASTER_ADDR', DEFAULT_ADDRESS)
        os.environ.setdefault('MASTER_PORT', DEFAULT_PORT)
        self.started = not dist.is_initialized()
        if self.started:
            backend = __getattr__('DDP_BACKEND') if cuda else 'gloo'
            log.info('DDP: process %s of %s, backend %s', self.rank, self.world_size, backend)
            dist.init_process_group(backend, rank=self.rank or 0, world_size=self.world_size or 1)
        learner.is_ddp_process, learner.ddp_rank, learner.ddp_world_size = True, dist.get_rank(), dist.get_world_size()
        model = nn.SyncBatchNorm.convert_sync_batchnorm(learner.model) if cuda else learner.model  # type: ignore[no-untyped-call]
        learner.model = nn.parallel.DistributedDataParallel(model, device_ids=[learner.device] if cuda else None)
        learner.dataloaders['train'] = learner.build_dataloader('train', distributed=True)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: 'TracebackType | None'
    ) -> None:
        """Take the model back and leave the others."""
        self.learner.model = self.learner.bare_model
        if self.started:
            dist.destroy_process_group()


def reduce_metrics(metrics: dict[str, Any], device: torch.device) -> None:
    """Replace the numbers in a dict by their means over all processes, in place."""
    names = [name for name, value in metrics.items() if isinstance(value, int | float)]
    if not names:
        return
    values = torch.tensor([metrics[name] for name in names], dtype=torch.float32, device=device)
    dist.all_reduce(values)
    metrics |= dict(zip(names, (values / dist.get_world_size()).tolist(), strict=True))


def any_process(flag: bool, device: torch.device) -> bool:
    """Whether something is so in any of the processes; all of them must ask."""
    value = torch.tensor(float(flag), device=device)
    dist.all_reduce(value, op=dist.ReduceOp.MAX)
    return bool(value.item())


def share_from_first(value: T) -> T:
    """What the first of several processes has, in all of them."""
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def spawn(learner: 'Learner') -> bool:
    """Train in a process for each GPU, if this machine has several and the setting USE_DDP allows it.

    Args:
        learner: The learner; it is copied to the processes. Their results are in its output folder afterwards.

    Returns:
        Whether that was done.
    """
    num_gpus = torch.cuda.device_count()
    use_ddp = rv_config_.get_namespace_option('rastervision', 'USE_DDP', True, as_bool=True)
    if num_gpus < 2 or not use_ddp:
        return False
    from torch.multiprocessing.spawn import start_processes

    args = (type(learner), learner.cfg, learner.output_dir_local, learner.given_parts, num_gpus)
    files = _files_known(learner.cfg.data)
    start_processes(_train_knowing, (files, args), nprocs=num_gpus, start_method=learner.ddp_start_method)  # type: ignore[no-untyped-call]
    return True


def _files_known(data: Any) -> dict[str, list[str] | None]:
    """What counts of each folder of a data config: other processes do not know which command they run for."""
    given = [getattr(data, 'uri', None), *(getattr(data, 'group_uris', None) or [])]
    return {uri: published_files(uri) for uri in given if isinstance(uri, str)}


def _train_knowing(rank: int, files: dict[str, list[str] | None], args: tuple[Any, ...]) -> None:
    with knowing_files(files.get):
        _train_worker(rank, *args)


def _train_worker(
    rank: int, kind: 'type[Learner]', cfg: 'LearnerConfig', output_dir: str, parts: dict[str, Any], world_size: int
) -> None:
    """Train, as one of several processes, with a learner like the one that has started them.

    Args:
        rank: Number of this process.
        kind: The class of that learner. One whose arguments are its own is made by `build` of its config.
        cfg: Its config.
        output_dir: Its output folder.
        parts: What it was given beside these: data, model, loss and so on.
        world_size: Number of processes.
    """
    os.environ |= {'RANK': str(rank), 'LOCAL_RANK': str(rank), 'WORLD_SIZE': str(world_size)}
    if is_overridden(kind, '__init__', base=own_class(kind)):
        cfg = cfg.copy()
        cfg.output_uri = output_dir
        learner = cfg.build_with(**parts)
    else:
        learner = kind(cfg, output_dir=output_dir, **parts)
    with learner.ddp():
        learner.train()
