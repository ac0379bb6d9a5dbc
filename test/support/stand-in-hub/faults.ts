/** An XML-RPC fault: the hub's answer where a method fails. HTTP's status is 200 all the same. */
export class Fault extends Error {
  readonly faultCode: number;

  constructor(faultCode: number, message: string) {
    super(message);
    this.faultCode = faultCode;
  }
}

/** koji.GenericError. */
export function genericError(message: string): Fault {
  return new Fault(1000, message);
}

/** koji.ParameterError: the arguments do not fit the method. */
export function parameterError(message: string): Fault {
  return new Fault(1019, message);
}

/**
 * An exception that Koji did not foresee: the fault's text is the whole traceback. Its frames are not
 * imitated, its last line is what a client can go by.
 */
export function pythonException(type: string, message: string): Fault {
  return new Fault(1, `Traceback (most recent call last):\n  (frames of the hub)\n${type}: ${message}\n`);
}

/** What the recordings do not answer must not look like an answer of Koji's. */
export function notImitated(what: string): Fault {
  return new Fault(1, `the stand-in hub does not imitate ${what}`);
}
