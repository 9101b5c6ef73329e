import { Fault } from '@gabion/rpc/fault';
import type { Tx } from './db/schema.ts';
import { administrator } from './role.ts';
import type { Subject, Subjects } from './subjects.ts';

/** Throws when `subject` is the only person left who can administer the platform. To be asked under `lockAdministrators`. */
export async function assertNotLast(subjects: Subjects, tx: Tx, subject: Subject): Promise<void> {
  const isAdministrator = subject.kind === 'user' && !subject.disabled && subject.roles.includes(administrator);
  if (!isAdministrator || (await subjects.hasAdministratorBeside(tx, subject.id))) return;
  throw new Fault('failed_precondition', `${subject.name} is the last administrator`, { code: 'last_administrator' });
}
