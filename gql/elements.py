"""How large an answer may grow while it is made: its price is an estimate, and lists may be longer than usual."""

MOST_ELEMENTS = 10_000


class TooManyElements(BaseException):
    """The lists of an answer hold too many objects in all.

    No `Exception`: it ends the whole request, where a field's error would be told for each of thousands of lists.
    """

    def __init__(self) -> None:
        super().__init__(f"The lists of an answer hold at most {MOST_ELEMENTS} objects in all. Ask for less at once.")


class Elements:
    """Counts the objects in the lists of one answer."""

    __slots__ = ("counted",)

    def __init__(self) -> None:
        self.counted = 0
        """So far. Whoever does a part of the answer again sets it back to what it was before."""

    def count(self, number: int) -> None:
        """Raises `TooManyElements`."""
        self.counted += number
        if self.counted > MOST_ELEMENTS:
            raise TooManyElements
