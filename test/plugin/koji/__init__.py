"""A stand-in for the parts of Koji that a hub plugin meets, so that the tests need only Python.

It is found as `koji` because the tests run with test/plugin first on sys.path. What it does was
written after watching a real hub; the recorded callbacks it is fed are that hub's own.
"""

import configparser
import os


def read_config_files(config_files, raw=False):
    """Read a path, or a list of paths and of (path, strict) pairs, as Koji's function does.

    A file that is absent or may not be read is passed over, unless it is strict. `raw` turns
    interpolation off.
    """
    if isinstance(config_files, str):
        config_files = [config_files]
    parser = configparser.RawConfigParser() if raw else configparser.ConfigParser()
    for entry in config_files:
        path, strict = (entry, False) if isinstance(entry, str) else entry
        if strict and not os.path.exists(path):
            raise RuntimeError('no such configuration file: %s' % path)
        parser.read(path, encoding='utf8')
    return parser
