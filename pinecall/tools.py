"""Tools: functions that a model may call (``@tool``)."""

from __future__ import annotations

from .core.tools.arguments import ToolArgumentError
from .core.tools.results import encode_result, error_result
from .core.tools.tool import Tool, as_tools, tool, tool_name, wire_tool

__all__ = [
    "Tool",
    "ToolArgumentError",
    "as_tools",
    "encode_result",
    "error_result",
    "tool",
    "tool_name",
    "wire_tool",
]
