"""The little formulas that newer workflows use for their length (`floor (a * b + 1)`), evaluated safely."""

import ast
import math
import operator
from collections.abc import Callable, Mapping

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTION: dict[str, Callable[..., float]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "int": int,
    "float": float,
    "abs": abs,
    "min": min,
    "max": max,
}
_MAX_CHARACTERS = 500


def evaluate(text: str, names: Mapping[str, float]) -> float | None:
    """Value of an arithmetic expression over `names`; None when it is not one, or has no finite value."""
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        value = _value(ast.parse(text.strip(), mode="eval").body, names)
        return value if math.isfinite(value) else None
    except (SyntaxError, ValueError, TypeError, ArithmeticError, KeyError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=sign, operand=operand):
            return _UNARY[type(sign)](_value(operand, names))
        case ast.BinOp(left=left, op=sign, right=right):
            return _BINARY[type(sign)](_value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _FUNCTION[name](*(_value(argument, names) for argument in arguments))
    raise ValueError("not an arithmetic expression")
