"""SPICE's expressions: parsed, evaluated in JAX, written as text."""

from circuitnn.expressions.errors import CircuitError as CircuitError
from circuitnn.expressions.errors import NetlistError as NetlistError
from circuitnn.expressions.numbers import parse_number as parse_number
from circuitnn.expressions.parser import parse_expression as parse_expression
from circuitnn.expressions.tree import Expression as Expression
from circuitnn.expressions.tree import evaluate as evaluate
