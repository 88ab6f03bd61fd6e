"""Prints descriptions of files."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rastervision.core.info.description import Description, Rows
from rastervision.pipeline.plain_text import plain


def print_description(found: Description, console: Console | None = None) -> None:
    """Print the tables, remarks and the part of a config.

    Args:
        found: What to print.
        console: Where to. None: standard output.
    """
    console = console or Console(highlight=False, soft_wrap=False)
    console.print(Text(plain(found.uri), style='bold'))
    for title, rows in found.tables():
        _print_table(console, title, rows)
    for remark in found.remarks():
        console.print(Text(plain(remark), style='yellow'))
    snippet = found.snippet()
    if snippet is not None:
        console.print('For a config:', style='bold')
        console.print(Text(plain(snippet)), soft_wrap=True)  # to be copied


def _print_table(console: Console, title: str, rows: Rows) -> None:
    table = Table(title=title, title_justify='left', show_header=False, box=None, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows:
        table.add_row(Text(plain(str(name))), Text(plain(str(text))))
    if table.row_count:
        console.print(table)
