import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Health } from '@gabion/contracts/grpc/health/v1/health_pb';
import { connect } from '@gabion/rpc/client';
import { createLog } from '@gabion/telemetry/log';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileCertificate } from '../src/file-certificate.ts';
import { platform, until } from './platform.ts';

let directory: string;
const file = (name: string) => join(directory, name);

function makeCertificate(name: string): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    ],
    { stdio: 'ignore' },
  );
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gabion-tls-'));
  for (const name of ['first', 'second']) makeCertificate(name);
  cpSync(file('first.crt'), file('tls.crt'));
  cpSync(file('first.key'), file('tls.key'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The name in the certificate of a server, and the headers of an answer. */
function visit(url: string): Promise<{ name: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) =>
    request(`${url}/healthz`, { rejectUnauthorized: false, agent: false }, (response) => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
      response.resume().on('end', () => resolve({ name, headers: response.headers }));
    })
      .on('error', reject)
      .end(),
  );
}

describe('the public ports with TLS', () => {
  it('show the certificate from the files, and say that TLS is to stay', async () => {
    await using gabion = await platform({ publicTls: { certificateFile: file('tls.crt'), keyFile: file('tls.key') } });
    const { name, headers } = await visit(gabion.url);
    expect(gabion.url).toMatch(/^https:/);
    expect(name).toBe('first');
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    const ssl = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
    using connection = connect({ address: gabion.grpcAddress, as: 'x', credentials: ssl });
    expect((await connection.client(Health).check({})).status).toBe(1);
  });

  it('take a new certificate when the files change, and keep the old one when they are no pair', async () => {
    const lines: string[] = [];
    const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } });
    const paths = { certificateFile: file('tls.crt'), keyFile: file('tls.key') };
    using certificate = new FileCertificate(paths, log, 20);
    const names: string[] = [];
    certificate.onChange(({ cert }) => names.push(cert.toString()));
    cpSync(file('second.crt'), file('tls.crt'));
    await until(() => lines.some((line) => line.includes('not taken')));
    expect(names).toEqual([]);
    cpSync(file('second.key'), file('tls.key'));
    await until(() => names.length === 1);
  });

  it('do not start without the files that they were told to use', async () => {
    await expect(platform({ publicTls: { certificateFile: '/nowhere', keyFile: '/nowhere' } })).rejects.toThrow(
      /ENOENT/,
    );
  });
});
