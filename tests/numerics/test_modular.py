from fractions import Fraction

import numpy as np
import pytest

from circuitnn.numerics.modular import PRIME, Residue, SingularError, independent_rows, interpolate, residues, solve


def test_residues_of_floats_are_exact():
    third = Residue(1) / 3
    assert (third * 3).value == 1
    assert (Residue(0.1) * (1 / Residue(0.1))).value == 1
    assert (1e-15 * Residue(3) + Residue(-1)).value == Residue(Fraction(1e-15) * 3 - 1).value
    np.testing.assert_array_equal(residues(np.array([[1.0, -1.0], [0.5, 2.0]])) * 2 % PRIME, [[2, PRIME - 2], [1, 4]])


def test_solve_and_determinant():
    matrix = np.array([[0, 2, 1], [1, 1, 0], [3, 0, 5]])
    determinant, found = solve(matrix, np.eye(3, dtype=np.int64))
    assert determinant == round(np.linalg.det(matrix)) % PRIME
    np.testing.assert_array_equal((matrix @ found) % PRIME, np.eye(3))
    with pytest.raises(SingularError):
        solve(np.array([[1, 2], [2, 4]]), np.eye(2, dtype=np.int64))


def test_rows_and_interpolation():
    assert independent_rows(np.array([[0, 0], [1, 2], [2, 4], [0, 5]])) == (1, 3)
    np.testing.assert_array_equal(interpolate([1, 2, 5], np.array([[6, 11, 38]])), [[3, 2, 1]])
