"""Every operation that was recorded on a real Koji hub, played to the plugin.

EXPECTED was written by hand from what each operation did on the hub, not worked out from its
callbacks. It has a line an operation: its number and name, and the announcements it must cause, in
order, each with its Koji build ids.
"""

import copy
import json

from case import TOKEN, PluginCase
from hub import RECORDED_CALLBACKS
from koji.context import context

NOTHING = []

EXPECTED = [
    (0, 'login', NOTHING),
    (1, 'anon read getKojiVersion', NOTHING),
    (2, 'createTag', NOTHING),
    (3, 'createTag child', NOTHING),
    (4, 'createTag build', NOTHING),
    (5, 'createBuildTarget', NOTHING),
    (6, 'packageListAdd hello2', NOTHING),
    (7, 'packageListBlock', NOTHING),
    (8, 'grantCG', NOTHING),
    (9, 'grantCG admin', NOTHING),
    (10, 'addBType', NOTHING),
    (11, 'createVolume', NOTHING),
    # a content generator's import is one request: build, RPMs and all
    (12, 'CGImport draft with rpms (rhel7)', [[1]]),
    (13, 'CGImport draft with rpms (rhel6)', [[2]]),
    # the CLI imports RPM by RPM, a request each: six of them
    (14, 'CLI import fedora31 (6 rpms, src first)', [[3], [3], [3], [3], [3], [3]]),
    # an empty build that is complete from the start, then two RPMs
    (15, 'CLI import --create-build fedora30 binaries only', [[4], [4], [4]]),
    # refused by the CLI, which only logged in and out
    (16, 'CLI import fedora30 src late', NOTHING),
    # five requests, of which the fourth failed before any callback
    (17, 'importRPM fedora30 directly', [[4], [4], [4], [4]]),
    (18, 'CLI import kl-del', [[5], [5], [5]]),
    (19, 'CLI import kl-vol', [[6], [6], [6]]),
    (20, 'CLI import kl-big', [[7], [7], [7]]),
    (21, 'promote draft when target exists', NOTHING),  # a fault
    (22, 'importRPM duplicate', NOTHING),
    (23, 'tagBuild direct (hello3)', NOTHING),
    (24, 'tagBuild hello2', NOTHING),
    (25, 'tagBuild kl-vol', NOTHING),
    (26, 'tagBuild kl-del', NOTHING),
    (27, 'untagBuild kl-del', NOTHING),
    (28, 'deleteBuild kl-del', [[5]]),
    (29, 'tagBuild same build again', NOTHING),  # a fault
    (30, 'changeBuildVolume kl-vol', [[6]]),
    (31, 'A.build() submit normal task', NOTHING),
    (32, 'host.openTask', NOTHING),
    (33, 'host.initBuild', NOTHING),  # BUILDING is nothing to look at yet
    (34, 'host.completeBuild', [[8]]),
    (35, 'host.tagBuild', NOTHING),
    (36, 'host.closeTask', NOTHING),
    (37, 'A.build() scratch', NOTHING),
    (38, 'host.openTask scratch', NOTHING),
    (39, 'host.moveBuildToScratch', NOTHING),
    (40, 'host.closeTask scratch', NOTHING),
    (41, 'initBuild kl-fail', NOTHING),
    (42, 'host.failBuild', NOTHING),  # from BUILDING: it never was complete
    (43, 'host.failTask', NOTHING),
    (44, 'initBuild kl-fail again (recycle)', NOTHING),
    (45, 'cancelBuild', NOTHING),
    (46, 'initBuild kl-fail third (recycle CANCELED)', NOTHING),
    (47, 'completeBuild fails: missing rpm', NOTHING),  # a fault before any callback
    (48, 'completeBuild fails late: wrong-named rpm', NOTHING),  # a fault after COMPLETE and three RPMs
    (49, 'failBuild', NOTHING),
    (50, 'A.build() draft task', NOTHING),
    (51, 'initBuild draft', NOTHING),
    (52, 'completeBuild draft', [[10]]),
    (53, 'tag draft', NOTHING),
    (54, 'promoteBuild', [[10]]),  # with no state change
    (55, 'CGImport image (tar archives)', [[11]]),
    (56, 'CGInitBuild', NOTHING),
    (57, 'CGImport reserved build (rpms)', [[12]]),
    (58, 'CGRefundBuild', NOTHING),  # from BUILDING to FAILED
    (59, 'CLI import-sig kl-vol-1.0-1.x86_64.rpm', [[6]]),
    (60, 'CLI write-signed-rpm', NOTHING),  # it has no callback of its own
    (61, 'CLI import-sig hello3-1.0-2.x86_64.rpm', [[3]]),
    (62, 'CLI write-signed-rpm', NOTHING),
    (63, 'deleteTagged build (tagged)', NOTHING),  # a fault
    (64, 'editBuildExtra', NOTHING),
    (65, 'changeBuildVolume back', [[6]]),
    (66, 'changeBuildVolume vol2', [[6]]),
    (67, 'CLI import kl-mc', [[14], [14], [14]]),
    (68, 'resetBuild kl-mc', [[14]]),  # from COMPLETE to CANCELED
    (69, 'createEmptyBuild after reset (recycle)', [[14]]),
    (70, 'multiCall of 3 importRPM (one HTTP request, one commit)', [[14]]),
    (71, 'multiCall tag ok + fault + untag', NOTHING),
    (72, 'CLI import-archive (image)', [[16], [16]]),
    (73, 'EXC: postTag raises', NOTHING),
    (74, 'EXC: multiCall createTag + tag (postTag raises)', NOTHING),
    (75, 'EXC: postTag raises under @ignore_error', NOTHING),
    (76, 'EXC: preCommit raises', NOTHING),
    (77, 'EXC: postCommit raises', NOTHING),
    (78, 'EXC: postCommit raises under @ignore_error', NOTHING),
    (79, 'SLOW: postCommit sleeps 3s', NOTHING),
    (80, 'SLOW: postTag sleeps 3s', NOTHING),
    (81, 'EXC: deleteBuild with postBuildStateChange raising', NOTHING),  # rolled back: 15 was not deleted
    (82, 'CGImport draft kl-dv', [[17]]),
    (83, 'changeBuildVolume of a draft', [[17]]),
    (84, 'promoteBuild of a draft on vol2', [[17]]),  # moved and promoted in one request
    (85, 'host.repoInit', NOTHING),
    (86, 'host.repoDone', NOTHING),
    (87, 'anonymous read while postCommit raises (no commit -> no callback)', NOTHING),
]


def requests_of(operation):
    """The operation's callbacks, request by request. A commit ends a request."""
    requests = []
    last = None
    for record in operation['callbacks']:
        committed = last is not None and last['callback'] == 'postCommit'
        if last is None or committed or record['request'] != last['request']:
            requests.append([])
        requests[-1].append(record)
        last = record
    return requests


class RecordedOperations(PluginCase):
    def setUp(self):
        super().setUp()
        with open(RECORDED_CALLBACKS, encoding='utf8') as stream:
            self.operations = json.load(stream)

    def play(self, clear):
        """Play all operations to one hub process; returns each one's announcements."""
        hub, daemon = self.hub_and_daemon()
        played = []
        for operation in self.operations:
            before_operation = len(daemon.pushes)
            for request in requests_of(operation):
                before_request = len(daemon.pushes)
                hub.begin(clear)
                for record in request:
                    if record['callback'] == 'postCommit':
                        self.assertEqual(len(daemon.pushes), before_request,
                                         'announced before the commit: %s' % operation['operation'])
                    given = copy.deepcopy(record['kwargs'])
                    hub.run(record['callback'], given)
                    self.assertEqual(given, record['kwargs'], 'the plugin changed what it was given')
                self.assertLessEqual(len(daemon.pushes), before_request + 1,
                                     'more than one POST in a request: %s' % operation['operation'])
            played.append(daemon.ids[before_operation:])
        self.assertEqual(hub.failures, [])
        self.assertEqual(hub.log, [])
        for push in daemon.pushes:
            self.assertEqual(push['path'], '/push')
            self.assertEqual(push['headers']['Authorization'], 'Bearer ' + TOKEN)
            self.assertEqual(push['headers']['Content-Type'], 'application/json')
            self.assertEqual(push['body']['instance'], 'fedora')
        return played

    def assert_as_expected(self, played):
        names = [(number, operation['operation']) for number, operation in enumerate(self.operations)]
        self.assertEqual(names, [(number, name) for number, name, _ in EXPECTED])
        self.assertEqual(len(played), 88)
        for (number, name, expected), announced in zip(EXPECTED, played):
            self.assertEqual(announced, expected, 'operation %d, %s' % (number, name))

    def test_each_operation_announces_exactly_its_builds(self):
        self.assert_as_expected(self.play(clear=True))

    def test_the_same_when_nothing_clears_the_context_between_requests(self):
        self.assert_as_expected(self.play(clear=False))

    def test_the_hub_s_context_is_left_without_a_trace(self):
        self.play(clear=False)
        self.assertEqual([name for name in vars(context) if name.startswith('darkserver')], [])
