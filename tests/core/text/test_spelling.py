"""Names in another spelling, and misspelt ones."""

from __future__ import annotations

from pinecall.core.text.spelling import camel, nearest


def test_camel() -> None:
    """Underscores go, and the words behind them begin with a capital."""
    assert [camel(name) for name in ("voice", "prompt_vars", "rag_top_k")] == [
        "voice",
        "promptVars",
        "ragTopK",
    ]


def test_nearest() -> None:
    """The known name that is most alike is found; a word like none of them has none."""
    assert nearest("voise", ["language", "voice"]) == "voice"
    assert nearest("zzz", iter(["language", "voice"])) is None
