"""`python -m rastervision.pipeline.cli`, which is how runners start their jobs."""

from rastervision.pipeline.cli.app import _main

if __name__ == '__main__':
    _main()
