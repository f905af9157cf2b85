"""How the API server prints each of its own kinds as a row; one module an area.

Each module holds ``PRINTERS``: a resource's full name, its columns, and the cells of one object.
What a cell says follows kubectl's table exactly, odd spellings included, because that is what a
reader, and a model, already knows.
"""
