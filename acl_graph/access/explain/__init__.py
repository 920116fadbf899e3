"""Why an answer is what it is: the paths behind it, the assumptions it rests on, the export gaps that widen it."""
