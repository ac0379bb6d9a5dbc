"""A daemon that is down, slow or wrong: what it costs the hub, and what the hub's log says.

The times here are the plugin's promise to the hub and not a measurement: bounds are generous.
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest.mock

from case import PluginCase
from hub import ROOT
from servers import (BadServer, PushServer, drip, drip_body, hang_up, never_answer, speak_nonsense,
                     unused_url)


class Trouble(PluginCase):
    def twenty_announcements(self, hub):
        """Twenty requests in a row, each of which announces; returns the seconds they took."""
        start = time.monotonic()
        for number in range(1, 21):
            hub.complete_build(number)
        self.assertEqual(hub.failures, [])
        return time.monotonic() - start

    def assert_said_once(self, hub, text):
        self.assertEqual(len(hub.log), 1, hub.log)
        self.assertTrue(hub.log[0].startswith('WARNING cannot announce builds [1] to http'), hub.log[0])
        self.assertIn(text, hub.log[0])


class ADeadDaemon(Trouble):
    def test_nothing_listens(self):
        hub = self.hub(unused_url())
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'ConnectionRefusedError')

    def test_it_accepts_and_never_answers(self):
        daemon = self.serve(BadServer(never_answer))
        hub = self.hub(daemon.url)  # with the timeout that is the default: two seconds
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'no answer in 2 seconds')
        self.assertEqual(daemon.accepted, 1)

    def test_a_header_that_drips(self):
        daemon = self.serve(BadServer(drip))
        hub = self.hub(daemon.url, timeout='0.3')
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'no answer in 0.3 seconds')

    def test_a_body_that_drips(self):
        hub = self.hub(self.serve(BadServer(drip_body)).url, timeout='0.3')
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'no answer in 0.3 seconds')

    def test_what_was_left_waiting_is_ended(self):
        for behave in (never_answer, drip):
            daemon = self.serve(BadServer(behave))
            self.hub(daemon.url, timeout='0.3').complete_build(1)
            self.assertTrue(daemon.ended.wait(10), 'the connection is still open')
        for thread in threading.enumerate():
            if thread.name == 'darkserver_hub':
                thread.join(10)
                self.assertFalse(thread.is_alive())

    def test_a_name_server_that_does_not_answer(self):
        released = threading.Event()
        self.addCleanup(released.set)

        def resolve(*args, **kwargs):
            released.wait(30)
            raise OSError('name service is gone')

        hub = self.hub('http://darkserver.example.org:8080', timeout='0.3')
        with unittest.mock.patch('socket.getaddrinfo', resolve):
            self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'no answer in 0.3 seconds')

    def test_it_hangs_up(self):
        hub = self.hub(self.serve(BadServer(hang_up)).url)
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'ConnectionResetError' if 'reset by peer' in hub.log[0] else 'RemoteDisconnected')

    def test_it_does_not_speak_http(self):
        hub = self.hub(self.serve(BadServer(speak_nonsense)).url)
        self.assertLess(self.twenty_announcements(hub), 5)
        self.assert_said_once(hub, 'BadStatusLine')


class ADaemonThatRefuses(Trouble):
    def test_any_answer_but_202_is_a_failure(self):
        for status in (200, 204, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503):
            daemon = self.serve(PushServer(status=status))
            hub = self.hub(daemon.url)
            self.twenty_announcements(hub)
            self.assert_said_once(hub, 'it answered %d' % status)
            self.assertEqual(daemon.ids, [[1]])

    def test_a_redirection_is_not_followed(self):
        for status in (301, 302, 303, 307, 308):
            elsewhere = self.serve(PushServer())
            daemon = self.serve(PushServer(status, {'Location': elsewhere.url + '/push'}))
            hub = self.hub(daemon.url)
            hub.complete_build(1)
            self.assertEqual(elsewhere.pushes, [])
            self.assert_said_once(hub, 'it answered %d' % status)

    def test_the_token_is_not_in_the_log(self):
        hub = self.hub(self.serve(PushServer(status=401)).url, token='very-secret')
        hub.complete_build(1)
        self.assertNotIn('very-secret', ''.join(hub.log))


class AfterTheSilence(Trouble):
    """The hub is one process here: it remembers the failure itself."""

    multiprocess = False

    def setUp(self):
        super().setUp()
        self.daemon = self.serve(PushServer(status=503))
        self.hub_process = self.hub(self.daemon.url)
        self.hub_process.multiprocess = self.multiprocess
        self.now = time.time()
        clock = unittest.mock.patch.object(self.hub_process.plugin.time, 'time', lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def tearDown(self):
        self.assertEqual(os.listdir(self.directory), ['darkserver.conf'])

    def test_a_minute_later_it_tries_again(self):
        hub, daemon = self.hub_process, self.daemon
        hub.complete_build(1)
        self.now += 59
        hub.complete_build(2)
        self.assertEqual(daemon.ids, [[1]])
        self.now += 2
        daemon.status = 202
        hub.complete_build(3)
        hub.complete_build(4)
        self.assertEqual(daemon.ids, [[1], [3], [4]])
        self.assertEqual(len(hub.log), 2)
        self.assertIn('takes announcements again', hub.log[1])

    def test_still_down_it_is_silent_for_another_minute_and_says_nothing_more(self):
        hub, daemon = self.hub_process, self.daemon
        for number in range(1, 11):
            hub.complete_build(number)
            self.now += 20
        self.assertEqual(daemon.ids, [[1], [4], [7], [10]])
        self.assertEqual(len(hub.log), 1)

    def test_the_next_outage_is_said_again(self):
        hub, daemon = self.hub_process, self.daemon
        hub.complete_build(1)
        self.now += 61
        daemon.status = 202
        hub.complete_build(2)
        daemon.status = 503
        hub.complete_build(3)
        self.assertEqual([line.split()[2] for line in hub.log], ['announce', 'takes', 'announce'])

    def test_a_clock_that_was_set_back_does_not_end_the_silence_for_good(self):
        hub, daemon = self.hub_process, self.daemon
        hub.complete_build(1)
        self.now -= 86400
        for number in range(2, 12):
            hub.complete_build(number)
        self.assertEqual(daemon.ids, [[1], [2]])


class AfterTheSilenceOfManyProcesses(AfterTheSilence):
    """A file remembers it."""

    multiprocess = True

    def tearDown(self):
        self.assertIsNone(self.hub_process.plugin.ANNOUNCER.failed)


class AfterTheSilenceWhereNoFileCanBeWritten(AfterTheSilence):
    multiprocess = True

    def setUp(self):
        super().setUp()
        nowhere = unittest.mock.patch.object(tempfile, 'gettempdir', side_effect=FileNotFoundError)
        nowhere.start()
        self.addCleanup(nowhere.stop)


class TheOtherProcessesOfTheHub(Trouble):
    def other_process(self, url):
        """Another process of the hub, which has loaded the plugin."""
        process = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, 'test', 'plugin', 'hub.py'),
             self.write('darkserver.conf', '[darkserver]\nurl = %s\ninstance = fedora\n' % url)],
            env=dict(os.environ, TMPDIR=self.directory), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True, bufsize=1)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.stdin.close)
        self.assertEqual(process.stdout.readline(), 'loaded\n')
        return process

    @staticmethod
    def complete_build(process, number):
        process.stdin.write('%d\n' % number)
        return json.loads(process.stdout.readline())

    def test_one_failure_is_enough_for_all(self):
        daemon = self.serve(PushServer(status=503))
        processes = [self.other_process(daemon.url) for _ in range(3)]
        logs = [self.complete_build(process, number) for number, process in enumerate(processes, 1)]
        self.assertEqual(daemon.ids, [[1]])
        self.assertEqual([len(log) for log in logs], [1, 0, 0])

    def test_a_process_that_starts_later_is_told_too(self):
        daemon = self.serve(PushServer(status=503))
        self.assertEqual(len(self.complete_build(self.other_process(daemon.url), 1)), 1)
        self.assertEqual(self.complete_build(self.other_process(daemon.url), 2), [])
        self.assertEqual(daemon.ids, [[1]])

    def test_the_processes_of_another_apache_find_out_for_themselves(self):
        daemon = self.serve(PushServer(status=503))
        self.assertEqual(len(self.complete_build(self.other_process(daemon.url), 1)), 1)
        # This process has another parent than those: as after a restart of Apache.
        hub = self.hub(daemon.url)
        hub.multiprocess = True
        hub.complete_build(2)
        self.assertEqual(daemon.ids, [[1], [2]])

    def test_hubs_that_announce_to_other_daemons_are_not_silenced(self):
        well, ill = self.serve(PushServer()), self.serve(PushServer(status=503))
        to_well, to_ill = self.other_process(well.url), self.other_process(ill.url)
        self.complete_build(to_ill, 1)
        self.assertEqual(self.complete_build(to_well, 2), [])
        self.assertEqual((ill.ids, well.ids), ([[1]], [[2]]))


class WhatOthersLeftInTheTemporaryDirectory(Trouble):
    """Anyone on the machine may put something where the time of a failure is kept."""

    def assert_silent_and_untouched(self, target):
        daemon = self.serve(PushServer(status=503))
        hub = self.hub(daemon.url)
        hub.multiprocess = True
        self.twenty_announcements(hub)
        self.assertEqual(daemon.ids, [[1]])
        self.assertIsNotNone(hub.plugin.ANNOUNCER.failed)
        if os.path.isdir(target):
            self.assertEqual(os.listdir(target), [])

    def name(self):
        return os.path.join(self.directory, 'darkserver_hub-%d' % os.geteuid())

    def test_a_directory_that_others_may_write_to(self):
        os.mkdir(self.name())
        os.chmod(self.name(), 0o777)
        self.assert_silent_and_untouched(self.name())

    def test_a_link_to_a_directory(self):
        elsewhere = os.path.join(self.directory, 'elsewhere')
        os.mkdir(elsewhere, 0o700)
        os.symlink(elsewhere, self.name())
        self.assert_silent_and_untouched(elsewhere)

    def test_a_file(self):
        self.assert_silent_and_untouched(self.write(os.path.basename(self.name()), ''))

    def test_a_directory_of_someone_else_and_a_link_that_looks_private(self):
        os.mkdir(self.name(), 0o700)
        for mode, uid in ((stat.S_IFDIR | 0o700, os.geteuid() + 1), (stat.S_IFLNK | 0o700, os.geteuid())):
            found = os.stat_result([mode, 1, 1, 1, uid, 0, 0, 0, 0, 0])
            with unittest.mock.patch('os.lstat', return_value=found):
                self.assert_silent_and_untouched(self.name())
