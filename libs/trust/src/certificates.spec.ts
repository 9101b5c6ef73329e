import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '@gabion/telemetry/log';
import { describe, expect, it } from '@jest/globals';
import { type IssuedCertificate, RenewingCertificate } from './certificates.ts';

const log = createLog({ service: 'test', destination: { write: () => {} } });

/** An authority whose certificates say their number and are to be renewed after `renewMs`. */
function authority(renewMs: number) {
  let failing = 0;
  const issued: number[] = [];
  return {
    issued,
    failNext: (times: number) => {
      failing = times;
    },
    async issue(): Promise<IssuedCertificate> {
      if (failing-- > 0) throw new Error('identity cannot be reached');
      const number = issued.push(Date.now());
      return {
        certificate: Buffer.from(`certificate ${number}`),
        privateKey: Buffer.from(`key ${number}`),
        trustBundle: Buffer.from('roots'),
        renewTime: new Date(Date.now() + renewMs),
        expireTime: new Date(Date.now() + 2 * renewMs),
      };
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

describe('a certificate that renews itself', () => {
  it('hands each new certificate with its own key to those who listen', async () => {
    const { issue } = authority(20);
    using certificate = await RenewingCertificate.open({ service: 'gateway', issue, log });
    const seen: string[] = [];
    certificate.addIdentityCertificateListener(
      (update) => void seen.push(`${update?.certificate} with ${update?.privateKey}`),
    );
    await until(() => seen.length >= 3);
    expect(seen.slice(0, 3)).toEqual([1, 2, 3].map((number) => `certificate ${number} with key ${number}`));
  });

  it('tells no one who has stopped listening, and asks no more once disposed of', async () => {
    const source = authority(20);
    const certificate = await RenewingCertificate.open({ service: 'gateway', issue: source.issue, log });
    const seen: unknown[] = [];
    const listener = (update: unknown) => void seen.push(update);
    certificate.addCaCertificateListener(listener);
    await until(() => seen.length >= 1);
    certificate.removeCaCertificateListener(listener);
    const before = seen.length;
    await until(() => source.issued.length >= 3);
    expect(seen).toHaveLength(before);
    certificate[Symbol.dispose]();
    const asked = source.issued.length;
    await delay(60);
    expect(source.issued.length).toBeLessThanOrEqual(asked + 1);
  });

  it('waits for the first certificate through failures', async () => {
    const source = authority(60_000);
    source.failNext(3);
    using certificate = await RenewingCertificate.open({ service: 'gateway', issue: source.issue, log, retryMs: 1 });
    expect(certificate.current.certificate.toString()).toBe('certificate 1');
  });

  it('keeps the old certificate while renewal fails, and renews when it can', async () => {
    const source = authority(20);
    using certificate = await RenewingCertificate.open({ service: 'gateway', issue: source.issue, log, retryMs: 1 });
    source.failNext(2);
    expect(certificate.current.certificate.toString()).toBe('certificate 1');
    await until(() => source.issued.length >= 2);
    await until(() => certificate.current.certificate.toString() !== 'certificate 1');
  });

  it('stops waiting for the first certificate when told to', async () => {
    const stopping = new AbortController();
    const issue = async () => {
      stopping.abort(new Error('stopped'));
      throw new Error('never');
    };
    await expect(
      RenewingCertificate.open({ service: 'gateway', issue, log, retryMs: 1 }, stopping.signal),
    ).rejects.toThrow('stopped');
  });
});
