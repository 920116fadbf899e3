"""Answers on their way out: the first screen, the output folder, the HTML report. Only here are results written."""
