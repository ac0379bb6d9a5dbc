"""A daemon that is down, slow or wrong: what it costs the hub, and what the hub's log says.

The times here are the plugin's promise to the hub and not a measurement: bounds are generous.
"""

import threading
import time
import unittest.mock

from case import PluginCase
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
        self.assertTrue(hub.log[0].startswith('WARNING cannot announce to http'), hub.log[0])
        self.assertIn(text, hub.log[0])
        self.assertIn('builds 1.', hub.log[0])


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
        self.assert_said_once(hub, 'RemoteDisconnected')

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
    def setUp(self):
        super().setUp()
        self.daemon = self.serve(PushServer(status=503))
        self.hub_process = self.hub(self.daemon.url)
        self.now = 1000.0
        clock = unittest.mock.patch.object(self.hub_process.plugin.time, 'monotonic', lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def test_a_minute_later_it_tries_again_and_says_when_the_daemon_is_back(self):
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
        self.assertIn('answers again; announcements that were not sent: 2', hub.log[1])

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
        self.assertEqual([line.split()[2] for line in hub.log], ['announce', 'answers', 'announce'])
