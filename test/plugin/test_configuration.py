"""darkserver.conf: whatever is wrong with it, the plugin can be imported, and says what is wrong."""

import os

from case import PluginCase
from hub import CONFIG, Hub
from servers import PushServer

GOOD = '[darkserver]\nurl = %s\ninstance = fedora\n'


class ABrokenConfiguration(PluginCase):
    def assert_inert(self, config_file, text):
        hub = Hub(config_file)
        for number in (1, 2):
            hub.complete_build(number)
        self.assertEqual(hub.failures, [])
        self.assertEqual(len(hub.log), 1, hub.log)
        self.assertTrue(hub.log[0].startswith('ERROR /etc/koji-hub/plugins/darkserver.conf: '), hub.log[0])
        self.assertIn(text, hub.log[0])
        self.assertNotIn('\n', hub.log[0])

    def assert_text_is_inert(self, text, expected):
        self.assert_inert(self.write('darkserver.conf', text), expected)

    def test_it_is_missing(self):
        self.assert_inert(os.path.join(self.directory, 'absent.conf'), 'no section [darkserver]')

    def test_it_is_empty(self):
        self.assert_text_is_inert('', 'no section [darkserver]')

    def test_it_is_of_another_kind(self):
        self.assert_text_is_inert('url = http://127.0.0.1\n', 'MissingSectionHeaderError')

    def test_it_is_not_text(self):
        path = os.path.join(self.directory, 'darkserver.conf')
        with open(path, 'wb') as stream:
            stream.write(b'[darkserver]\nurl = \xff\xfe\n')
        self.assert_inert(path, 'UnicodeDecodeError')

    def test_a_key_is_there_twice(self):
        self.assert_text_is_inert(GOOD % 'http://127.0.0.1' + 'instance = other\n', 'DuplicateOptionError')

    def test_the_url_is_unusable(self):
        for url in ('', 'darkserver', '127.0.0.1:8080', 'ftp://127.0.0.1', 'http://', 'http://:8080',
                    'http://127.0.0.1:port', 'http://127.0.0.1:99999', 'http://[::1',
                    'http://user@127.0.0.1', 'http://127.0.0.1/?a=b', 'http://127.0.0.1/#here',
                    'http://127.0.0.1/a b', 'http://127.0.0.1/\u00fc'):
            self.assert_text_is_inert(GOOD % url, ': url ')

    def test_the_url_is_missing(self):
        self.assert_text_is_inert('[darkserver]\ninstance = fedora\n', ': url ')

    def test_the_instance_is_missing(self):
        for line in ('', 'instance =\n'):
            self.assert_text_is_inert('[darkserver]\nurl = http://127.0.0.1:8080\n' + line, ': instance ')

    def test_the_timeout_is_unusable(self):
        for timeout in ('two', '0', '-1', 'nan', 'inf', '61'):
            self.assert_text_is_inert(GOOD % 'http://127.0.0.1' + 'timeout = %s\n' % timeout, ': timeout ')

    def test_the_token_file_is_missing(self):
        name = os.path.join(self.directory, 'absent.token')
        self.assert_text_is_inert(GOOD % 'http://127.0.0.1' + 'token_file = %s\n' % name,
                                  'token_file %s cannot be read' % name)

    def test_the_token_file_is_empty(self):
        name = self.write('token', '\n')
        self.assert_text_is_inert(GOOD % 'http://127.0.0.1' + 'token_file = %s\n' % name, 'is empty')

    def test_a_token_that_would_write_headers_of_its_own(self):
        name = self.write('token', 'secret\r\nX-Other: 1\n')
        self.assert_text_is_inert(GOOD % 'http://127.0.0.1' + 'token_file = %s\n' % name,
                                  'the token is not printable ASCII')

    def test_the_token_is_not_in_the_log(self):
        hub = Hub(self.write('darkserver.conf', GOOD % 'http://127.0.0.1' + 'token = very secret\n'))
        self.assertNotIn('secret', ''.join(hub.log))

    def test_the_ca_bundle_is_unusable(self):
        for name in (os.path.join(self.directory, 'absent.pem'), self.write('bad.pem', 'not PEM\n')):
            self.assert_text_is_inert(GOOD % 'https://127.0.0.1' + 'ca_bundle = %s\n' % name, ': ca_bundle ')


class AGoodConfiguration(PluginCase):
    def test_the_one_that_is_shipped_names_every_key_and_needs_only_its_token(self):
        with open(CONFIG, encoding='utf8') as stream:
            text = stream.read()
        self.assertIn('\ntoken_file = /etc/koji-hub/plugins/darkserver.token\n', text)
        token = os.path.join(self.directory, 'token')
        text = text.replace('/etc/koji-hub/plugins/darkserver.token', token)
        without_token = Hub(self.write('darkserver.conf', text))
        self.assertEqual(len(without_token.log), 1, without_token.log)
        self.assertIn('token_file %s cannot be read' % token, without_token.log[0])
        for key in without_token.plugin.KEYS:
            self.assertRegex(text, r'(?m)^#?%s =' % key)

        self.write('token', 'a-token\n')
        settings = Hub(self.write('darkserver.conf', text)).plugin.ANNOUNCER.settings
        self.assertEqual(
            (settings.url, settings.instance, settings.headers['Authorization'], settings.timeout),
            ('http://127.0.0.1:8080/push', 'fedora', 'Bearer a-token', 2.0))

    def test_an_unknown_key_is_named_and_passed_over(self):
        daemon = self.serve(PushServer())
        hub = self.hub(daemon.url, tokenfile='/x')
        hub.complete_build(1)
        self.assertEqual(daemon.ids, [[1]])
        self.assertEqual(len(hub.log), 1)
        self.assertIn('unknown key tokenfile', hub.log[0])
