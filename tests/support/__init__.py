"""What the tests of all packages share: a fake API server, and builders of objects."""
