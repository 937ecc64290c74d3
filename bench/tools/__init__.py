"""The programs that are measured: one small record each, and what installs them. ``catalogue.TOOLS`` has them all."""
