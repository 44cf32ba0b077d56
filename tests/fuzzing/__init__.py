"""What `make fuzz` does to its inputs: a module a kind, each with `applies_to(data)` and `mutate(data, random)`.

A mutator keeps what a format's reader wants to see first (lengths, checksums, the order of parts), and changes the
rest, so that its inputs come farther than those with any byte changed.
"""

from __future__ import annotations

from types import ModuleType

from tests.fuzzing import jpeg_segments, png_chunks

MUTATORS: tuple[ModuleType, ...] = (jpeg_segments, png_chunks)
"""Of pictures; `requests` has its own, which keeps a body what its protocol reads."""
