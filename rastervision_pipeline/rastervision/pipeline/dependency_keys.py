"""What commands depend on, in a few characters that are the same as long as nothing of it changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rastervision.pipeline.code_versions import code_versions
from rastervision.pipeline.masking import mask_renewed
from rastervision.pipeline.records import RunRoot, digest, input_state

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

CAUSES = {'config': 'its config', 'code': 'the code', 'inputs': 'its inputs', 'upstream': 'a command before it'}


class DependencyKeys:
    """The keys of a pipeline's commands. Each is made once; what has changed since then is not seen."""

    def __init__(self, pipeline: 'Pipeline', root: RunRoot) -> None:
        """Of this pipeline; nothing is read yet.

        Args:
            pipeline: The pipeline.
            root: Knows the places of its files, which keys leave out.
        """
        self.pipeline, self.root = pipeline, root
        self._views: dict[tuple[int, str], Pipeline] = {}
        self._parts: dict[tuple[int, str], dict[str, str]] = {}
        self._input_states: dict[str, str | None] = {}

    def key(self, command: str) -> str:
        """What stands for all that a command depends on, wherever the run lies.

        Cost: one `stat` for each of its inputs and those of the commands before it, once.
        """
        return self._key_in(self.pipeline, command)

    def parts_of(self, command: str) -> dict[str, str]:
        """What stands for each of the things that a command depends on; see :func:`.describe_changes`."""
        self._key_in(self.pipeline, command)
        return self._parts[id(self._view(self.pipeline, command)), command]

    def seen_key(self, command: str, by: str) -> str:
        """What stands for all that the part of a command's result depends on that another command uses."""
        return self._key_in(self._view(self.pipeline, by), command)

    def upstream_of(self, command: str) -> list[str]:
        """Names of the other commands whose output a command uses."""
        return [name for name in self.pipeline.upstream_of(command) if name != command]

    def input_state(self, uri: str) -> str | None:
        """What stands for the content of a file that commands read; None if it is not there."""
        if uri not in self._input_states:
            self._input_states[uri] = input_state(uri, by_size=self.root.is_output(uri))
        return self._input_states[uri]

    def _view(self, pipeline: 'Pipeline', command: str) -> 'Pipeline':
        """The pipeline as far as a command depends on it; each is made once."""
        if (id(pipeline), command) not in self._views:
            self._views[id(pipeline), command] = pipeline.as_seen_by(command)
        return self._views[id(pipeline), command]

    def _key_in(self, pipeline: 'Pipeline', command: str) -> str:
        view = self._view(pipeline, command)
        if (id(view), command) not in self._parts:
            inputs = {mask_renewed(uri): self.input_state(uri) for uri in view.inputs_of(command)}
            self._parts[id(view), command] = {
                # Masked: new signatures change nothing.
                'config': digest(self.root.neutral(mask_renewed(view.config_for(command)))),
                'code': digest(code_versions(view, command)),
                'inputs': digest(self.root.neutral(inputs)),
                'upstream': digest([self._key_in(view, name) for name in self.upstream_of(command)]),
            }
        return digest([command, self._parts[id(view), command]])


def describe_changes(now: Mapping[str, str], then: Mapping[str, str]) -> str:
    """In which of the things that a command depends on two states differ, in words; see `DependencyKeys.parts_of`."""
    return ' and '.join(text for part, text in CAUSES.items() if now[part] != then.get(part)) or 'something'
