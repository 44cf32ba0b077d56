"""Pictures that cost a decoder as much as their format allows, for their bytes and pixels.

Each function makes one kind of them, of a size that is asked for, so that what it costs can be compared with an
ordinary picture of that size, and with itself at another.
"""
