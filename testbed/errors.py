"""What can go wrong with a test bed. Every message is a sentence that says what to do."""

from __future__ import annotations


class BedError(Exception):
    """The test bed could not do what it was asked for."""


class Unavailable(BedError):
    """No control plane can run on this machine as it is, for example because Go is missing."""


class BuildFailed(BedError):
    """The control plane's programs could not be built."""


class ComponentExited(BedError):
    """A program of the control plane ended, or did not become ready."""


class PortInUse(ComponentExited):
    """A program lost the race for a port that was free a moment before."""


class ApplyFailed(BedError):
    """The API server refused an object of a scenario or of a test."""
