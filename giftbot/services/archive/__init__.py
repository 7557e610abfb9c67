"""The whole bot as one archive, to move it between stores and machines."""
