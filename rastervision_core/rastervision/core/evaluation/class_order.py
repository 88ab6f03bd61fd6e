"""In which order classes are shown: what matters most comes first."""

from collections.abc import Mapping, Sequence


def leading_classes(
    names: Sequence[str], counts: Mapping[str, float], null_class: str | None = None, *, absent_last: bool = True
) -> list[str]:
    """Names of classes, the rarest first, as that is the one that is hard to find; the null class last.

    Args:
        names: The names.
        counts: How much there is of each, in any unit; none of those that are left out.
        null_class: Name of the null class.
        absent_last: Put classes of which there is nothing after the others: nothing can be said of them.
    """

    def key(name: str) -> tuple[bool, bool, float]:
        count = counts.get(name, 0)
        return name == null_class, absent_last and not count, count

    return sorted(names, key=key)
