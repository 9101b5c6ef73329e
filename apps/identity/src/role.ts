import { allPermissions } from '@gabion/contracts/permissions';
import { Fault } from '@gabion/rpc/fault';
import { type Caller, holds } from '@gabion/trust/caller';

/** A named set of permissions: "area.verb", "area.*" or "*". */
export interface Role {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

/** The role whose last holder cannot be shut out. */
export const administrator = 'administrator';

const ownTokens = ['tokens.create', 'tokens.list', 'tokens.revoke'];
const reading = ['scans.get', 'scans.list', 'images.list', 'advisories.list', 'vex.list', 'exceptions.list'];
/** Nobody decrypts, signs or exports by running or keeping keys: that is the role of who uses them. */
const runningKeys = [
  'seal.unseal',
  'seal.close',
  'keys.list',
  'keys.get',
  'cluster-encryption.*',
  'secrets.list',
  'secret-syncs.get',
  'secret-syncs.check',
  'secret-rotations.get',
  'secret-rotations.rotate',
  'secret-policies.get',
];
const keepingKeys = [
  'keys.list',
  'keys.get',
  'keys.create',
  'keys.configure',
  'keys.rotate',
  'keys.disable',
  'keys.set-policy',
  'cluster-encryption.get',
  'secrets.list',
  'secret-syncs.get',
  'secret-rotations.get',
  'secret-policies.*',
];
const usingKeys = [
  'keys.get',
  'keys.encrypt',
  'keys.decrypt',
  'keys.rewrap',
  'keys.generate-data-key',
  'keys.sign',
  'keys.verify',
  'keys.mac',
  'keys.derive',
  'keys.random',
];

const builtIn: readonly Role[] = [
  { name: administrator, description: 'Everything.', permissions: ['*'] },
  {
    name: 'operator',
    description: 'Runs the platform: scans, advisories, service accounts; sees who is who.',
    permissions: [
      'scans.*',
      'images.*',
      'advisories.*',
      'vex.*',
      'exceptions.*',
      ...runningKeys,
      'service-accounts.*',
      'users.get',
      'users.list',
      'roles.list',
      'tokens.list-all',
      'tokens.revoke-any',
      ...ownTokens,
    ],
  },
  {
    name: 'security-engineer',
    description: 'Scans images, judges findings, imports advisories.',
    permissions: [
      'scans.*',
      'images.*',
      'advisories.*',
      'vex.*',
      'exceptions.*',
      ...keepingKeys,
      'roles.list',
      ...ownTokens,
    ],
  },
  { name: 'viewer', description: 'Reads scans and findings.', permissions: [...reading, ...ownTokens] },
  {
    name: 'ci',
    description: 'Scans images and reads the results; for build pipelines.',
    permissions: ['scans.create', ...reading],
  },
  {
    name: 'key-user',
    description: 'Uses keys as their policies allow; for applications.',
    permissions: [...usingKeys],
  },
  {
    name: 'kms-plugin',
    description: 'Gets the keys of a cluster; for the KMS v2 plugin of its control plane.',
    permissions: ['cluster-keys.watch'],
  },
];

/** The roles there are, by name. */
export class Roles {
  readonly all: readonly Role[];
  readonly #byName: ReadonlyMap<string, Role>;

  /** Throws when a role holds a permission that no contract names, so that the service does not start. */
  constructor(roles: readonly Role[] = builtIn, known: readonly string[] = allPermissions()) {
    for (const role of roles) for (const permission of role.permissions) assertKnown(role, permission, known);
    this.all = roles;
    this.#byName = new Map(roles.map((role) => [role.name, role]));
  }

  /** What the roles hold together. A role of a newer version, which this one does not know, holds nothing. */
  permissionsOf(names: readonly string[]): string[] {
    const held = names.flatMap((name) => this.#byName.get(name)?.permissions ?? []);
    return held.includes('*') ? ['*'] : [...new Set(held)].sort();
  }

  /**
   * Throws unless the caller holds everything that the roles hold: nobody hands out, takes away or speaks for more than
   * they have themselves.
   */
  assertCovered(caller: Caller, names: readonly string[]): void {
    const missing = this.permissionsOf(names).find((permission) => !holds(caller, permission));
    if (missing === undefined) return;
    throw new Fault('permission_denied', `this needs the permission ${missing}, which you do not hold yourself`, {
      code: 'beyond_own_permissions',
    });
  }

  /** Role names from outside, each once; throws for one that does not exist. */
  named(names: readonly string[]): string[] {
    const fields = names.flatMap((name, at) =>
      this.#byName.has(name)
        ? []
        : [{ field: `roles[${at}]`, code: 'role_unknown', message: `there is no role "${name}"` }],
    );
    const [first] = fields;
    if (first) throw new Fault('invalid_argument', first.message, { code: 'role_unknown', fields });
    return [...new Set(names)].sort();
  }
}

function assertKnown(role: Role, permission: string, known: readonly string[]): void {
  const area = permission.endsWith('.*') ? permission.slice(0, -1) : undefined;
  const isKnown =
    permission === '*' || (area ? known.some((each) => each.startsWith(area)) : known.includes(permission));
  if (!isKnown) throw new Error(`the role ${role.name} holds "${permission}", which no contract names`);
}
