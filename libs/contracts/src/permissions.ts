import { accessOf } from './access.ts';
import { catalogue } from './services.ts';

/** Permissions that stand in no method's access: they widen what one method answers, or are for no method at all. */
const finer = ['tokens.list-all', 'tokens.create-any', 'tokens.revoke-any', 'metrics.read'];

/** Every permission that a role can hold, in order: those the methods name and the finer ones. */
export function allPermissions(): string[] {
  const named = Object.values(catalogue)
    .flat()
    .flatMap((service) => service.methods)
    .map(accessOf)
    .flatMap((access) => (access.way === 'permission' ? [access.permission] : []));
  return [...new Set([...named, ...finer])].sort();
}
