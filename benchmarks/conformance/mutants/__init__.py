"""Components that are broken on purpose: the check of the laws themselves."""
