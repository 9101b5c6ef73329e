import { Fault } from '@gabion/rpc/fault';

const failed = (code: string, message: string) => new Fault('failed_precondition', message, { code });

/** What callers are told of rotations; what a hook answered is never part of it. */
export const rotationFaults = {
  unknown: () => new Fault('not_found', 'that secret has no rotation', { code: 'secret_rotation_unknown' }),
  unwritable: () =>
    new Fault('permission_denied', 'a rotation writes the secret: it takes the permission secrets.put, too', {
      code: 'secret_write_required',
    }),
  nameMissing: (name: string) => failed('secret_key_missing', `the secret has no value ${name}`),
  hookUnreachable: (why: string) =>
    new Fault('unavailable', `the hook does not answer (${why})`, { code: 'hook_unreachable' }),
  hookTimedOut: () => new Fault('unavailable', 'the hook takes too long to answer', { code: 'hook_timed_out' }),
  hookRedirects: (status: number) =>
    failed('hook_redirects', `the hook answers ${status}: redirects are not followed, name the place itself`),
  hookFailed: (status: number) => failed('hook_failed', `the hook answers ${status}`),
  answerInvalid: (why: string) => failed('hook_answer_invalid', `the answer of the hook ${why}`),
  answerTooLarge: (most: number) => failed('hook_answer_too_large', `the hook answers with more than ${most} bytes`),
  notPut: () => failed('hook_version_missing', 'the hook has not put the version that it said it would'),
};
