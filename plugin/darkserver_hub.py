"""Koji hub plugin: tells a Darkserver daemon which builds have changed.

The post* callbacks note the Koji build ids that one hub request touches; postCommit sends them, in
one POST, when the change can be seen by others. An announcement is a hint: the daemon asks Koji what
is true, and finds by itself what was never announced. So whatever goes wrong here is logged, and the
hub's own work goes on.

How to install it is written in darkserver.conf, which goes to /etc/koji-hub/plugins/darkserver.conf.
Needs Python 3.6 or later and koji, nothing else.
"""

import contextlib
import functools
import http.client
import json
import logging
import os
import re
import socket
import ssl
import stat
import tempfile
import threading
import time
from urllib.parse import quote, urlsplit

import koji
import koji.plugin
from koji.context import context
from koji.plugin import callback, ignore_error

CONFIG_FILE = '/etc/koji-hub/plugins/darkserver.conf'
KEYS = ('url', 'instance', 'token_file', 'token', 'timeout', 'ca_bundle')

DEFAULT_TIMEOUT = 2.0  # seconds, for one announcement in all: name, connection, TLS, request, answer
MAX_TIMEOUT = 60.0  # seconds; a hub process waits this long, so more is a slip of the pen
SILENCE = 60.0  # seconds without a further attempt after one that failed
MAX_IDS = 10000  # build ids in one POST, which makes at most about 110 KB
MAX_ANSWER = 4096  # bytes of the daemon's answer that are read

COMPLETE, DELETED = 1, 2  # Koji's numbers of build states: its database has them, they cannot change

VISIBLE = re.compile(r'[!-~]+\Z')
NOTED = 'darkserver_noted'  # this plugin's attribute on koji's request context

LOG = logging.getLogger('koji.plugin.darkserver_hub')


class ConfigError(Exception):
    """The configuration cannot be used; the message says why and names the key."""


class Settings:
    """darkserver.conf, checked. Raises ConfigError."""

    def __init__(self, config):
        if not config.has_section('darkserver'):
            # koji.read_config_files passes over a file that is absent or that it may not read
            raise ConfigError('no section [darkserver] (is the file there, may the web server read it?)')
        values = {key: value.strip() for key, value in config.items('darkserver') if value}
        for key in sorted(set(values) - set(KEYS)):
            LOG.warning('%s: unknown key %s (known: %s)', CONFIG_FILE, key, ', '.join(KEYS))

        self.instance = values.get('instance')
        if not self.instance:
            raise ConfigError('instance is missing: what does the daemon call this Koji?')
        self._read_url(values.get('url', ''))
        self._read_timeout(values.get('timeout', DEFAULT_TIMEOUT))
        self.headers = {'Content-Type': 'application/json', 'Connection': 'close',
                        'User-Agent': 'darkserver-hub-plugin'}
        self._read_token(values.get('token_file'), values.get('token'))
        # http.client, because it follows no redirection (the token would go along) and takes no proxy
        # from the environment of whoever started Apache.
        self.connect = http.client.HTTPConnection
        if self.scheme == 'https':
            ca_bundle = values.get('ca_bundle')
            try:
                tls = ssl.create_default_context(cafile=ca_bundle)
            except (OSError, ValueError) as error:
                raise ConfigError('ca_bundle %s cannot be used: %s' % (ca_bundle, error))
            self.connect = functools.partial(http.client.HTTPSConnection, context=tls)

    def _read_url(self, url):
        try:
            parts = urlsplit(url)
            self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError('url %r: %s' % (url, error))
        if self.scheme not in ('http', 'https') or not self.host:
            raise ConfigError('url %r is not like http://127.0.0.1:8080' % url)
        if parts.query or parts.fragment or '@' in parts.netloc or not VISIBLE.match(url):
            raise ConfigError('url %r: only scheme, host, port and path belong here' % url)
        path = parts.path.rstrip('/')
        self.path = path if path.endswith('/push') else path + '/push'
        self.url = '%s://%s%s' % (self.scheme, parts.netloc, self.path)

    def _read_timeout(self, value):
        try:
            self.timeout = float(value)
        except ValueError:
            raise ConfigError('timeout %r is not a number of seconds' % value)
        if not 0 < self.timeout <= MAX_TIMEOUT:
            raise ConfigError('timeout %r is not above 0 and at most %g seconds' % (value, MAX_TIMEOUT))

    def _read_token(self, token_file, token):
        if token_file:
            try:
                with open(token_file, encoding='ascii') as stream:
                    token = stream.read(MAX_ANSWER).strip()
            except (OSError, ValueError) as error:
                raise ConfigError('token_file %s cannot be read: %s' % (token_file, error))
            if not token:
                raise ConfigError('token_file %s is empty' % token_file)
        # A token with a line break in it could write headers of its own. It is never shown.
        if token and not VISIBLE.match(token):
            raise ConfigError('the token is not printable ASCII without blanks')
        if token:
            self.headers['Authorization'] = 'Bearer ' + token


class Announcer:
    """Sends announcements to one daemon, and none for SILENCE seconds after one that failed.

    Apache runs a hub in many processes, and a daemon that hangs would cost each of them its timeout. So
    they keep the time of the last failure where all of them see it: as the time of a file.
    """

    def __init__(self, settings):
        self.settings = settings
        self.failed = None  # time of the last failure, where no file keeps it

    def announce(self, koji_build_ids, multiprocess):
        """Announce the builds, in no more than settings.timeout seconds.

        multiprocess: whether this is one of several processes of a hub
        """
        ids = sorted(koji_build_ids)
        failure_file = _failure_file(self.settings.url) if multiprocess else ''
        failed = self._last_failure(failure_file)
        # An age below zero: the clock was set back.
        if failed is not None and 0 <= time.time() - failed < SILENCE:
            LOG.debug('not announced, since the daemon failed a moment ago: %s', ids)
            return
        if len(ids) > MAX_IDS:
            LOG.warning('%d builds in one request: the first %d are announced', len(ids), MAX_IDS)
        reason = self._post({'instance': self.settings.instance, 'koji_build_ids': ids[:MAX_IDS]})
        if reason is not None:
            self._remember_failure(failure_file)
            if failed is None:
                LOG.warning('cannot announce builds %s%s to %s: %s. Trying again every %d seconds, without'
                            ' a word; the daemon will find all builds when it reconciles with Koji.',
                            ids[:10], ' and more' if ids[10:] else '', self.settings.url, reason, SILENCE)
        elif failed is not None:
            self.failed = None
            with contextlib.suppress(OSError):  # another process was first
                os.unlink(failure_file)
            LOG.warning('%s takes announcements again', self.settings.url)

    def _last_failure(self, failure_file):
        try:
            return os.stat(failure_file).st_mtime
        except OSError:
            return self.failed

    def _remember_failure(self, failure_file):
        now = time.time()
        try:
            with open(failure_file, 'ab'):
                os.utime(failure_file, (now, now))
            self.failed = None
        except OSError:
            self.failed = now

    def _post(self, announcement):
        """POST the announcement. Returns None when the daemon has taken it, else what went wrong.

        A socket's timeout is for one read, starts anew with each byte that arrives, and knows nothing
        of name resolution. Only a thread that is left behind keeps to a time limit for the whole.
        """
        settings, answers = self.settings, []
        connection = settings.connect(settings.host, settings.port, timeout=settings.timeout + 1)
        thread = threading.Thread(target=self._converse, args=(connection, announcement, answers),
                                  name='darkserver_hub', daemon=True)
        thread.start()
        thread.join(settings.timeout)
        if answers:
            return answers[0]
        # End what the thread is waiting for: a dripping daemon shall not keep it. (A connection that
        # is not made yet ends by its own timeout, a second later.)
        with contextlib.suppress(OSError, AttributeError):  # there may be no socket yet, or no more
            connection.sock.shutdown(socket.SHUT_RDWR)
        return 'no answer in %g seconds' % settings.timeout

    def _converse(self, connection, announcement, answers):
        body = json.dumps(announcement).encode('ascii')
        try:
            connection.request('POST', self.settings.path, body, self.settings.headers)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER)
            # 202 is the one answer that means "on the queue, and durable"
            answers.append(None if response.status == 202 else
                           'it answered %d %r' % (response.status, text[:200]))
        except Exception as error:
            answers.append('%s: %s' % (type(error).__name__, error))
        finally:
            connection.close()


def _failure_file(url):
    """The file whose time is that of the last failure, or '' where none would be safe.

    It is one for each Apache and daemon: after a restart, which may have put things right, the hub
    tries at once.
    """
    try:
        directory = os.path.join(tempfile.gettempdir(), 'darkserver_hub-%d' % os.geteuid())
        os.makedirs(directory, 0o700, exist_ok=True)
        found = os.lstat(directory)
    except OSError:
        return ''
    # Anyone may make that directory, or a link of that name: it has to be ours, and ours alone.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return ''
    return os.path.join(directory, '%d-%s' % (os.getppid(), quote(url, safe='')))


def _announcer():
    """The announcer that darkserver.conf describes, or None, with the reason in the log.

    Whatever is wrong with the file, importing this module succeeds: Koji answers every call with a
    fault when a plugin cannot be imported.
    """
    try:
        return Announcer(Settings(koji.read_config_files([CONFIG_FILE], raw=True)))
    except Exception as error:
        what = '' if isinstance(error, ConfigError) else type(error).__name__ + ': '
        LOG.error('%s: %s%s. Nothing will be announced to Darkserver until this is put right and'
                  ' Apache restarted.', CONFIG_FILE, what, ' '.join(str(error).split()))
        return None


ANNOUNCER = _announcer()


def _note(*candidates):
    """Note, for postCommit, the first of the candidates that is a Koji build id."""
    numbers = [n for n in candidates if isinstance(n, int) and not isinstance(n, bool) and n > 0]
    if not numbers:
        return
    # Koji clears its context before and after each request. Should it ever not, what a failed request
    # had noted must not go out with the next one's: so the note says whose it is.
    environ, noted = getattr(context, 'environ', None), getattr(context, NOTED, None)
    if noted is None or noted[0] is not environ:
        noted = (environ, set())
        setattr(context, NOTED, noted)
    noted[1].add(numbers[0])


def _known(*cbtypes):
    """Those that this Koji has, since another takes the hub offline: postBuildPromote came with 1.34."""
    return [cbtype for cbtype in cbtypes if cbtype in getattr(koji.plugin, 'callbacks', cbtypes)]


# Every callback's kwargs are shared with the plugins that come after: they are only read.

@ignore_error
@callback(*_known('postBuildStateChange'))
def note_build_change(cbtype, *args, **kwargs):
    """A build became complete, ceased to be, was deleted, or moved to another volume."""
    attribute, old, new = kwargs.get('attribute'), kwargs.get('old'), kwargs.get('new')
    if attribute == 'volume_id' or attribute == 'state' and (COMPLETE in (old, new) or new == DELETED):
        info = kwargs.get('info') or {}
        _note(info.get('id'), info.get('build_id'))


@ignore_error
@callback(*_known('postImport', 'postBuildPromote', 'postRPMSign'))
def note_build_content(cbtype, *args, **kwargs):
    """A build was given an RPM, an archive or everything at once, a draft was promoted, an RPM signed."""
    if kwargs.get('sigkey') == '':
        return  # the header of an RPM that is imported, of which postImport tells
    build = kwargs.get('build') or {}
    rpm = kwargs.get('rpm') or {}
    _note(build.get('id'), build.get('build_id'), kwargs.get('build_id'), rpm.get('build_id'))


@ignore_error
@callback(*_known('postCommit'))
def announce_noted(cbtype, *args, **kwargs):
    """The request's changes can be seen by others now: announce them."""
    noted = getattr(context, NOTED, None)
    if noted is None:
        return
    # Taken off first: whatever happens now, they are never sent twice.
    delattr(context, NOTED)
    environ, koji_build_ids = noted
    if ANNOUNCER is not None and environ is getattr(context, 'environ', None):
        ANNOUNCER.announce(koji_build_ids, (environ or {}).get('wsgi.multiprocess', False))
