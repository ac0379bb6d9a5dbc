"""What the plugin's tests share: a directory of their own, a hub, and servers that are closed again."""

import os
import tempfile
import unittest
import unittest.mock

from hub import Hub
from servers import PushServer

TOKEN = 'a-token-for-tests'


class PluginCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        # where the plugin keeps the time of a failure: another test's must not silence this one
        temporary = unittest.mock.patch.object(tempfile, 'tempdir', self.directory)
        temporary.start()
        self.addCleanup(temporary.stop)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, 'w', encoding='utf8') as stream:
            stream.write(text)
        return path

    def serve(self, server):
        self.addCleanup(server.close)
        return server

    def hub(self, url, **more):
        """A hub process whose plugin announces to url. Keywords are further lines of its .conf."""
        settings = dict({'url': url, 'instance': 'fedora', 'token': TOKEN}, **more)
        lines = ['%s = %s\n' % item for item in settings.items() if item[1] is not None]
        return Hub(self.write('darkserver.conf', '[darkserver]\n' + ''.join(lines)))

    def hub_and_daemon(self, **more):
        daemon = self.serve(PushServer())
        return self.hub(daemon.url, **more), daemon
