"""The two fronts are one API, and the documents say what is true."""
