"""Exercises: what the notebooks ask, and how an answer is judged.

An answer is judged by running it on the model, never by comparing it with a stored one.
"""

from freepages.exercises.exercise import Exercise, Remark
from freepages.exercises.prediction import compare

__all__ = ["Exercise", "Remark", "compare"]
