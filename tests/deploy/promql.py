"""The metric names in a PromQL expression."""

import re

# Strings, label matchers, ranges, lists of labels, numbers: no metric stands in these.
_NOT_METRICS = [
    r'"(?:[^"\\]|\\.)*"',
    r"\{[^}]*\}",
    r"\[[^\]]*\]",
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
]
_NAME = re.compile(r"(?<![\w$.])[a-zA-Z_:][\w:]*+(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
_AGGREGATIONS = {"sum", "min", "max", "avg", "count", "topk", "bottomk", "stddev", "stdvar", "quantile", "group"}


def metric_names(expression: str) -> set[str]:
    for pattern in _NOT_METRICS:
        expression = re.sub(pattern, " ", expression)
    return set(_NAME.findall(expression)) - _WORDS - _AGGREGATIONS
