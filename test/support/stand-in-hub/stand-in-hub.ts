import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KojiChanges } from './changes.ts';
import { Fault } from './faults.ts';
import { emptyKojiData, readKojiData, recordedKojiData } from './koji-data.ts';
import type { KojiData } from './koji-data.ts';
import { callMethod, isComputed } from './methods.ts';
import { PublishedFiles } from './published-files.ts';
import { Replay, readRecordings } from './recordings.ts';
import { KojiSigning } from './signing.ts';
import { Troubles, answerHalf, answerHtml } from './trouble.ts';
import type { Trouble } from './trouble.ts';
import { InvalidRequest, parseCall } from './xml-request.ts';
import type { MethodCall } from './xml-request.ts';
import { faultResponse, methodResponse } from './xml-response.ts';

/** Koji's MaxRequestLength. */
const MAX_REQUEST = 4 * 1024 * 1024;
const FILES = '/kojifiles/';

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A request as a test may want to look at it afterwards. */
export interface SeenRequest {
  /** The XML-RPC method, "" for a file. */
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
}

function text(status: number, body: string): Reply {
  return { status, contentType: 'text/plain', body: Buffer.from(`${body}\n`) };
}

function xml(body: string): Reply {
  return { status: 200, contentType: 'text/xml', body: Buffer.from(body) };
}

/** All of a request's body, or null if it is longer than Koji takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size <= MAX_REQUEST) chunks.push(chunk);
  }
  return size > MAX_REQUEST ? null : Buffer.concat(chunks);
}

/**
 * A Koji that needs no Koji: it answers the hub's XML-RPC at `hubUrl` and publishes files under `topurl`,
 * on a port of 127.0.0.1. What it knows may be changed while it runs; trouble may be ordered.
 */
export class StandInHub {
  readonly data: KojiData;
  readonly files = new PublishedFiles();
  readonly changes: KojiChanges;
  readonly signing: KojiSigning;
  readonly troubles = new Troubles();
  readonly requests: SeenRequest[] = [];
  readonly #replay: Replay;
  readonly #server: Server;

  private constructor(data: KojiData, replay: Replay) {
    this.data = data;
    this.changes = new KojiChanges(data, this.files);
    this.signing = new KojiSigning(data, this.files);
    this.#replay = replay;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
  }

  /** The seventeen builds of the recorded hub. */
  static async recorded(port = 0): Promise<StandInHub> {
    return new StandInHub(recordedKojiData(), new Replay(readRecordings())).#listen(port);
  }

  /** The builds of a file in the form of hub-data.json. */
  static async of(hubDataFile: string | URL, port = 0): Promise<StandInHub> {
    return new StandInHub(readKojiData(hubDataFile), new Replay([])).#listen(port);
  }

  /** A hub without builds, to be filled. */
  static async empty(port = 0): Promise<StandInHub> {
    return new StandInHub(emptyKojiData(), new Replay([])).#listen(port);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get hubUrl(): string {
    return `${this.url}/kojihub`;
  }

  /** Without a trailing slash. */
  get topurl(): string {
    return this.url + FILES.slice(0, -1);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  #listen(port: number): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        resolve(this);
      });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    if (pathname.startsWith(FILES)) await this.#file(decodeURIComponent(pathname), request, response);
    else if (pathname === '/kojihub') await this.#xmlRpc(request, response);
    else answerHtml(response, 404);
  }

  async #file(pathname: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathname.slice(FILES.length);
    this.requests.push({ method: '', path, range: request.headers.range });
    const trouble = this.troubles.meet({ path });
    if (trouble?.kind === 'cut' || trouble?.kind === 'stall') {
      answerHalf(response, Buffer.alloc(1024), trouble.kind);
    } else if (!(await this.#meet(trouble, response))) this.files.serve(path, request, response);
  }

  async #xmlRpc(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Koji-Version', this.data.kojiVersion);
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      const body = 'Method Not Allowed\nThis is an XML-RPC server. Only POST requests are accepted.';
      send(response, text(405, body));
      return;
    }
    const body = await readBody(request);
    const call = body === null ? new InvalidRequest('Request too long') : tryParse(body);
    if (call instanceof InvalidRequest) {
      response.setHeader('Connection', 'close');
      send(response, text(400, `Invalid request: ${call.message}`));
      return;
    }
    this.requests.push({ method: call.method, path: '/kojihub', range: undefined });
    const trouble = this.troubles.meet(call);
    if (await this.#meet(trouble, response)) return;
    const reply = this.#answer(call, trouble);
    if (trouble?.kind === 'cut' || trouble?.kind === 'stall') answerHalf(response, reply.body, trouble.kind);
    else if (trouble?.kind === 'truncated') {
      send(response, { ...reply, body: reply.body.subarray(0, Math.floor(reply.body.length / 2)) });
    } else send(response, reply);
  }

  #answer(call: MethodCall, trouble: Trouble | null): Reply {
    const recording = isComputed(call.method) ? null : this.#replay.find(call);
    if (recording !== null) {
      const { status, contentType, response } = recording;
      return { status, contentType, body: response };
    }
    try {
      const answer = callMethod(this.data, call.method, call.params);
      return xml(methodResponse(trouble?.kind === 'lie' ? trouble.lie(answer) : answer));
    } catch (error) {
      if (error instanceof Fault) return xml(faultResponse(error.faultCode, error.message));
      throw error;
    }
  }

  /** Troubles that do not need the answer. True if there is nothing more to send. */
  async #meet(trouble: Trouble | null, response: ServerResponse): Promise<boolean> {
    switch (trouble?.kind) {
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, trouble.milliseconds));
        return false;
      case 'hang':
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'status':
        answerHtml(response, trouble.status, trouble.retryAfter);
        return true;
      case 'html':
        answerHtml(response, 200);
        return true;
      case 'cut':
      case 'stall':
      case 'truncated':
      case 'lie':
      case undefined:
        return false;
    }
  }
}

function tryParse(body: Uint8Array): MethodCall | InvalidRequest {
  try {
    return parseCall(body);
  } catch (error) {
    if (error instanceof InvalidRequest) return error;
    throw error;
  }
}

function send(response: ServerResponse, { status, contentType, body }: Reply): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.length }).end(body);
}
