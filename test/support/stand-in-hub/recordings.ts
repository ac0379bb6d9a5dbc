import { existsSync, readFileSync } from 'node:fs';
import { DateTime, Float } from './values.ts';
import type { PyValue } from './values.ts';
import { InvalidRequest, parseCall } from './xml-request.ts';
import type { MethodCall } from './xml-request.ts';

/** One call of the recorded hub, body for body. */
export interface Recording {
  readonly name: string;
  readonly note?: string;
  readonly status: number;
  readonly contentType: string;
  readonly request: Buffer;
  readonly response: Buffer;
}

const DIRECTORY = new URL('data/recordings/', import.meta.url);

/** Every recorded call that is kept here: all but getRPMHeaders_big, whose answer of 4.4 MB is left out. */
export function readRecordings(): Recording[] {
  const index = JSON.parse(readFileSync(new URL('index.json', DIRECTORY), 'utf8')) as Omit<
    Recording,
    'request' | 'response'
  >[];
  return index.flatMap((entry) => {
    const request = new URL(`${entry.name}.request.xml`, DIRECTORY);
    if (!existsSync(request)) return [];
    const response = readFileSync(new URL(`${entry.name}.response.xml`, DIRECTORY));
    return [{ ...entry, request: readFileSync(request), response }];
  });
}

/** Every method that the recorded hub had, by its own word. */
export function kojiMethods(): Set<string> {
  const listed = readFileSync(new URL('echo_nothing_listMethods.response.xml', DIRECTORY), 'utf8');
  return new Set([...listed.matchAll(/<string>([^<]+)<\/string>/g)].map(([, name]) => name ?? ''));
}

/** The same text for the same call, however its XML was written. */
function keyOf({ method, params }: MethodCall): string {
  const plain = (_name: string, value: PyValue): unknown => {
    if (value instanceof Float) return { float: value.value };
    if (value instanceof DateTime) return { dateTime: value.text };
    return typeof value === 'bigint' ? { int: value.toString() } : value;
  };
  return JSON.stringify([method, params], plain);
}

function callOf(recording: Recording): MethodCall | null {
  try {
    return parseCall(recording.request);
  } catch (error) {
    if (error instanceof InvalidRequest) return null;
    throw error;
  }
}

/** The recorded answer to exactly the recorded call, for methods that are not computed. */
export class Replay {
  readonly #recordings = new Map<string, Recording>();

  constructor(recordings: readonly Recording[]) {
    for (const recording of recordings) {
      const call = callOf(recording);
      if (call !== null) this.#recordings.set(keyOf(call), recording);
    }
  }

  find(call: MethodCall): Recording | null {
    return this.#recordings.get(keyOf(call)) ?? null;
  }
}
