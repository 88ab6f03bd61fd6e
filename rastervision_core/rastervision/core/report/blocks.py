"""What a report is made of: sections of tables, pictures and text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Value = str | float | None


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: Plain text.
        missing: Whether it says what is not there, and why.
    """

    kind: ClassVar[str] = 'text'
    text: str
    missing: bool = False


@dataclass(frozen=True)
class Facts:
    """Names with values, such as the numbers that matter most.

    Attributes:
        facts: Name and value of each.
    """

    kind: ClassVar[str] = 'facts'
    facts: Sequence[tuple[str, Value]]


@dataclass(frozen=True)
class Table:
    """Rows of values.

    Attributes:
        head: Title of each column.
        rows: Values; a number is shown with three significant decimals, None as a dash.
        title: What the table shows.
        shades: For each value a number from 0 to 1, how dark its cell is; None: white. Empty: all white.
    """

    kind: ClassVar[str] = 'table'
    head: Sequence[str]
    rows: Sequence[Sequence[Value]]
    title: str = ''
    shades: Sequence[Sequence[float | None]] = ()

    def is_numeric(self, column: int) -> bool:
        """Whether a column has numbers, which are set flush right."""
        values = [row[column] for row in self.rows if row[column] is not None]
        return bool(values) and all(isinstance(value, int | float) for value in values)

    def cells(self) -> list[list[tuple[Value, float | None]]]:
        """Value and shade of each cell."""
        shades = self.shades or [[None] * len(row) for row in self.rows]
        return [list(zip(*pair, strict=True)) for pair in zip(self.rows, shades, strict=True)]


@dataclass(frozen=True)
class Picture:
    """An image.

    Attributes:
        name: File name without ending; unique in a report.
        title: What it shows.
        data: The encoded image.
        form: How it is encoded.
        pixelated: Whether to show pixels as squares when it is enlarged.
    """

    kind: ClassVar[str] = 'picture'
    name: str
    title: str
    data: bytes
    form: Literal['png', 'jpeg'] = 'png'
    pixelated: bool = False


@dataclass(frozen=True)
class Row:
    """Pictures beside each other.

    Attributes:
        pictures: The pictures.
    """

    kind: ClassVar[str] = 'row'
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Legend:
    """What colours stand for.

    Attributes:
        entries: Colour, as CSS has it, and meaning of each.
    """

    kind: ClassVar[str] = 'legend'
    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Link:
    """A link.

    Attributes:
        text: What is shown.
        target: Where it leads: an address, or a `data:` URL with a file.
        file_name: Name under which a file is saved. Empty: it is an address.
    """

    kind: ClassVar[str] = 'link'
    text: str
    target: str
    file_name: str = ''


@dataclass(frozen=True)
class Details:
    """Blocks that are hidden until they are asked for.

    Attributes:
        title: What is always shown.
        blocks: What is hidden.
        is_open: Whether they are shown at first.
    """

    kind: ClassVar[str] = 'details'
    title: str
    blocks: 'Sequence[Block]'
    is_open: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading within a section.

    Attributes:
        text: Plain text.
    """

    kind: ClassVar[str] = 'heading'
    text: str


Block = Text | Facts | Table | Picture | Row | Legend | Link | Details | Heading


@dataclass(frozen=True)
class Section:
    """A part of a report with a title, listed in its contents.

    Attributes:
        title: The title.
        blocks: What is in it.
    """

    title: str
    blocks: Sequence[Block] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Its name in links."""
        return re.sub(r'\W+', '-', self.title.lower())


def pictures_in(blocks: Sequence[Block]) -> list[Picture]:
    """All pictures among blocks, at any depth."""
    found: list[Picture] = []
    for block in blocks:
        if isinstance(block, Picture):
            found.append(block)
        elif isinstance(block, Row):
            found += block.pictures
        elif isinstance(block, Details):
            found += pictures_in(block.blocks)
    return found


def missing(text: str) -> Text:
    """A paragraph that says what is not there, and why."""
    return Text(text, missing=True)
