"""A hub as a plugin sees it: imports the plugin, runs its callbacks, keeps its log."""

import importlib.util
import json
import logging
import os
import sys
import unittest.mock

import koji
import koji.plugin
from koji.context import context

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLUGIN = os.path.join(ROOT, 'plugin', 'darkserver_hub.py')
CONFIG = os.path.join(ROOT, 'plugin', 'darkserver.conf')
RECORDED_CALLBACKS = os.path.join(ROOT, 'test', 'fixtures', 'koji-lab', 'callbacks.json')


class LogKeeper(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


class Hub:
    """One process of a hub, with the plugin freshly imported under a configuration file.

    `failures` holds what callbacks raised: @ignore_error hides those from Koji's callers, and it must
    not hide them from a test.
    """

    def __init__(self, config_file):
        self.failures = []
        self.multiprocess = False  # whether Apache says that there are other processes of the hub
        self._keeper = LogKeeper()
        logger = logging.getLogger('koji.plugin.darkserver_hub')
        logger.handlers = [self._keeper]
        logger.propagate = False
        logger.setLevel(logging.INFO)
        for functions in koji.plugin.callbacks.values():
            functions.clear()
        context._threadclear()
        self.plugin = self._import(config_file)
        for value in vars(self.plugin).values():
            for cbtype in getattr(value, 'callbacks', None) or ():
                koji.plugin.callbacks[cbtype].append(value)

    @staticmethod
    def _import(config_file):
        read = koji.read_config_files
        asked = []

        def read_config_file_of_the_test(config_files, raw=False):
            asked.extend(config_files)
            return read([config_file], raw=raw)

        spec = importlib.util.spec_from_file_location('_koji_plugin__darkserver_hub', PLUGIN)
        plugin = importlib.util.module_from_spec(spec)
        with unittest.mock.patch.object(koji, 'read_config_files', read_config_file_of_the_test):
            spec.loader.exec_module(plugin)
        assert asked == ['/etc/koji-hub/plugins/darkserver.conf'], asked
        return plugin

    @property
    def log(self):
        """What the hub's log holds, a line a record: `WARNING text`."""
        return ['%s %s' % (record.levelname, record.getMessage()) for record in self._keeper.records]

    def run(self, cbtype, kwargs=None):
        """Run one callback, as Koji does: the same kwargs to every plugin."""
        for function in koji.plugin.callbacks[cbtype]:
            try:
                function(cbtype, **(kwargs or {}))
            except Exception as error:
                if not getattr(function, 'failure_is_an_option', False):
                    raise
                self.failures.append(error)

    def begin(self, clear=True):
        """A request arrives. With clear=False nothing of the last one is cleared away."""
        if clear:
            context._threadclear()
        context.environ = {'wsgi.multiprocess': self.multiprocess}

    def commit(self):
        """The request succeeds."""
        self.run('preCommit')
        self.run('postCommit')

    def complete_build(self, koji_build_id, clear=True):
        """A whole request that completes one build."""
        self.begin(clear)
        self.run('postBuildStateChange', {'attribute': 'state', 'old': 0, 'new': 1,
                                          'info': {'id': koji_build_id}})
        self.commit()


def main():
    """One of several processes of a hub: hub.py CONFIG-FILE. It completes the build of each line of its
    input, and answers with a line that has its log."""
    hub = Hub(sys.argv[1])
    hub.multiprocess = True
    print('loaded', flush=True)
    for line in sys.stdin:
        hub.complete_build(int(line))
        print(json.dumps(hub.log + ['%r' % failure for failure in hub.failures]), flush=True)


if __name__ == '__main__':
    main()
