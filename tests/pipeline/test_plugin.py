import inspect
import re

from rastervision.pipeline.plugin import RegisterPlugin
from rastervision.pipeline.registry import Registry


def test_register_plugin_is_given_the_registry():
    registry = Registry()

    def register_plugin(registry: Registry) -> None:
        registry.set_plugin_version('rastervision.example', 3)

    function: RegisterPlugin = register_plugin
    function(registry)
    registry.load_plugins([])

    assert registry.get_plugin_version('rastervision.example') == 3


def test_what_the_protocol_names_exists():
    text = inspect.getdoc(RegisterPlugin.__call__) or ''

    names = re.findall(r'`(\w+)`', text)
    assert len(names) > 5
    assert [name for name in names if not hasattr(Registry, name)] == []
