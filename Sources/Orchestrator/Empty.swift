// Replaced by the code of this target.
