import { accessOf } from './access.ts';
import { catalogue } from './services.ts';

/** Permissions that narrow or widen what one method answers, and so stand in no method's access. */
const finer = ['tokens.list-all', 'tokens.create-any', 'tokens.revoke-any'];

/** Every permission that a role can hold, in order: those the methods name and the finer ones. */
export function allPermissions(): string[] {
  const named = Object.values(catalogue)
    .flat()
    .flatMap((service) => service.methods)
    .map(accessOf)
    .flatMap((access) => (access.way === 'permission' ? [access.permission] : []));
  return [...new Set([...named, ...finer])].sort();
}
