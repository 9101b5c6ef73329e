import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

/** A new signing secret, in the text form of Standard Webhooks. */
export function newSigningSecret(): string {
  return `${prefix}${randomBytes(32).toString('base64')}`;
}

/** The key in a signing secret; undefined unless it has 24 to 64 bytes, as Standard Webhooks ask. */
export function signingKeyIn(secret: string): Buffer | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  const key = Buffer.from(text, 'base64');
  return key.toString('base64') === text && key.length >= 24 && key.length <= 64 ? key : undefined;
}

/** A request as it is sent to a hook. */
export interface HookMessage {
  readonly id: string;
  readonly timeSeconds: number;
  readonly body: string;
}

/** The headers of Standard Webhooks 1.0 ("Signature scheme"), with the symmetric signature v1. */
export function webhookHeaders({ id, timeSeconds, body }: HookMessage, key: Uint8Array): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timeSeconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': `${timeSeconds}`, 'webhook-signature': `v1,${signature}` };
}
