#!/usr/bin/env python3
"""announce.py CONF OPERATION ID...: what a hub does when builds change, with the real plugin in it.

The koji that the plugin imports is the one of the plugin's own tests (PYTHONPATH=test/plugin). OPERATION is
"complete" or "delete". Each build is one request to the hub, so each is announced by one POST of its own. Ends
with 1 if the plugin had anything to complain about.
"""

import sys

from hub import Hub

# Koji's numbers of build states: building, complete, deleted.
CHANGES = {'complete': (0, 1), 'delete': (1, 2)}


def main(conf, operation, koji_build_ids):
    hub = Hub(conf)
    old, new = CHANGES[operation]
    for koji_build_id in koji_build_ids:
        hub.begin()
        hub.run('postBuildStateChange', {'attribute': 'state', 'old': old, 'new': new,
                                         'info': {'id': int(koji_build_id)}})
        if operation == 'complete':
            hub.run('postImport', {'type': 'build', 'build': {'id': int(koji_build_id)}})
        hub.commit()
    for line in hub.log:
        print(line, file=sys.stderr)
    for failure in hub.failures:
        print('the plugin raised %r' % failure, file=sys.stderr)
    return 1 if hub.log or hub.failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
