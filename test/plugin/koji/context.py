"""Koji's request context: one object, whose attributes each thread has for itself."""

import threading


class RequestContext(threading.local):
    def _threadclear(self):
        self.__dict__.clear()


context = RequestContext()
