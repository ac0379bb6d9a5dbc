import { type TestServer, startTestServer } from './http-server.ts';
import { seedStore } from './seed-store.ts';

export type Asking = Omit<RequestInit, 'headers'> & { headers?: Readonly<Record<string, string>> };

export interface Shown {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

/** Asks as a browser does, without following a redirect. The address is relative to the server's. */
export async function ask(server: TestServer, address: string, init: Asking = {}): Promise<Shown> {
  const response = await fetch(`${server.url}/${address}`, {
    redirect: 'manual',
    ...init,
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...init.headers },
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

/** A server over a store as a small Koji would fill it; it is closed after the test. */
export async function seeded(): Promise<TestServer> {
  const server = await startTestServer();
  await seedStore(server.store);
  return server;
}
