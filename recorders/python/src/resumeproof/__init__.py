"""Records what a training run really does as a trace that resumeproof judges. See docs/recorder.md."""

__version__ = "0.1.0"
