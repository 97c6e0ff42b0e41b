"""The report: a folder that shows an export in a browser, without a server or a network."""
