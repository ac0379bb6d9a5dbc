"""When the plugin announces, what it sends, and to where."""

import ast
import os
import sys
import threading

import koji.plugin
from case import TOKEN, PluginCase
from hub import PLUGIN
from koji.context import context
from servers import PushServer

TLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tls')


def state_change(old, new, koji_build_id=7):
    return {'attribute': 'state', 'old': old, 'new': new, 'info': {'id': koji_build_id}}


class OneRequest(PluginCase):
    def setUp(self):
        super().setUp()
        self.hub_process, self.daemon = self.hub_and_daemon()
        self.hub_process.begin()

    def announced_after(self, *callbacks):
        for cbtype, kwargs in callbacks:
            self.hub_process.run(cbtype, kwargs)
        self.assertEqual(self.daemon.ids, [])
        self.hub_process.commit()
        self.assertEqual(self.hub_process.failures, [])
        return self.daemon.ids

    def test_many_changes_to_many_builds_are_one_post(self):
        self.assertEqual(self.announced_after(
            ('postBuildStateChange', state_change(None, 1, 900)),
            ('postImport', {'type': 'rpm', 'rpm': {'id': 5, 'build_id': 900}, 'build': {'id': 900}}),
            ('postBuildPromote', {'build': {'id': 12}}),
            ('postBuildStateChange', {'attribute': 'volume_id', 'old': 0, 'new': 1, 'info': {'id': 31}}),
        ), [[12, 31, 900]])
        self.assertEqual(self.daemon.pushes[0]['body'],
                         {'instance': 'fedora', 'koji_build_ids': [12, 31, 900]})

    def test_signatures_are_announced_and_the_headers_of_imports_are_not(self):
        rpm = {'id': 5, 'build_id': 32}
        self.assertEqual(self.announced_after(
            ('postRPMSign', {'sigkey': '', 'sighash': '00', 'rpm': {'id': 4}, 'build': {'id': 33}}),
            ('postRPMSign', {'sigkey': 'a15b79cc', 'sighash': '00', 'rpm': {'id': 3}, 'build': {'id': 31}}),
            ('postRPMSign', {'sigkey': 'a15b79cc', 'sighash': '00', 'rpm': rpm, 'build': None}),
            ('postRPMSign', {'sigkey': 'a15b79cc'}),
        ), [[31, 32]])

    def test_thousands_of_builds_are_one_post(self):
        self.assertEqual(
            self.announced_after(*[('postBuildPromote', {'build': {'id': number}})
                                   for number in range(1, 5001)]),
            [list(range(1, 5001))])

    def test_beyond_what_a_post_may_hold_the_log_says_so(self):
        announced = self.announced_after(*[('postBuildPromote', {'build': {'id': number}})
                                           for number in range(1, 10003)])
        self.assertEqual(announced, [list(range(1, 10001))])
        self.assertIn('10002 builds', self.hub_process.log[0])

    def test_from_complete_to_canceled(self):
        self.assertEqual(self.announced_after(('postBuildStateChange', state_change(1, 4))), [[7]])

    def test_a_failed_build_that_is_deleted(self):
        self.assertEqual(self.announced_after(('postBuildStateChange', state_change(3, 2))), [[7]])

    def test_states_that_have_nothing_to_do_with_complete(self):
        for old, new in ((None, 0), (0, 3), (0, 4), (3, 0), (4, 0)):
            self.assertEqual(self.announced_after(('postBuildStateChange', state_change(old, new))), [])

    def test_other_attributes_of_a_build_have_numbers_too(self):
        self.assertEqual(self.announced_after(
            ('postBuildStateChange', {'attribute': 'owner_id', 'old': 1, 'new': 2, 'info': {'id': 7}}),
            ('postBuildStateChange', {'attribute': 'completion_ts', 'old': 1, 'new': 1.5,
                                      'info': {'id': 7}})), [])

    def test_an_import_that_names_its_build_by_number_only(self):
        self.assertEqual(self.announced_after(
            ('postImport', {'type': 'build', 'build': None, 'build_id': 41}),
            ('postImport', {'type': 'rpm', 'build': None, 'rpm': {'id': 3, 'build_id': 42}})), [[41, 42]])

    def test_what_is_not_a_build_id_is_not_announced(self):
        self.assertEqual(self.announced_after(
            ('postImport', {'type': 'image', 'image': {}}),
            ('postImport', {'type': 'rpm', 'build': {'id': None}, 'rpm': {'id': 3}}),
            ('postImport', {'type': 'rpm', 'build': {'id': True}}),
            ('postImport', {'type': 'rpm', 'build': {'id': '8'}}),
            ('postImport', {'type': 'rpm', 'build': {'id': 0}}),
            ('postBuildStateChange', {'attribute': 'state', 'old': None, 'new': 1, 'info': {}}),
            ('postBuildStateChange', {})), [])

    def test_pre_callbacks_are_not_listened_to(self):
        self.hub_process.run('preBuildStateChange', state_change(0, 1))
        self.hub_process.run('preImport', {'type': 'rpm', 'build': {'id': 7}})
        self.hub_process.run('preBuildPromote', {'build': {'id': 7}})
        self.assertEqual(self.announced_after(), [])

    def test_a_second_commit_in_a_request_announces_nothing_again(self):
        self.assertEqual(self.announced_after(('postBuildStateChange', state_change(0, 1))), [[7]])
        self.hub_process.commit()
        self.assertEqual(self.daemon.ids, [[7]])

    def test_a_request_that_fails_before_its_commit(self):
        self.hub_process.run('postBuildStateChange', state_change(0, 1))
        self.hub_process.run('preCommit')
        self.hub_process.complete_build(8)
        self.assertEqual(self.daemon.ids, [[8]])

    def test_a_context_that_is_never_cleared_carries_nothing_over(self):
        self.hub_process.run('postBuildStateChange', state_change(0, 1))
        self.hub_process.complete_build(8, clear=False)
        self.assertEqual(self.daemon.ids, [[8]])

    def test_nor_when_the_next_request_only_commits(self):
        self.hub_process.run('postBuildStateChange', state_change(0, 1))
        self.hub_process.begin(clear=False)
        self.hub_process.commit()
        self.assertEqual(self.daemon.ids, [])
        self.assertFalse(hasattr(context, 'darkserver_noted'))

    def test_requests_in_other_threads_are_other_requests(self):
        self.hub_process.run('postBuildStateChange', state_change(0, 1))
        other = threading.Thread(target=self.hub_process.complete_build, args=(8,))
        other.start()
        other.join()
        self.assertEqual(self.daemon.ids, [[8]])
        self.hub_process.commit()
        self.assertEqual(self.daemon.ids, [[8], [7]])

    def test_a_subcall_of_a_multicall_that_is_rolled_back_spoils_nothing(self):
        # Koji rolls back to a savepoint and goes on: what the callback had noted cannot be told from
        # the rest, and the daemon asks Koji anyway.
        self.assertEqual(self.announced_after(
            ('postBuildPromote', {'build': {'id': 3}}),
            ('postBuildStateChange', state_change(0, 1, 4))), [[3, 4]])


class TheRequestItself(PluginCase):
    def push(self, daemon, **settings):
        hub = self.hub(**dict({'url': daemon.url}, **settings))
        hub.complete_build(1)
        self.assertEqual((hub.failures, hub.log), ([], []))
        return daemon.pushes[-1]

    def test_the_url_is_the_daemon_s_base_or_its_push_route(self):
        daemon = self.serve(PushServer())
        for path, expected in (('', '/push'), ('/', '/push'), ('/push', '/push'), ('/push/', '/push'),
                               ('/darkserver', '/darkserver/push'), ('/darkserver/push', '/darkserver/push')):
            self.assertEqual(self.push(daemon, url=daemon.url + path)['path'], expected)

    def test_the_token_comes_from_a_file_before_the_key(self):
        name = self.write('token', 'from-the-file\n')
        push = self.push(self.serve(PushServer()), token_file=name)
        self.assertEqual(push['headers']['Authorization'], 'Bearer from-the-file')

    def test_a_token_may_hold_a_percent_sign(self):
        push = self.push(self.serve(PushServer()), token='50%(x)s%')
        self.assertEqual(push['headers']['Authorization'], 'Bearer 50%(x)s%')

    def test_without_a_token_there_is_no_such_header(self):
        push = self.push(self.serve(PushServer()), token=None)
        self.assertNotIn('Authorization', push['headers'])

    def test_https_with_a_ca_bundle(self):
        daemon = self.serve(PushServer(certificate=os.path.join(TLS, 'daemon.pem')))
        push = self.push(daemon, ca_bundle=os.path.join(TLS, 'certificate.pem'))
        self.assertEqual(push['headers']['Authorization'], 'Bearer ' + TOKEN)

    def test_https_whose_certificate_is_not_trusted(self):
        daemon = self.serve(PushServer(certificate=os.path.join(TLS, 'daemon.pem')))
        hub = self.hub(daemon.url)
        hub.complete_build(1)
        self.assertEqual(daemon.pushes, [])
        self.assertIn('CERTIFICATE_VERIFY_FAILED', hub.log[0])

    def test_proxies_of_the_environment_are_not_used(self):
        proxy = self.serve(PushServer())
        for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
            before = os.environ.get(name)
            os.environ[name] = proxy.url
            self.addCleanup(os.environ.pop if before is None else os.environ.__setitem__,
                            name, *([] if before is None else [before]))
        self.push(self.serve(PushServer()))
        self.assertEqual(proxy.pushes, [])


class ThePluginAsKojiSeesIt(PluginCase):
    def test_no_callback_can_fail_a_hub_call(self):
        hub = self.hub('http://127.0.0.1:1')
        functions = [value for value in vars(hub.plugin).values() if getattr(value, 'callbacks', None)]
        self.assertEqual(len(functions), 3)
        for function in functions:
            self.assertTrue(function.failure_is_an_option, function.__name__)

    def test_a_koji_without_drafts_is_not_asked_for_their_callback(self):
        table = koji.plugin.callbacks
        promote = table.pop('postBuildPromote')
        self.addCleanup(table.__setitem__, 'postBuildPromote', promote)
        hub, daemon = self.hub_and_daemon()
        hub.complete_build(5)
        self.assertEqual(daemon.ids, [[5]])

    def test_python_3_6_can_read_it(self):
        with open(PLUGIN, encoding='utf8') as stream:
            source = stream.read()
        # Pythons before 3.8 have no such argument, and need none.
        ast.parse(source, PLUGIN, **{'feature_version': (3, 6)} if sys.version_info >= (3, 8) else {})
