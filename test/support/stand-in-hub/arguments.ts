import { genericError, notImitated, parameterError } from './faults.ts';
import { isStruct, without } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

/** A method's name in Koji's Python and its parameters in order, those without a default marked by "!". */
export interface Signature {
  readonly python: string;
  readonly parameters: readonly string[];
}

/** Arguments by parameter; what was not given is null, which is how Koji's own defaults behave here. */
export type Arguments = Readonly<Record<string, PyValue>>;

function quotedList(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1) ?? ''}`;
}

/** Keyword arguments are Koji's last parameter, marked by `__starstar`. */
function splitKeywords(params: readonly PyValue[]): { positional: readonly PyValue[]; keywords: PyStruct } {
  const last = params.at(-1);
  if (!isStruct(last) || last['__starstar'] !== true) return { positional: params, keywords: {} };
  return { positional: params.slice(0, -1), keywords: without(last, '__starstar') };
}

/** Fits parameters to a method as Python would. Throws its complaints as Koji passes them on (1019). */
export function bindArguments(signature: Signature, params: readonly PyValue[]): Arguments {
  const { positional, keywords } = splitKeywords(params);
  const { python } = signature;
  const names = signature.parameters.map((name) => name.replace('!', ''));
  if (positional.length > names.length) {
    throw parameterError(
      `${python}() takes ${names.length} positional arguments but ${positional.length} were given`,
    );
  }
  const bound = new Map<string, PyValue>(positional.map((value, at) => [names[at] ?? '', value]));
  for (const [name, value] of Object.entries(keywords)) {
    if (!names.includes(name))
      throw parameterError(`${python}() got an unexpected keyword argument '${name}'`);
    if (bound.has(name)) throw parameterError(`${python}() got multiple values for argument '${name}'`);
    bound.set(name, value);
  }
  const required = signature.parameters.filter((name) => name.endsWith('!')).map((name) => name.slice(0, -1));
  const missing = required.filter((name) => !bound.has(name));
  if (missing.length > 0) {
    const plural = missing.length > 1 ? 's' : '';
    throw parameterError(
      `${python}() missing ${missing.length} required positional argument${plural}: ${quotedList(missing)}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, bound.get(name) ?? null]));
}

/** Refuses arguments that a method of Koji's takes and this hub does not understand. */
export function refuseOthers(method: string, args: Arguments, understood: readonly string[]): void {
  const strange = Object.keys(args).find((name) => args[name] !== null && !understood.includes(name));
  if (strange !== undefined) throw notImitated(`${method}(${strange}=…)`);
}

export function noSuch(what: string, value: string): Error {
  return genericError(`No such ${what}: ${value}`);
}
