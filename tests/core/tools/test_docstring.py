"""What a docstring says of a function and of its parameters, in three styles."""

from __future__ import annotations

import pytest

from pinecall.core.tools.docstring import Docstring, parse_docstring

GOOGLE = "Say.\n\nArgs:\n    word (str): the\n        word\n    Note: x\n"
REST = "Say.\n\n:param str word: the\n    word\n:returns: nothing\n"
NUMPY = "Say.\n\nParameters\n----------\nword : str\n    the\n    word\n\nReturns\n-------\nstr\n"


@pytest.mark.parametrize("text", [None, "", "  \n \n"], ids=repr)
def test_nothing(text: str | None) -> None:
    """Without a text there is neither a description nor a parameter."""
    assert parse_docstring(text) == Docstring("", {})


def test_description_alone() -> None:
    """A text without a section is description, its line breaks kept and its indentation removed."""
    text = "\n    Say.\n\n        Loudly.\n    Twice: now.\n    "
    assert parse_docstring(text) == Docstring("Say.\n\n    Loudly.\nTwice: now.", {})


@pytest.mark.parametrize("text", [GOOGLE, REST, NUMPY], ids=["google", "rest", "numpy"])
def test_styles(text: str) -> None:
    """The three styles give the same description and the same text of a parameter."""
    found = parse_docstring(text)
    assert (found.description, found.parameters["word"]) == ("Say.", "the word")


@pytest.mark.parametrize(
    ("doc", "description", "word"),
    [
        ("Say.\n\nArgs:\n    word: the word\nNot a part of it.", "Say.", "the word"),
        ("Say.\n\n:param word: the word\nNot a part of it.", "Say.", "the word"),
        ("Say.\n\nPrices:\n    word: free", "Say.\n\nPrices:\n    word: free", None),
        ("Say.\n\nReturns:\n    word: no parameter", "Say.", None),
        (
            "Say.\n\nParameters\n----------\n    under no name\nword\n    the word",
            "Say.",
            "the word",
        ),
    ],
)
def test_odd_parts(doc: str, description: str, word: str | None) -> None:
    """Text without indentation ends a section, an unknown heading begins none, and only parameters
    are described."""
    expected = {} if word is None else {"word": word}
    assert parse_docstring(doc) == Docstring(description, expected)


@pytest.mark.parametrize(
    "text",
    [
        """Paint.

        Args:
            colour (Literal["red",
                "blue"]): which one
            size (Dict[str,
                Tuple[int, int]], optional): how large
            note: a text (with
                brackets)

        Returns:
            colour: no parameter's text
        """,
        """Paint.

        Parameters
        ----------
        colour : Literal["red",
            "blue"]
            which one
        size : dict[str,
            int]
            how large
        note
            a text (with
            brackets)

        Returns
        -------
        colour
            no parameter's text
        """,
    ],
    ids=["google", "numpy"],
)
def test_types_over_several_lines(text: str) -> None:
    """A type over two lines is not taken for text of its own parameter or its neighbour; the
    section on what is returned neither."""
    found = parse_docstring(text)
    assert found.description == "Paint."
    assert found.parameters == {
        "colour": "which one",
        "size": "how large",
        "note": "a text (with brackets)",
    }


def test_returns_alone() -> None:
    """What stands under ``Returns:`` is in no description, and what stands before it whole."""
    google = parse_docstring("Add.\n\nBoth.\n\nReturns:\n    the sum\n    of both")
    numpy = parse_docstring("Add.\n\nBoth.\n\nReturns\n-------\nint\n    the sum")
    assert google == numpy == Docstring("Add.\n\nBoth.", {})


class TestGoogle:
    @pytest.mark.parametrize("title", ["Args", "Arguments", "PARAMETERS", "Keyword Args", "Fields"])
    def test_titles(self, title: str) -> None:
        """Parameters stand under any of several titles, in any case."""
        assert parse_docstring(f"Say.\n\n{title}:\n    word: the word").parameters == {
            "word": "the word"
        }

    def test_two_sections(self) -> None:
        """Two sections of parameters are read as one; what a second says of a name is added."""
        text = "Args:\n    a: one\n    b: two\n\nKeyword Args:\n    b: three\n    c: four\n"
        assert parse_docstring(text).parameters == {"a": "one", "b": "two three", "c": "four"}

    def test_a_title_without_a_body(self) -> None:
        """A title with nothing indented below it is description."""
        assert parse_docstring("Args:\nNone.").description == "Args:\nNone."
        assert parse_docstring("Say.\nArgs:").description == "Say.\nArgs:"

    def test_stars(self) -> None:
        """The stars of ``*args`` and ``**kwargs`` are not part of the name."""
        assert parse_docstring(
            "Say.\n\nArgs:\n    *names: all\n    **more: the rest"
        ).parameters == {
            "names": "all",
            "more": "the rest",
        }

    def test_a_parameter_without_text(self) -> None:
        """A parameter without text is left out, and one whose text is on the next line is not."""
        assert parse_docstring("Say.\n\nArgs:\n    a:\n    b:\n        the text").parameters == {
            "b": "the text"
        }

    def test_deeper_lines(self) -> None:
        """A deeper line belongs to the parameter above it, whatever it looks like."""
        assert parse_docstring(
            "Say.\n\nArgs:\n    a: one of\n        b: two\n    c: three"
        ).parameters == {
            "a": "one of b: two",
            "c": "three",
        }

    def test_text_before_the_first_name(self) -> None:
        """A line that names no parameter, before the first that does, is nobody's."""
        assert parse_docstring("Say.\n\nArgs:\n    see below\n    a: one").parameters == {
            "a": "one"
        }


class TestNumpy:
    def test_several_names(self) -> None:
        """Names that share a line share its text."""
        text = "Parameters\n----------\nx, *y : int\n    a number"
        assert parse_docstring(text).parameters == {"x": "a number", "y": "a number"}

    def test_an_empty_section(self) -> None:
        """A section without text takes nothing of the section behind it."""
        text = "Add.\n\nReturns\n-------\nParameters\n----------\nsize : int\n    how large"
        assert parse_docstring(text) == Docstring("Add.", {"size": "how large"})

    @pytest.mark.parametrize("line", ["--", "-- -", "==="])
    def test_what_underlines_nothing(self, line: str) -> None:
        """Less than three dashes, or other characters, underline no title."""
        text = f"Parameters\n{line}\nword\n    the word"
        assert parse_docstring(text) == Docstring(text, {})

    def test_an_unknown_title(self) -> None:
        """A section under any other title is not description."""
        assert parse_docstring("Say.\n\nOdd Things\n----------\nword\n    the word") == Docstring(
            "Say.", {}
        )


class TestRest:
    @pytest.mark.parametrize("field", ["param", "parameter", "arg", "argument", "key", "keyword"])
    def test_fields(self, field: str) -> None:
        """A parameter is described by any of several fields."""
        assert parse_docstring(f"Say.\n\n:{field} word: the word") == Docstring(
            "Say.", {"word": "the word"}
        )

    @pytest.mark.parametrize(
        "field", [":type word: str", ":raises ValueError: no", ":rtype: int", ":ivar word: it"]
    )
    def test_other_fields(self, field: str) -> None:
        """Any other field describes no parameter, and is not description."""
        assert parse_docstring(f"Say.\n\n{field}\n    more of it") == Docstring("Say.", {})

    def test_names(self) -> None:
        """The name is the last word of a field, without its stars."""
        assert parse_docstring(":param dict **more: the rest\n:param a: one").parameters == {
            "more": "the rest",
            "a": "one",
        }

    def test_a_field_without_a_name(self) -> None:
        """A field that names no parameter describes none."""
        assert parse_docstring(":param: nothing") == Docstring("", {})

    def test_text_on_the_next_line(self) -> None:
        """The text of a field may begin on the next line."""
        assert parse_docstring("Say.\n\n:param a:\n    one\n    two").parameters == {"a": "one two"}


@pytest.mark.parametrize("depth", ["    ", "            "])
def test_a_section_on_the_first_line(depth: str) -> None:
    """A section may stand on the first line, behind the quotes, however deep its items are."""
    found = parse_docstring(f"Args:\n{depth}weight: in kg\n{depth}size: in cm")
    assert found == Docstring("", {"weight": "in kg", "size": "in cm"})
