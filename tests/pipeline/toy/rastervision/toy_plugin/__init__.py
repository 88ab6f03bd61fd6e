"""A plugin for tests."""


def register_plugin(registry):
    registry.set_plugin_version('rastervision.toy_plugin', 0)
    registry.add_lazy_configs('rastervision.toy_plugin', {'toy': {'toy_plugin.toy': 'ToyConfig'}})
