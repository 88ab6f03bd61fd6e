from rastervision.toy_plugin.toy import ToyConfig


def get_config(
    runner,
    root_uri,
    log='',
    mark='!',
    seconds: float = 0,
    bad_item: str | None = None,
    source: str | None = None,
):
    return ToyConfig(root_uri=root_uri, log=log, mark=mark, seconds=seconds, bad_item=bad_item, source=source)
