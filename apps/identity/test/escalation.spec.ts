import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { CallerKind } from '@gabion/trust/caller';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { start } from '../src/service.ts';
import { config, eventually, faultOf, Gateway, person, platform, root, trail } from './platform.ts';

let identity: Awaited<ReturnType<typeof platform>>;
beforeAll(async () => {
  identity = await platform();
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
});

/** Somebody with these very permissions, as a role of a later version may hold them. */
function holder(...permissions: string[]) {
  return create(CallerSchema, { kind: CallerKind.USER, id: randomUUID(), name: 'mallory', permissions });
}

const beyond = { kind: 'permission_denied', code: 'beyond_own_permissions' };

describe('a way up to more permissions', () => {
  it('is not a user created with more', async () => {
    const mallory = holder('users.create', 'scans.*');
    const make = (...roles: string[]) =>
      identity.gateway.users.createUser({ name: `u-${randomUUID()}`, roles }, { caller: mallory });
    expect(await faultOf(make('administrator'))).toMatchObject(beyond);
    expect(await faultOf(make('viewer'))).toMatchObject(beyond);
    expect((await make()).roles).toEqual([]);
  });

  it('is not a service account created with more', async () => {
    const caller = holder('service-accounts.create', 'scans.get');
    const fault = await faultOf(
      identity.gateway.serviceAccounts.createServiceAccount({ name: 'bot', roles: ['ci'] }, { caller }),
    );
    expect(fault).toMatchObject(beyond);
  });

  it('is not a role given to oneself or to a friend', async () => {
    const { caller } = await person(identity.gateway, 'viewer');
    const granting = { ...caller, permissions: [...caller.permissions, 'roles.grant'] };
    for (const subjectId of [caller.id, (await person(identity.gateway)).caller.id]) {
      const grant = identity.gateway.roles.setRoles({ subjectId, roles: ['viewer', 'ci'] }, { caller: granting });
      expect(await faultOf(grant)).toMatchObject(beyond);
    }
    const same = await identity.gateway.roles.setRoles(
      { subjectId: caller.id, roles: ['viewer'] },
      { caller: granting },
    );
    expect(same.roles).toEqual(['viewer']);
  });

  it('is not a role taken from somebody mightier', async () => {
    const administrator = await person(identity.gateway, 'administrator');
    const setRoles = identity.gateway.roles.setRoles(
      { subjectId: administrator.caller.id, roles: [] },
      { caller: holder('roles.grant', 'scans.*') },
    );
    expect(await faultOf(setRoles)).toMatchObject(beyond);
    const disable = identity.gateway.users.disableUser(
      { id: administrator.caller.id },
      { caller: holder('users.disable') },
    );
    expect(await faultOf(disable)).toMatchObject(beyond);
    expect((await identity.gateway.callerOf(administrator.token)).permissions).toEqual(['*']);
  });

  it('is not a token of somebody mightier', async () => {
    const administrator = await person(identity.gateway, 'administrator');
    const caller = holder('tokens.create', 'tokens.create-any', 'scans.*', 'users.*');
    const fault = await faultOf(
      identity.gateway.tokens.createToken({ name: 'mine now', ownerId: administrator.caller.id }, { caller }),
    );
    expect(fault).toMatchObject(beyond);
  });

  it('is not a service account deleted that can do more', async () => {
    const account = await identity.gateway.serviceAccounts.createServiceAccount(
      { name: 'mighty', roles: ['administrator'] },
      { caller: root },
    );
    const remove = identity.gateway.serviceAccounts.deleteServiceAccount(
      { id: account.id },
      { caller: holder('service-accounts.delete') },
    );
    expect(await faultOf(remove)).toMatchObject(beyond);
  });

  it('is recorded when it was tried', async () => {
    const caller = holder('roles.grant');
    await faultOf(identity.gateway.roles.setRoles({ subjectId: randomUUID(), roles: ['administrator'] }, { caller }));
    const { caller: target } = await person(identity.gateway);
    await faultOf(identity.gateway.roles.setRoles({ subjectId: target.id, roles: ['administrator'] }, { caller }));
    await eventually(async () => {
      const denied = await trail(identity.db, 'gabion.identity.v1.RoleService');
      return denied.some(({ actor, code }) => actor?.id === caller.id && code === 'beyond_own_permissions');
    });
  });

  it('is not another service that speaks for others', async () => {
    using scanner = new Gateway(identity.started[0]?.address ?? '', 'image-scanner');
    expect(await faultOf(scanner.users.listUsers({}, { caller: root }))).toMatchObject({ code: 'service_not_allowed' });
    expect(await faultOf(scanner.users.listUsers({}))).toMatchObject({ kind: 'permission_denied' });
    expect(await faultOf(scanner.authentication.authenticate({ token: 'gbn_x' }))).toMatchObject({
      code: 'services_only',
    });
  });

  it('is not a certificate where there are none', async () => {
    const { CertificateService } = await import('@gabion/contracts/gabion/identity/v1/certificates_pb');
    using gateway = new Gateway(identity.started[0]?.address ?? '', 'gateway');
    const request = { service: 'gateway', csr: new Uint8Array([1]) };
    const fault = await faultOf(gateway.connection.client(CertificateService).issueCertificate(request));
    expect(fault).toMatchObject({ code: 'certificates_off' });
  });
});

describe('people and programs', () => {
  it('have names of their own, which are free again after deletion', async () => {
    await identity.gateway.users.createUser({ name: 'ada', email: 'ada@example.org' }, { caller: root });
    const again = await faultOf(identity.gateway.users.createUser({ name: 'ada' }, { caller: root }));
    expect(again).toMatchObject({ kind: 'already_exists', code: 'name_taken' });

    const make = () =>
      identity.gateway.serviceAccounts.createServiceAccount(
        { name: 'builder', description: 'CI', roles: ['ci'] },
        { caller: root },
      );
    const account = await make();
    const { text } = await identity.gateway.tokens.createToken({ name: 'ci', ownerId: account.id }, { caller: root });
    expect(await identity.gateway.callerOf(text)).toMatchObject({ kind: CallerKind.SERVICE_ACCOUNT, name: 'builder' });
    for (let nth = 0; nth < 2; nth++)
      await identity.gateway.serviceAccounts.deleteServiceAccount({ id: account.id }, { caller: root });
    expect(await faultOf(identity.gateway.callerOf(text))).toMatchObject({ code: 'token_revoked' });
    expect((await make()).id).not.toBe(account.id);
    const unknown = await faultOf(
      identity.gateway.serviceAccounts.deleteServiceAccount({ id: randomUUID() }, { caller: root }),
    );
    expect(unknown).toMatchObject({ kind: 'not_found' });
    const { serviceAccounts } = await identity.gateway.serviceAccounts.listServiceAccounts({}, { caller: root });
    expect(serviceAccounts.filter(({ name }) => name === 'builder')).toHaveLength(1);
  });

  it('page by name and are read one by one', async () => {
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await identity.gateway.users.listUsers({ pageSize: 4, pageToken }, { caller: root });
      names.push(...page.users.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(names).toContain('ada');
    expect(new Set(names).size).toBe(names.length);
    const { caller } = await person(identity.gateway, 'viewer');
    const user = await identity.gateway.users.getUser({ id: caller.id }, { caller: root });
    expect(user).toMatchObject({ name: caller.name, roles: ['viewer'], disabled: false });
    const fault = await faultOf(identity.gateway.users.getUser({ id: randomUUID() }, { caller: root }));
    expect(fault).toMatchObject({ kind: 'not_found', code: 'user_unknown' });
  });

  it('are refused roles that do not exist', async () => {
    const fault = await faultOf(
      identity.gateway.users.createUser({ name: 'eve', roles: ['viewer', 'emperor'] }, { caller: root }),
    );
    expect(fault).toMatchObject({ code: 'role_unknown', fields: [{ field: 'roles[1]' }] });
    const { roles } = await identity.gateway.roles.listRoles({}, { caller: root });
    const names = ['administrator', 'operator', 'security-engineer', 'viewer', 'ci', 'key-user', 'kms-plugin'];
    expect(roles.map(({ name }) => name)).toEqual(names);
  });

  it('get their tokens back when they are let in again', async () => {
    const { caller, token } = await person(identity.gateway, 'viewer');
    const disabled = await identity.gateway.users.disableUser({ id: caller.id }, { caller: root });
    expect(disabled.disabled).toBe(true);
    expect(await faultOf(identity.gateway.callerOf(token))).toMatchObject({ code: 'token_owner_disabled' });
    const noToken = await faultOf(
      identity.gateway.tokens.createToken({ name: 'x', ownerId: caller.id }, { caller: root }),
    );
    expect(noToken).toMatchObject({ code: 'subject_disabled' });
    await identity.gateway.users.enableUser({ id: caller.id }, { caller: root });
    expect((await identity.gateway.callerOf(token)).id).toBe(caller.id);
    expect((await trail(identity.db, `users/${caller.id}`)).map(({ action }) => action.split('/').at(-1))).toEqual([
      'CreateUser',
      'DisableUser',
      'EnableUser',
    ]);
  });
});

describe('the last administrator', () => {
  it('stays, whichever of two the two shut out at the same moment', async () => {
    await using own = await platform({ replicas: 2 });
    const [here, there] = own.gateways as [Gateway, Gateway];
    const first = await here.callerOf((await readFile(own.tokenFile, 'utf8')).trim());
    for (let round = 0; round < 10; round++) {
      const second = await person(here, 'administrator');
      const outcomes = await Promise.allSettled([
        here.users.disableUser({ id: first.id }, { caller: second.caller }),
        there.roles.setRoles({ subjectId: second.caller.id, roles: [] }, { caller: first }),
      ]);
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toHaveLength(1);
      expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'last_administrator' });
      await here.users.enableUser({ id: first.id }, { caller: root });
      await here.roles.setRoles({ subjectId: second.caller.id, roles: [] }, { caller: root });
    }
  });

  it('is made once, whatever number of replicas start, and again only when there is none', async () => {
    await using own = await platform({ replicas: 1 });
    const token = (await readFile(own.tokenFile, 'utf8')).trim();
    expect(own.started[0]?.firstTokenFile).toBe(own.tokenFile);
    const more = await Promise.all([1, 2, 3].map((replica) => start(config(own.dir, own.url, own.tokenFile, replica))));
    expect(more.map(({ firstTokenFile }) => firstTokenFile)).toEqual([undefined, undefined, undefined]);
    for (const running of more) await running[Symbol.asyncDispose]();
    const { id } = await own.gateway.callerOf(token);

    // As after a crash between the file and the commit: a file whose token is void, and nobody.
    await own.db.kysely.deleteFrom('grants').where('subject_id', '=', id).execute();
    await rm(own.tokenFile);
    await using again = await start(config(own.dir, own.url, own.tokenFile, 4));
    expect(again.firstTokenFile).toBe(own.tokenFile);
    const caller = await own.gateway.callerOf((await readFile(own.tokenFile, 'utf8')).trim());
    expect(caller).toMatchObject({ name: 'admin-2', permissions: ['*'] });
  });
});
